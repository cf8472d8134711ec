// The task's own accesses to its memory, as its instructions make them, and what comes of those that fail.
// Linux: arch/x86/mm/fault.c.

extension Kernel {
  /// Loads a little-endian word of 1, 2, 4 or 8 bytes. Returns nil where that faults.
  @inline(__always)
  public mutating func load(_ address: UInt64, _ size: Int, of me: TaskID) -> UInt64? {
    let space = tasks[me].memory
    guard let index = addressSpaces[space].area(at: address) else { return nil }
    let inArea = Int(address - addressSpaces[space].areas[index].start)
    guard inArea % Page.size + size <= Page.size else { return loadAcross(address, size, of: me) }
    guard addressSpaces[space].areas[index].protection.isReadable else { return nil }
    if let word = addressSpaces[space].areas[index].ownPages.word(at: inArea, size) { return word }
    guard let memory = addressSpaces[space].areas[index].memory else {
      touch(address..<address + 1, of: me)
      return 0
    }
    let offset = addressSpaces[space].areas[index].offset + inArea
    guard accessible(memory, offset, size) == size else { return nil }
    if let word = memories[memory].bytes.word(at: offset, size) { return word }
    touch(address..<address + 1, of: me)
    return 0
  }

  /// Stores a word. Returns false where that faults.
  @inline(__always)
  public mutating func store(_ word: UInt64, _ size: Int, at address: UInt64, of me: TaskID) -> Bool {
    ByteView.with(word, size) { bytes in
      writeMemory(bytes, at: address, of: me) == size
    }
  }

  @inline(never)
  private func loadAcross(_ address: UInt64, _ size: Int, of me: TaskID) -> UInt64? {
    var word: UInt64 = 0
    let count = readMemory(address, size, of: me) { view, done in
      for at in 0..<view.count { word |= UInt64(view[at]) << UInt64(8 * (done + at)) }
    }
    return count == size ? word : nil
  }

  /// Loads bytes into the answer. Returns false where that faults.
  public mutating func peek(_ address: UInt64, _ count: Int, of me: TaskID) -> Bool {
    output.clear()
    var hasHoles = false
    let done = readMemory(address, count, of: me, &hasHoles) { view, _ in output.append(view) }
    if hasHoles { touch(address..<address + UInt64(done), of: me) }
    return done == count
  }

  /// Stores bytes. Returns false where that faults; what lies before is stored.
  public mutating func poke(_ view: ByteView, at address: UInt64, of me: TaskID) -> Bool {
    writeMemory(view, at: address, of: me) == view.count
  }

  /// An access of the task itself has failed: it gets the signal, and goes on as the outcome says. Where that is
  /// `.start`, it makes the access again. Linux: bad_area(), do_sigbus().
  public mutating func fault(at address: UInt64, _ count: Int, isWrite: Bool, of me: TaskID) -> Outcome {
    let (signal, code, place) = reason(address, count, isWrite: isWrite, of: me)
    var info = SignalInfo(signal: signal, code: code)
    info.address = place
    tasks[me].signals.returns.append(.access)
    force(info, on: me)
    return attend(me)
  }

  /// Which signal an access raises that failed, why, and at which address: SIGBUS (BUS_ADRERR) beyond the end of a
  /// mapped file; else SIGSEGV, where nothing is mapped (SEGV_MAPERR), its protection forbids it (SEGV_ACCERR) or it
  /// may only be executed (SEGV_PKUERR).
  private func reason(_ address: UInt64, _ count: Int, isWrite: Bool, of me: TaskID) -> (Int32, Int32, UInt64) {
    let space = tasks[me].memory, page = UInt64(Page.size)
    var at = address
    while at &- address < UInt64(max(count, 1)) {
      guard let index = addressSpaces[space].area(at: at) else { return (Signal.segv, 1, at) }
      let area = addressSpaces[space].areas[index]
      if area.protection == .execute { return (Signal.segv, 4, at) }
      guard isWrite ? area.protection.contains(.write) : area.protection.isReadable else { return (Signal.segv, 2, at) }
      let inArea = Int(at - area.start)
      if let memory = area.memory, !area.ownPages.hasPage(inArea / Page.size),
        accessible(memory, area.offset + inArea, 1) == 0
      {
        return (Signal.bus, 2, at)
      }
      at = (at / page + 1) * page
    }
    return (Signal.segv, 1, at)
  }
}

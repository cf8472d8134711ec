/// What a sleeping poll(2) or select(2) waits for: the files that its descriptors named when it first slept. Whoever
/// closes or reuses a descriptor meanwhile changes what is looked at after the wake-up, not what wakes.
/// Linux: struct poll_wqueues, fs/select.c.
struct PollTable {
  var entries: [(file: ID<OpenFile>, events: PollEvents)] = []
}

extension Kernel {
  /// Puts the task on the queues of what the call first slept for; the first time that is what `entries` names now.
  /// Where nobody else has the descriptor table, that stays so, and nothing need be kept. Linux: __pollwait().
  mutating func wait(for entries: [(fd: Int32, events: PollEvents)], _ me: TaskID) {
    let table = tasks[me].files
    if current.pollTable == nil, fileTables[table].references > 1 { keepFiles(of: entries, table) }
    guard let kept = current.pollTable else {
      for (fd, events) in entries { if let file = pollableFile(fd, table) { wait(for: file, events, me) } }
      return
    }
    for index in pollTables[kept].entries.indices {
      let (file, events) = pollTables[kept].entries[index]
      wait(for: file, events, me)
    }
  }

  private mutating func wait(for file: ID<OpenFile>, _ events: PollEvents, _ me: TaskID) {
    let queues = poll(file, for: me).queues
    if let queue = queues.0 { addWaiter(me, to: queue, exclusive: false, events: events) }
    if let queue = queues.1 { addWaiter(me, to: queue, exclusive: false, events: events) }
  }

  private func pollableFile(_ fd: Int32, _ table: ID<FileTable>) -> ID<OpenFile>? {
    fileTables[table].file(fd).flatMap { files[$0].status.contains(.path) ? nil : $0 }
  }

  private mutating func keepFiles(of entries: [(fd: Int32, events: PollEvents)], _ table: ID<FileTable>) {
    var new = PollTable()
    for (fd, events) in entries {
      guard let file = pollableFile(fd, table) else { continue }
      files[file].references += 1
      new.entries.append((file, events))
    }
    if !new.entries.isEmpty { current.pollTable = pollTables.insert(new) }
  }

  /// The call sleeps no more. Linux: poll_freewait().
  mutating func freePollTable() {
    guard let table = current.pollTable else { return }
    current.pollTable = nil
    free(table)
  }

  mutating func free(_ table: ID<PollTable>) {
    for (file, _) in pollTables.remove(table).entries { release(file) }
  }
}

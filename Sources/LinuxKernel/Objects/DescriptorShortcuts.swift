/// The descriptors that were used last, and what they mean: looked up, each is at the end of a chain of four objects,
/// whose every link the processor waits for. No state of the kernel: what it says is what the chain says.
///
/// All that it says becomes invalid with any change to any descriptor table (`Kernel.fileTables`) and to the flags of
/// any open file.
struct DescriptorShortcuts {
  private var entries = InlineArray<16, DescriptorShortcut>(repeating: DescriptorShortcut())
  /// Entries of an earlier one are invalid.
  private var epoch: UInt64 = 1

  @inline(__always) mutating func forget() { epoch &+= 1 }

  /// Where a descriptor has its entry. Those of a child lie elsewhere than its parent's, with whom it may talk.
  @inline(__always) private static func place(_ number: Int32, _ task: TaskID) -> Int {
    Int((UInt32(bitPattern: number) &+ task.index &* 4) & 15)
  }

  mutating func set(_ shortcut: DescriptorShortcut) {
    let place = DescriptorShortcuts.place(shortcut.number, shortcut.task)
    entries[place] = shortcut
    entries[place].epoch = epoch
  }

  /// What a descriptor of the task means, if that is known. (What only reads is mutating, since it would be copied
  /// otherwise.)
  @inline(__always) mutating func find(_ number: Int32, of task: TaskID) -> DescriptorShortcut? {
    let place = DescriptorShortcuts.place(number, task)
    guard entries[place].number == number, entries[place].task == task, entries[place].epoch == epoch else {
      return nil
    }
    return entries[place]
  }
}

/// What a descriptor of a task means.
struct DescriptorShortcut {
  fileprivate var epoch: UInt64 = 0
  fileprivate var task = TaskID(bits: .max)
  fileprivate var number: Int32 = -1
  var status = OpenFlags()
  /// Whether nobody else has the descriptor table.
  var isTableOwn = false
  var file = ID<OpenFile>(bits: .max)
  var object = FileObject.console(.input)
}

extension Kernel {
  /// What a descriptor of the task means, for a call that is performed for the first time; nil where it is not open.
  @inline(__always) mutating func shortcut(_ fd: FD, of me: TaskID) -> DescriptorShortcut? {
    descriptorShortcuts.find(fd.number, of: me) ?? findShortcut(fd, of: me)
  }

  @inline(never) private mutating func findShortcut(_ fd: FD, of me: TaskID) -> DescriptorShortcut? {
    let table = tasks[me].files
    guard let file = fileTables[table].file(fd.number) else { return nil }
    let shortcut = DescriptorShortcut(
      task: me, number: fd.number, status: files[file].status, isTableOwn: fileTables[table].references == 1,
      file: file,
      object: files[file].object)
    descriptorShortcuts.set(shortcut)
    return shortcut
  }
}

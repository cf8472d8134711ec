/// What a sleeping poll(2) or select(2) waits for: the files that its descriptors named when it first slept. Whoever
/// closes or reuses a descriptor meanwhile changes what is looked at after the wake-up, not what wakes.
/// Linux: struct poll_wqueues, fs/select.c.
struct PollTable {
  var entries: [(file: ID<OpenFile>, events: PollEvents)] = []
}

extension Kernel {
  /// Puts the task on the queues of what the call first slept for; the first time that is what `entries` names now.
  /// Linux: __pollwait().
  mutating func wait(for entries: [(fd: Int32, events: PollEvents)], _ me: TaskID) {
    if current.pollTable == nil { current.pollTable = makePollTable(entries, tasks[me].files) }
    guard let table = current.pollTable else { return }
    for index in pollTables[table].entries.indices {
      let (file, events) = pollTables[table].entries[index]
      let queues = poll(file, for: me).queues
      if let queue = queues.0 { addWaiter(me, to: queue, exclusive: false, events: events) }
      if let queue = queues.1 { addWaiter(me, to: queue, exclusive: false, events: events) }
    }
  }

  /// nil where no descriptor is open.
  private mutating func makePollTable(_ entries: [(fd: Int32, events: PollEvents)], _ table: ID<FileTable>) -> ID<PollTable>? {
    var new = PollTable()
    for (fd, events) in entries {
      guard let file = fileTables[table].file(fd), !files[file].status.contains(.path) else { continue }
      files[file].references += 1
      new.entries.append((file, events))
    }
    return new.entries.isEmpty ? nil : pollTables.insert(new)
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

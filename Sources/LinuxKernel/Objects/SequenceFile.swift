/// What an open file of /proc keeps: whose objects it shows, and where its text stands that is made record by record.
/// Linux: struct seq_file.
struct SequenceFile {
  /// The IPC namespace of the opener, of a file that shows one.
  var namespace: ID<IPCNamespace>?
  /// The record that the next read begins with, once `rest` is read.
  fileprivate var index = 0
  /// What was made and is still to be read: as it was then.
  fileprivate var rest: ArraySlice<UInt8> = []
  /// Where in the text the next read is expected; from anywhere else the text is made anew.
  fileprivate var position: Int64 = 0

  init(namespace: ID<IPCNamespace>? = nil) { self.namespace = namespace }

  fileprivate mutating func rewind() {
    index = 0
    rest = []
  }
}

extension Kernel {
  /// Whether the text of a file is made record by record.
  func isSequence(_ file: ID<OpenFile>) -> Bool {
    guard case .inode(let inode) = files[file].object, case .process(let kind) = inodes[inode].content else {
      return false
    }
    return isSequence(kind)
  }

  func isSequence(_ kind: ProcessFile) -> Bool {
    switch kind {
    case .rootEntry(let index): if case .text = ProcessEntry.root[index].content { true } else { false }
    case .taskEntry(_, let index): if case .text = ProcessEntry.task[index].content { true } else { false }
    case .system(let node): SystemNode.all[node].file?.isSetting == false
    case .root, .task, .descriptor: false
    }
  }

  private mutating func sequence(of file: ID<OpenFile>) -> ID<SequenceFile> {
    if let sequence = files[file].sequence { return sequence }
    let sequence = sequenceFiles.insert(SequenceFile())
    files[file].sequence = sequence
    return sequence
  }

  /// The open file is no more.
  mutating func endSequence(_ id: ID<SequenceFile>, of inode: ID<Inode>) {
    if let namespace = sequenceFiles.remove(id).namespace { unbindSystem(inode, from: namespace) }
  }

  /// The first record at `index` or behind it, whose place `index` becomes; nil at the end. A file without rows is one
  /// record.
  private func record(_ kind: ProcessFile, _ file: ID<OpenFile>, at index: inout Int, _ me: TaskID) throws(Stop)
    -> String?
  {
    if index == 0 { return try text(of: kind, file, me) }
    guard case .system(let node) = kind, let row = SystemNode.all[node].file?.row else { return nil }
    let namespace = files[file].sequence.flatMap { sequenceFiles[$0].namespace } ?? ipc(of: me)
    // Behind the heading, record n is the object in slot n - 1.
    var slot = index - 1
    guard let text = row(self, namespace, &slot) else { return nil }
    index = slot + 1
    return text
  }

  /// Reads what is left of the records made before, then makes as many as are asked for and fit in a page. The record
  /// behind them is looked for at the next read, so that the end of a list is not its end for ever.
  /// Linux: seq_read_iter().
  mutating func readSequence(
    _ kind: ProcessFile, _ file: ID<OpenFile>, _ destination: inout Destination, at offset: Int64?, for me: TaskID
  ) throws(Stop) -> Int {
    guard destination.remaining > 0 else { return 0 }
    let start = offset ?? files[file].position, id = sequence(of: file)
    if start == 0 { sequenceFiles[id].rewind() }
    if start != sequenceFiles[id].position { try moveSequence(kind, file, to: start, me) }
    var copied = 0
    var failure: Stop?
    if !sequenceFiles[id].rest.isEmpty { copied = deliverRest(id, &destination, me) }
    // The next records are made even where no room is left for them.
    if sequenceFiles[id].rest.isEmpty {
      do throws(Stop) {
        try makeRecords(kind, file, room: destination.remaining, me)
        copied += deliverRest(id, &destination, me)
      } catch { failure = error }
    }
    if copied == 0 {
      if !sequenceFiles[id].rest.isEmpty { throw .errno(.EFAULT) }
      if let failure { throw failure }
      return 0
    }
    sequenceFiles[id].position = start + Int64(copied)
    if offset == nil { files[file].position = start + Int64(copied) }
    return copied
  }

  private mutating func deliverRest(_ id: ID<SequenceFile>, _ destination: inout Destination, _ me: TaskID) -> Int {
    let rest = sequenceFiles[id].rest
    let count = min(rest.count, destination.remaining)
    let copied = rest.withByteView { deliver($0.slice(0, count), to: &destination, of: me) }
    sequenceFiles[id].rest = rest.dropFirst(copied)
    return copied
  }

  private mutating func makeRecords(_ kind: ProcessFile, _ file: ID<OpenFile>, room: Int, _ me: TaskID) throws(Stop) {
    let id = sequence(of: file)
    var index = sequenceFiles[id].index
    guard let first = try record(kind, file, at: &index, me) else { return }
    var text = Array(first.utf8)
    while true {
      index += 1
      guard let next = try record(kind, file, at: &index, me), text.count < room,
        text.count + next.utf8.count < Page.size
      else { break }
      text += next.utf8
    }
    sequenceFiles[id].index = index
    sequenceFiles[id].rest = text[...]
  }

  /// Makes the text anew up to a place in it. Linux: traverse() in fs/seq_file.c.
  private mutating func moveSequence(_ kind: ProcessFile, _ file: ID<OpenFile>, to target: Int64, _ me: TaskID)
    throws(Stop)
  {
    let id = sequence(of: file)
    sequenceFiles[id].rewind()
    sequenceFiles[id].position = 0
    var index = 0, position: Int64 = 0
    while position < target, let text = try record(kind, file, at: &index, me) {
      index += 1
      let end = position + Int64(text.utf8.count)
      if end > target { sequenceFiles[id].rest = Array(text.utf8)[Int(target - position)...] }
      position = end
    }
    // What comes next has its place even where the text has not been read up to it.
    if position > 0 { _ = try record(kind, file, at: &index, me) }
    sequenceFiles[id].index = index
    sequenceFiles[id].position = target
  }

  /// Linux: seq_lseek().
  mutating func seekSequence(_ kind: ProcessFile, _ file: ID<OpenFile>, _ offset: Int64, _ whence: Whence, _ me: TaskID)
    throws(Stop) -> Int64
  {
    guard whence == .set || whence == .current else { throw .errno(.EINVAL) }
    let (sum, overflow) = offset.addingReportingOverflow(whence == .current ? files[file].position : 0)
    if overflow || sum < 0 { throw .errno(.EINVAL) }
    let id = sequence(of: file)
    if sum != sequenceFiles[id].position {
      files[file].position = 0
      try moveSequence(kind, file, to: sum, me)
    }
    files[file].position = sum
    return sum
  }
}

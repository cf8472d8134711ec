/// The machine's console, behind descriptors 0, 1 and 2 of task 1.
struct Console {
  enum Stream: Sendable { case input, output, error }

  /// Input that was typed and not yet read.
  var input: [UInt8] = []
  /// Nothing more will be typed: each read finds the end.
  var isInputClosed = false
  /// The end was typed, as by Ctrl-D, and not yet read: one read finds it.
  var isAtEnd = false
  var inputReadable: ID<WaitQueue>?
}

extension Kernel {
  mutating func openConsole(for task: TaskID) {
    console.inputReadable = waitQueues.insert(WaitQueue())
    for (number, stream) in [Console.Stream.input, .output, .error].enumerated() {
      let status: OpenFlags = stream == .input ? [] : .writeOnly
      let file = files.insert(OpenFile(object: .console(stream), status: status))
      install(file, at: number, closesOnExec: false, for: task)
    }
  }

  /// Linux: n_tty_read() of a terminal in line mode.
  mutating func readConsole(
    _ stream: Console.Stream, _ file: ID<OpenFile>, _ destination: inout Destination, for me: TaskID
  ) throws(Stop) -> Int {
    guard stream == .input else { throw .errno(.EBADF) }
    if destination.remaining == 0 { return 0 }
    if console.input.isEmpty {
      if console.isInputClosed { return 0 }
      if console.isAtEnd {
        console.isAtEnd = false
        return 0
      }
      if files[file].isNonblocking { throw .errno(.EAGAIN) }
      throw .wait(exclusive: console.inputReadable!)
    }
    let count = min(destination.remaining, console.input.count)
    let copied = console.input.withByteView { deliver($0.slice(0, count), to: &destination, of: me) }
    console.input.removeFirst(copied)
    return copied
  }

  mutating func writeConsole(_ stream: Console.Stream, _ source: inout Source, for me: TaskID) throws(Stop) -> Int {
    guard stream != .input else { throw .errno(.EBADF) }
    let bytes = try bytes(of: source, me)
    consoleOutput.append((stream, bytes))
    return bytes.count
  }

  func pollConsole(_ stream: Console.Stream) -> PollAnswer {
    guard stream == .input else { return PollAnswer(events: .writable) }
    let ready = !console.input.isEmpty || console.isInputClosed || console.isAtEnd
    return PollAnswer(events: ready ? [.readable, .writable] : .writable, queues: (console.inputReadable, nil))
  }

  /// Whether somebody sleeps until something is typed, and something may be.
  public var isConsoleAwaited: Bool {
    !console.isInputClosed && !console.isAtEnd && console.inputReadable.map { !waitQueues[$0].isEmpty } ?? false
  }

  /// What was typed; nil for the end of input.
  public mutating func typed(_ bytes: [UInt8]?) {
    if let bytes { console.input += bytes } else { console.isAtEnd = true }
    wakeAll(console.inputReadable!, .readable)
  }

  /// Nothing will ever be typed.
  public mutating func closeConsole() {
    console.isInputClosed = true
    wakeAll(console.inputReadable!, .readable)
  }

  /// What was written to the console since the last time, in order, and whether to its error stream.
  public mutating func takeConsoleOutput() -> [(isError: Bool, bytes: [UInt8])] {
    defer { consoleOutput.removeAll() }
    return consoleOutput.map { ($0.0 == .error, $0.1) }
  }

  @inline(__always) public var hasConsoleOutput: Bool { !consoleOutput.isEmpty }
}

import CProxy
import CShim
import LinuxKernel

/// The entry points that C calls where the calls of a script go to real Linux: Host.swift's for the referee.
enum HostCalls {
  static func table(answer: UnsafePointer<ks_answer>) -> ks_host {
    // What does not touch the kernel is the same.
    var host = Host.table(answer: answer)
    host.call = { pointer, index, arguments, digest, canSleep in
      ks_result(
        word: 0, outcome: Int64(hosted(pointer).call(Int(index), raw(arguments), digest, canSleep: canSleep != 0, nil)))
    }
    host.call_spawning = { pointer, index, arguments, digest, canSleep, thread in
      let outcome = hosted(pointer).call(Int(index), raw(arguments), digest, canSleep: canSleep != 0, thread)
      return ks_result(word: 0, outcome: Int64(outcome))
    }
    // Here the machine chooses whose turn it is.
    host.answer_words = { _ in }  // They are there.
    host.next_turn = { _, _, _ in nil }
    host.result = { pointer in hosted(pointer).current.outcome }
    host.call_result = { pointer in ks_result(word: 0, outcome: Int64(hosted(pointer).current.outcome)) }
    host.handler_returned = { pointer, wasLeft in hosted(pointer).handlerReturned(wasLeft: wasLeft != 0) }
    host.task_returned = { pointer, status in
      let backend = hosted(pointer)
      backend.exit(backend.current, status: Int32(truncatingIfNeeded: status))
    }
    host.settle = { pointer in hosted(pointer).settle() }
    host.describe = { pointer, index, arguments, error in
      let backend = hosted(pointer)
      backend.machine.describe(Int(index), raw(arguments), error, backend.answer)
    }
    host.load = { pointer, address, size, value in
      let backend = hosted(pointer)
      let outcome = backend.load(address, Int(size))
      guard outcome == Int32(KS_REPLY) else { return outcome }
      var word: UInt64 = 0
      for (position, byte) in backend.output.view.array.enumerated() { word |= UInt64(byte) << UInt64(position * 8) }
      value.unsafelyUnwrapped.pointee = word
      return outcome
    }
    host.store = { pointer, address, size, value in
      withUnsafeBytes(of: value.littleEndian) { bytes in
        hosted(pointer).store(UnsafeRawBufferPointer(rebasing: bytes[..<Int(size)]), at: address)
      }
    }
    host.load_bytes = { pointer, address, count in hosted(pointer).load(address, Int(clamping: count)) }
    host.store_bytes = { pointer, address, bytes, count in
      hosted(pointer).store(UnsafeRawBufferPointer(start: bytes, count: Int(count)), at: address)
    }
    host.query = { pointer, operation, arguments, count in
      let backend = hosted(pointer)
      let values = QueryArguments(UnsafeBufferPointer(start: arguments, count: Int(count)))
      let operation = String(cString: operation!)
      return backend.query(operation, values) ?? backend.machine.query(operation, values, backend.machine.core)
    }
    host.enter = { pointer, number in
      guard let driven = hosted(pointer).machine.driven[number] else { return nil }
      driven.enter()
      return UnsafeMutableRawPointer(driven.core)
    }
    return host
  }
}

private func hosted(_ pointer: UnsafeMutableRawPointer?) -> HostBackend {
  Unmanaged<HostBackend>.fromOpaque(pointer.unsafelyUnwrapped).takeUnretainedValue()
}

private func raw(_ arguments: UnsafePointer<ks_argument>?) -> Arguments {
  Arguments(UnsafeRawPointer(arguments.unsafelyUnwrapped).assumingMemoryBound(to: RawArgument.self))
}

extension HostBackend {
  /// What the preludes ask and the world has to answer; nil for what is the same everywhere.
  func query(_ operation: String, _ arguments: QueryArguments) -> Int32? {
    switch operation {
    case "backend": return machine.answer("host")
    case "buffer":
      guard let address = allocateBuffer(Int(arguments.word(0))) else { return machine.nothing }
      return machine.answer(Int64(bitPattern: address))
    case "now":
      answer.pointee.words.0 = time
      return machine.letter("d")
    case "task_id": return machine.answer(Int64(current.tid))
    case "console":
      flushConsole(isLate: true)
      arguments.view(0).array.withByteView { machine.console($0, arguments.word(1) != 0) }
      return machine.nothing
    case "task":
      return describe(Int32(truncatingIfNeeded: arguments.word(0))).map { machine.answer($0) } ?? machine.nothing
    case "stats":
      // Proxies take turns as tasks do under fifo: see proxy.h.
      return machine.answer(LuaText.stats(calls: callCount, tasks: tasks.compactMap { $0 }.count, .fifo))
    case "put":
      guard let failure = world.put(arguments.string(0), arguments.view(1).array) else { return machine.nothing }
      return machine.answer("\(failure.name) (\(failure.message))")
    case "get": return world.get(arguments.string(0)).map { machine.answer($0) } ?? machine.nothing
    case "release": return machine.answer(HostClock.release)
    case "leaks": return machine.nothing
    default: return nil
    }
  }

  /// As Kernel.allocateBuffer: cut from mappings of a MiB.
  private func allocateBuffer(_ count: Int) -> UInt64? {
    guard count >= 0, count <= 1 << 40 else { return nil }
    let needed = UInt64((max(count, 1) + 63) / 64 * 64), task = current!
    if UInt64(task.buffers.count) < needed {
      let size = max((needed + 4095) / 4096 * 4096, 1 << 20)
      let mapped = perform(9, [0, size, 3, 0x22, UInt64.max, 0], on: task)
      guard mapped > 0 else { return nil }
      task.buffers = UInt64(mapped)..<UInt64(mapped) + size
    }
    defer { task.buffers = task.buffers.lowerBound + needed..<task.buffers.upperBound }
    return task.buffers.lowerBound
  }

  /// What ks.task tells, from /proc.
  private func describe(_ pid: Int32) -> String? {
    guard let status = world.read("\(pid)/status") else { return nil }
    func field(_ name: String) -> [Substring] {
      let line = status.split(separator: "\n").first { $0.hasPrefix(name + ":") } ?? ""
      return line.dropFirst(name.count + 1).split { $0 == "\t" || $0 == " " }
    }
    let task = tasks.compactMap { $0 }.first { $0.tid == pid }
    var state: String
    switch field("State").first {
    case "Z", "X": state = "zombie"
    case "T", "t": state = "stopped"
    case "R": state = "runnable"
    default: state = "blocked"
    }
    if task?.state == .settling { state = "settling" }
    var parts = [
      "pid=\(field("Tgid")[0])", "tid=\(pid)", "state=\"\(state)\"", "uid=\(field("Uid")[0])", "gid=\(field("Gid")[0])",
    ]
    if state == "blocked", let index = task?.calls.last?.index {
      parts.append("blocked_in=\"\(Syscall.all[index].name)\"")
    }
    if let parent = field("PPid").first, parent != "0" { parts.append("ppid=\(parent)") }
    let files = world.names("\(pid)/fd").compactMap { Int($0) }.sorted().map { number in
      "[\(number)]=" + LuaText.quote(world.link("\(pid)/fd/\(number)") ?? "?")
    }
    parts.append("fds={\(files.joined(separator: ","))}")
    return "{" + parts.joined(separator: ",") + "}"
  }
}

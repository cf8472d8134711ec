import CProxy
import LinuxKernel

// Who waits for the console's input. Kernel.isConsoleAwaited says the same of the emulated kernel.

extension HostBackend {
  /// Whether a call reads a terminal.
  func readsConsole(_ call: HostCall, _ task: HostTask) -> Bool {
    guard let index = call.index, ["read", "readv", "preadv2"].contains(Syscall.all[index].name) else { return false }
    return isTerminal(call.words[0], of: task)
  }

  /// Whether a task sleeps until something is typed.
  func awaitsConsole(_ task: HostTask) -> Bool {
    guard let call = task.calls.last, let index = call.index else { return false }
    switch Syscall.all[index].name {
    case "poll", "ppoll":
      return words(call, 0).enumerated().contains { $0.offset % 2 == 0 && isTerminal(Int64($0.element), of: task) }
    case "select", "pselect6":
      return (0..<3).contains { set in
        let numbers = call.inputs[set].map { HostDescriptorSet.numbers(world.bytes($0, 128)) } ?? []
        return numbers.contains { isTerminal(Int64($0), of: task) }
      }
    case "epoll_wait", "epoll_pwait", "epoll_pwait2":
      return watched(call.words[0], of: task).contains { isTerminal($0, of: task) }
    default: return readsConsole(call, task)
    }
  }

  /// A parameter's bytes as 32-bit words.
  private func words(_ call: HostCall, _ position: Int) -> [Int32] {
    guard let room = call.inputs[position] else { return [] }
    let bytes = world.bytes(room, room.count)
    return stride(from: 0, to: bytes.count - 3, by: 4).map { bytes.loadUnaligned(fromByteOffset: $0, as: Int32.self) }
  }

  private func isTerminal(_ descriptor: Int64, of task: HostTask) -> Bool {
    (world.link("\(task.tid)/fd/\(descriptor)") ?? "").hasPrefix("/dev/pts/")
  }

  /// What an epoll watches: the descriptors under which it was told of them. proc_pid_fdinfo(5).
  private func watched(_ descriptor: Int64, of task: HostTask) -> [Int64] {
    let lines = (world.read("\(task.tid)/fdinfo/\(descriptor)") ?? "").split(separator: "\n")
    return lines.filter { $0.hasPrefix("tfd:") }.compactMap { line in
      line.dropFirst(4).split(separator: " ", maxSplits: 1).first.flatMap { Int64($0) }
    }
  }
}

// The texts of /proc. Linux: fs/proc/array.c, fs/proc/uptime.c.

extension Kernel {
  /// comm, at most 15 bytes.
  func commandName(of task: TaskID) -> String { String(decoding: tasks[task].name, as: UTF8.self) }

  func uptimeText() -> String {
    let hundredths = now / 10_000_000
    let text = "\(hundredths / 100).\(hundredths % 100 < 10 ? "0" : "")\(hundredths % 100)"
    return "\(text) \(text)\n"
  }

  /// The letter and the word of a task's state.
  private func state(of task: TaskID) -> (letter: String, word: String) {
    switch tasks[task].state {
    case .runnable: ("R", "running")
    case .blocked, .settling: ("S", "sleeping")
    case .stopped: ("T", "stopped")
    case .dead: ("Z", "zombie")
    }
  }

  private func parent(of task: TaskID) -> Int32 { processes[tasks[task].process].parent.map { processes[$0].pid } ?? 0 }

  private func hexadecimal(_ value: UInt64) -> String {
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }

  /// /proc/PID/status. Linux: proc_pid_status().
  func statusText(_ task: TaskID) -> String {
    let entry = tasks[task], process = processes[entry.process], who = entry.credentials
    let isAlive = entry.state != .dead
    var ignored = SignalSet(), caught = SignalSet()
    if isAlive {
      for signal in Int32(1)...64 {
        switch action(signal, of: task).handler {
        case .ignore: ignored.insert(SignalSet(signal))
        case .function: caught.insert(SignalSet(signal))
        case .standard: break
        }
      }
    }
    func size(_ name: String, _ pages: Int) -> String {
      "\(name):\t" + String(repeating: " ", count: max(0, 8 - "\(pages * 4)".count)) + "\(pages * 4) kB"
    }
    let (letter, word) = state(of: task)
    var lines = ["Name:\t\(commandName(of: task))"]
    if isAlive {
      lines.append("Umask:\t0" + String(fileSystemContexts[entry.fileSystem].umask, radix: 8).leftPadded(to: 3))
    }
    lines += [
      "State:\t\(letter) (\(word))", "Tgid:\t\(process.pid)", "Ngid:\t0", "Pid:\t\(entry.tid)",
      "PPid:\t\(parent(of: task))",
      "TracerPid:\t0", "Uid:\t\(who.uid)\t\(who.euid)\t\(who.suid)\t\(who.fsuid)",
      "Gid:\t\(who.gid)\t\(who.egid)\t\(who.sgid)\t\(who.fsgid)",
      "FDSize:\t\(isAlive ? fileTables[entry.files].capacity : 0)",
      "Groups:\t\(who.groups.map { "\($0) " }.joined())" + (who.groups.isEmpty ? " " : ""), "NStgid:\t\(process.pid)",
      "NSpid:\t\(entry.tid)", "NSpgid:\t\(process.group)", "NSsid:\t\(process.session)", "Kthread:\t0",
    ]
    // Of the lines about memory those that the kernel knows.
    if isAlive {
      let pages = addressSpaces[entry.memory].areas.reduce(0) { $0 + $1.count / Page.size }
      lines += [size("VmSize", pages), size("VmLck", lockedPages(of: entry.memory))]
    }
    lines += [
      "Threads:\t\(max(1, process.threadCount))", "SigQ:\t0/\(process.limits.soft[ResourceLimits.sigpending])",
      "SigPnd:\t\(hexadecimal(entry.signals.pending.mask.rawValue))",
      "ShdPnd:\t\(hexadecimal(process.signals.pending.mask.rawValue))",
      "SigBlk:\t\(hexadecimal(entry.signals.blocked.rawValue))", "SigIgn:\t\(hexadecimal(ignored.rawValue))",
      "SigCgt:\t\(hexadecimal(caught.rawValue))", "CapInh:\t\(hexadecimal(0))",
      "CapPrm:\t\(hexadecimal(who.permitted))",
      "CapEff:\t\(hexadecimal(who.effective))", "CapBnd:\t\(hexadecimal(Capability.all))", "CapAmb:\t\(hexadecimal(0))",
    ]
    return lines.joined(separator: "\n") + "\n"
  }

  /// /proc/PID/stat: the fields that the kernel knows, 0 for the rest. Linux: do_task_stat().
  func statText(_ task: TaskID) -> String {
    let entry = tasks[task], process = processes[entry.process]
    var fields = Array(repeating: "0", count: 52)
    fields[0] = "\(entry.tid)"
    fields[1] = "(\(commandName(of: task)))"
    fields[2] = state(of: task).letter
    fields[3] = "\(parent(of: task))"
    fields[4] = "\(process.group)"
    fields[5] = "\(process.session)"
    fields[7] = "-1"
    fields[17] = "\(20 + Int(entry.niceness))"
    fields[18] = "\(entry.niceness)"
    fields[19] = "\(max(1, process.threadCount))"
    fields[37] = "\(process.exitSignal)"
    return fields.joined(separator: " ") + "\n"
  }
}

extension String {
  /// Zeros in front up to a width.
  fileprivate func leftPadded(to width: Int) -> String { String(repeating: "0", count: max(0, width - count)) + self }
}

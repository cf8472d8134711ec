extension Syscall {
  /// msgctl(2). Linux: ipc/msg.c, ksys_msgctl().
  static let msgctl = Syscall(
    71, "msgctl", "Looks at a System V message queue, changes it, or removes it.",
    c: "int msgctl(int msqid, int op, struct msqid_ds *buf)",
    Param<Int32>("msqid"), Param<MessageCommand>("op"), Param<ControlArgument<MessageControl>>("buf", default: 0),
    returns: "value",
    errors: [
      .EACCES: "IPC_STAT, MSG_STAT: the queue may not be read", .EFAULT: "buf lies outside the caller's memory",
      .EINVAL: "no such queue or operation, or a user or group that is none",
      .EPERM: """
      IPC_SET, IPC_RMID: the caller neither owns nor made the queue, and has no CAP_SYS_ADMIN; or msg_qbytes is above \
      kernel.msgmnb, without CAP_SYS_RESOURCE
      """,
    ]
  ) {
    (
      kernel: inout Kernel, me: TaskID, id: Int32, command: MessageCommand,
      argument: ControlArgument<MessageControl>
    ) throws(Stop) -> ControlAnswer<MessageControl> in
    guard id >= 0 else { throw .errno(.EINVAL) }
    switch command {
    case .information, .usage:
      let highest = kernel.appendMessageInformation(command, me)
      return try argument.answer(command.rawValue, with: highest, &kernel, me)
    case .status, .slotStatus, .slotStatusForAll:
      let id = try kernel.appendQueueStatus(id, command, me)
      return try argument.answer(command.rawValue, with: command == .status ? 0 : id, &kernel, me)
    case .set:
      let given = try argument.structure(&kernel, me).withByteView {
        (GivenPermission($0), $0.load(UInt64.self, at: 88))
      }
      try kernel.setQueue(id, given.0, bytes: given.1, me)
    case .remove:
      let namespace = kernel.ipc(of: me)
      let slot = try kernel.ipcNamespaces[namespace].queues.controlledSlot(of: id, kernel.tasks[me].credentials)
      kernel.removeMessageQueue(slot, in: namespace)
    default: throw .errno(.EINVAL)
    }
    return ControlAnswer()
  }
}

extension Kernel {
  /// IPC_INFO and MSG_INFO: struct msginfo, and the highest slot in use. Linux: msgctl_info().
  fileprivate func appendMessageInformation(_ command: MessageCommand, _ me: TaskID) -> Int {
    let namespace = ipc(of: me), limits = ipcNamespaces[namespace].limits, fixed = IPCLimits()
    // What no version of Linux uses is told as it was built.
    var (pool, map, total) = (fixed.queueCount * (fixed.queueBytes / 1024), fixed.queueBytes, fixed.queueBytes)
    if command == .usage {
      (pool, map, total) = (Int32(ipcNamespaces[namespace].queues.count), 0, 0)
      for slot in ipcNamespaces[namespace].queues.usedSlots {
        let queue = messageQueues[ipcNamespaces[namespace].queues[slot].object]
        map &+= Int32(truncatingIfNeeded: queue.count)
        total &+= Int32(truncatingIfNeeded: queue.byteCount)
      }
    }
    for word in [pool, map, limits.messageSize, limits.queueBytes, limits.queueCount, 16, total] { output.append(word) }
    output.append(UInt16(65535))
    output.append(UInt16(0))
    return ipcNamespaces[namespace].queues.highestSlot
  }

  /// IPC_STAT of a queue, MSG_STAT of a slot, MSG_STAT_ANY without a look at the mode; returns the identifier.
  /// Linux: msgctl_stat().
  fileprivate func appendQueueStatus(_ id: Int32, _ command: MessageCommand, _ me: TaskID) throws(Stop) -> Int {
    let namespace = ipc(of: me)
    let slot =
      command == .status
      ? try ipcNamespaces[namespace].queues.slot(of: id) : try ipcNamespaces[namespace].queues.slot(at: id)
    if command != .slotStatusForAll {
      try ipcNamespaces[namespace].queues.check(IPCPermission.read, slot, tasks[me].credentials)
    }
    let entry = ipcNamespaces[namespace].queues[slot], queue = messageQueues[entry.object]
    entry.permission.append(to: output)
    for word in [queue.sent.seconds, queue.received.seconds, queue.changed] { output.append(word) }
    for word in [queue.byteCount, queue.count, queue.byteLimit] { output.append(Int64(word)) }
    output.append(queue.sent.pid)
    output.append(queue.received.pid)
    output.append(zeros: 16)
    return Int(entry.permission.id)
  }

  /// IPC_SET. Who sleeps looks again: a receiver may have lost its permission, a sender have got room.
  /// Linux: msgctl_down().
  fileprivate mutating func setQueue(_ id: Int32, _ given: GivenPermission, bytes: UInt64, _ me: TaskID) throws(Stop) {
    let namespace = ipc(of: me), who = tasks[me].credentials
    let slot = try ipcNamespaces[namespace].queues.controlledSlot(of: id, who)
    guard bytes <= UInt64(ipcNamespaces[namespace].limits.queueBytes) || who.has(.sysResource) else {
      throw .errno(.EPERM)
    }
    try ipcNamespaces[namespace].queues.update(slot, given)
    let queue = ipcNamespaces[namespace].queues[slot].object
    messageQueues[queue].byteLimit = Int(clamping: bytes)
    messageQueues[queue].countLimit = Int(clamping: bytes)
    messageQueues[queue].changed = realSeconds
    makeEntry(ofSoleReceiverAt: queue)
    for id in sleepers(messageQueues[queue].receivers) { rouse(id) }
    rouseSenders(queue)
  }
}

/// What msgctl takes and gives.
enum MessageControl: Control {
  static let forms = ControlForms(
    .msqidDS, .msginfo, answers: [2: (1, false), 11: (1, true), 13: (1, true), 3: (2, true), 12: (2, true)])
}

/// Linux: include/uapi/linux/msg.h.
struct MessageCommand: Choice, Equatable {
  let rawValue: Int32
  static let remove = MessageCommand(rawValue: 0), set = MessageCommand(rawValue: 1)
  static let status = MessageCommand(rawValue: 2), information = MessageCommand(rawValue: 3)
  static let slotStatus = MessageCommand(rawValue: 11), usage = MessageCommand(rawValue: 12)
  static let slotStatusForAll = MessageCommand(rawValue: 13)
  static let names = NameSet(
    "message queue operation", .values,
    [
      "IPC_RMID": 0, "IPC_SET": 1, "IPC_STAT": 2, "IPC_INFO": 3, "MSG_STAT": 11, "MSG_INFO": 12, "MSG_STAT_ANY": 13,
    ])
}

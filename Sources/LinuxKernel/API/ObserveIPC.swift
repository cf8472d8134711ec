// The objects of System V and POSIX IPC as a machine and its tools see them from outside.

extension Kernel {
  /// What the shell's :ipc shows of one object.
  public struct IPCView: Sendable {
    /// "msg", "sem", "shm" or "mq".
    public let kind: String
    /// What calls know it by: an identifier, or the name of a POSIX queue.
    public let name: String
    /// The System V key; nil for IPC_PRIVATE, and for POSIX queues.
    public let key: Int32?
    /// Permission bits.
    public let mode: UInt32
    public let uid: UInt32
    public let gid: UInt32
    /// What it holds, and who waits at it.
    public let state: String
  }

  /// The objects in the IPC namespace of a task: of each kind by slot, queues with names last.
  public func ipcObjects(of task: TaskID) -> [IPCView] {
    let namespace = ipc(of: task)
    var views: [IPCView] = []
    func add<Object>(_ kind: String, _ table: IPCTable<Object>, _ state: (ID<Object>, IPCPermission) -> String) {
      for slot in table.usedSlots {
        let permission = table[slot].permission
        views.append(
          IPCView(
            kind: kind, name: "\(permission.id)", key: permission.key == IPCFlags.privateKey ? nil : permission.key,
            mode: permission.mode & 0o777, uid: permission.uid, gid: permission.gid,
            state: state(table[slot].object, permission)))
      }
    }
    add("msg", ipcNamespaces[namespace].queues) { queue, _ in
      let held = messageQueues[queue]
      return "\(count(held.count, "message")), \(held.byteCount) of \(held.byteLimit) bytes" + sleepers(at: queue)
    }
    add("sem", ipcNamespaces[namespace].semaphores) { set, _ in values(of: set) }
    add("shm", ipcNamespaces[namespace].segments) { segment, permission in
      let held = sharedSegments[segment]
      return "\(held.size) bytes, attached \(count(held.attachCount, "time"))"
        + (permission.mode & SharedSegment.isDestroyed != 0 ? ", ends with the last" : "")
        + (permission.mode & SharedSegment.isLocked != 0 ? ", locked" : "")
    }
    for object in posixQueues.ids {
      guard let inode = posixQueues[object].inode, case let file = inodes[inode], file.references > 0,
        fileSystems[file.fileSystem].namespace == namespace
      else { continue }
      let queue = posixQueues[object].queue, held = messageQueues[queue]
      let notified = posixQueues[object].notification.map { ", notifies process \(processes[$0.owner].pid)" }
      views.append(
        IPCView(
          kind: "mq", name: String(name(of: queue).dropFirst("queue ".count)), key: nil, mode: file.mode & 0o777,
          uid: file.uid, gid: file.gid,
          state: "\(held.count) of \(count(held.countLimit, "message")), \(held.byteCount) bytes"
            + sleepers(at: queue) + (notified ?? "")))
    }
    return views
  }

  private func count(_ number: Int, _ noun: String) -> String { "\(number) \(noun)\(number == 1 ? "" : "s")" }

  private func sleepers(at queue: ID<MessageQueue>) -> String {
    var senders = 0, receivers = messageQueues[queue].hasSoleReceiver ? 1 : 0
    for id in queueSleepers.ids where queueSleepers[id].queue == queue {
      if queueSleepers[id].isSender { senders += 1 } else { receivers += 1 }
    }
    return (senders > 0 ? "; \(count(senders, "sender")) wait" + (senders == 1 ? "s" : "") : "")
      + (receivers > 0 ? "; \(count(receivers, "receiver")) wait" + (receivers == 1 ? "s" : "") : "")
  }

  /// A long set is cut.
  private func values(of set: ID<SemaphoreSet>) -> String {
    let semaphores = semaphoreSets[set].semaphores, shown = 16
    let list = semaphores.indices.prefix(shown).map { "\(semaphores[$0].value)" }.joined(separator: " ")
    var waiting = semaphoreSets[set].sole == nil ? 0 : 1
    for id in pendingOperations.ids where pendingOperations[id].set == set { waiting += 1 }
    return (semaphores.count == 1 ? "value " : "values ") + list + (semaphores.count > shown ? " ..." : "")
      + (waiting > 0 ? "; \(count(waiting, "caller")) wait" + (waiting == 1 ? "s" : "") : "")
  }
}

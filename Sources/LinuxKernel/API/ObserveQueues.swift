// What a machine and its tools see of message queues from outside.

extension Kernel {
  /// What a queue is called: "queue 0" by its identifier, "queue /jobs" by its name.
  func name(of queue: ID<MessageQueue>) -> String {
    for namespace in ipcNamespaces.ids {
      for slot in ipcNamespaces[namespace].queues.usedSlots {
        let entry = ipcNamespaces[namespace].queues[slot]
        if entry.object == queue { return "queue \(entry.permission.id)" }
      }
    }
    for object in posixQueues.ids where posixQueues[object].queue == queue {
      let dentry = dentries.ids.first { dentries[$0].inode == posixQueues[object].inode }
      return "queue /" + (dentry.map { String(decoding: dentries[$0].name, as: UTF8.self) } ?? "")
    }
    return "a queue"
  }

  /// What a sleeper at a queue waits for.
  func reasonForQueue(_ id: ID<QueueSleeper>) -> String {
    let sleeper = queueSleepers[id], queue = messageQueues[sleeper.queue], name = name(of: sleeper.queue)
    if !sleeper.isSender { return reasonForReceiver(sleeper.queue) }
    let messages = holding(queue)
    if queue.kind == .posix { return "\(name) is full: \(messages) of \(queue.countLimit)" }
    let length = Int(self.messages[sleeper.message].length)
    return "\(name) holds \(messages), \(queue.byteCount) of \(queue.byteLimit) bytes: no room for \(length) more"
  }

  func reasonForReceiver(_ id: ID<MessageQueue>) -> String {
    let queue = messageQueues[id], name = name(of: id)
    if queue.count == 0 { return "\(name) is empty" }
    let shown = 8, types = queue.types(self.messages, limit: shown)
    let list = types.map { "\($0)" }.joined(separator: " ") + (queue.count > shown ? " ..." : "")
    return "\(name) holds \(holding(queue)), \(queue.count == 1 ? "type" : "types") \(list)"
  }

  private func holding(_ queue: MessageQueue) -> String {
    queue.count == 1 ? "1 message" : "\(queue.count) messages"
  }

  /// Tells whoever watches how many messages a queue holds now.
  @inline(never) func depth(of queue: ID<MessageQueue>) -> Observation {
    .queueDepth(name(of: queue), messages: messageQueues[queue].count)
  }
}

// Process groups and sessions. Linux: struct pid with its PIDTYPE_PGID and PIDTYPE_SID lists, kernel/sys.c,
// kernel/exit.c.

/// What one number of the pid space names.
struct PIDEntry {
  var task: TaskID?
  var group: ID<ProcessGroup>?
  /// Processes of the session with this number.
  var sessionMembers: Int32 = 0

  /// A number is given out again only when nothing at all has it.
  var isFree: Bool { task == nil && group == nil && sessionMembers == 0 }
}

/// A process group that has members.
struct ProcessGroup {
  let number: Int32
  let session: Int32
  /// The member that joined last; the others follow by `nextInGroup`.
  var first: ID<Process>?
}

extension Kernel {
  /// The group with this number.
  func group(_ number: Int32) -> ID<ProcessGroup>? {
    guard number >= 0, Int(number) < pids.count else { return nil }
    return pids[Int(number)].group
  }

  /// Makes a process member of a group and a session; the group is made when it is the first. Linux: attach_pid().
  mutating func join(_ process: ID<Process>, group number: Int32, session: Int32) {
    let group = pids[Int(number)].group ?? processGroups.insert(ProcessGroup(number: number, session: session))
    pids[Int(number)].group = group
    pids[Int(session)].sessionMembers += 1
    let next = processGroups[group].first
    processes[process].group = number
    processes[process].session = session
    processes[process].previousInGroup = nil
    processes[process].nextInGroup = next
    if let next { processes[next].previousInGroup = process }
    processGroups[group].first = process
  }

  /// Takes a process out of its group and session; the last member takes the group along. Linux: detach_pid().
  mutating func leaveGroup(_ process: ID<Process>) {
    let number = Int(processes[process].group), group = pids[number].group!
    pids[Int(processes[process].session)].sessionMembers -= 1
    let previous = processes[process].previousInGroup, next = processes[process].nextInGroup
    if let previous { processes[previous].nextInGroup = next } else { processGroups[group].first = next }
    if let next { processes[next].previousInGroup = previous }
    if processGroups[group].first == nil {
      processGroups.remove(group)
      pids[number].group = nil
    }
  }

  /// The members of a group, newest first, as Linux walks them.
  func members(of group: ID<ProcessGroup>) -> [ID<Process>] {
    var list: [ID<Process>] = []
    var next = processGroups[group].first
    while let process = next {
      list.append(process)
      next = processes[process].nextInGroup
    }
    return list
  }

  /// Whether nobody outside a process group, in its session, could continue it: terminal stops do not apply then.
  /// Linux: will_become_orphaned_pgrp().
  ///
  /// - Parameter ignored: a member that is just ending, and does not count.
  func isOrphaned(_ number: Int32, ignoring ignored: ID<Process>? = nil) -> Bool {
    var next = group(number).flatMap { processGroups[$0].first }
    while let process = next {
      next = processes[process].nextInGroup
      if process == ignored || isZombie(process) { continue }
      guard let parent = processes[process].parent else { continue }
      if processes[parent].group != number && processes[parent].session == processes[process].session { return false }
    }
    return true
  }

  /// `process` loses its parent `parent` (or ends itself, where nil): if that was the last tie of its group to the rest
  /// of the session and a member is stopped, the group gets SIGHUP and goes on. Linux: kill_orphaned_pgrp().
  mutating func hangUpIfOrphaned(_ process: ID<Process>, leaving parent: ID<Process>?) {
    guard let other = parent ?? processes[process].parent else { return }
    let number = processes[process].group
    guard processes[other].group != number, processes[other].session == processes[process].session,
      isOrphaned(number, ignoring: parent == nil ? process : nil), let group = group(number)
    else { return }
    let members = members(of: group)
    let isAnyStopped = members.contains { if case .stopped = processes[$0].status { true } else { false } }
    guard isAnyStopped else { return }
    for signal in [Signal.hup, Signal.cont] {
      for member in members { send(SignalInfo(signal: signal, code: SignalInfo.kernel), to: member, isForced: true) }
    }
  }

  @inline(__always) func isZombie(_ process: ID<Process>) -> Bool {
    if case .zombie = processes[process].status { true } else { false }
  }
}

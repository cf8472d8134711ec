import CProxy
import LinuxKernel

/// Lets nice values count where the kernel looks at them.
///
/// Proxies are real-time tasks, whose priority is the same whatever their nice value; but POSIX queues serve those who
/// sleep by priority. So a task of another nice value becomes an ordinary one for the time of such a call, and a
/// real-time one again before its script goes on. That takes CAP_SYS_NICE: without, it stays what it is. So it does
/// while another could run, who would go first then.
/// Manual: sched(7). Linux: wq_add() of ipc/mqueue.c, which compares task_struct.prio.
enum HostPriority {
  private static let getpriority: Int64 = 140, setScheduler: Int64 = 144
  private static let ordinary: UInt64 = 0, realTime: UInt64 = 1
  private static let sysNice: UInt64 = 1 << 23

  static func prepare(_ arguments: inout HostArguments, _ backend: HostBackend) {
    let task = arguments.task
    // The kernel's own call tells 20 less the nice value.
    guard backend.perform(getpriority, [], on: task) != 20, hasCapability(task, backend), isAlone(task, backend),
      let room = arguments.store(littleEndian(0) + littleEndian(1))
    else { return }
    if backend.perform(setScheduler, [0, ordinary, room.address], on: task) == 0 {
      arguments.setPriorityRoom(room)
    }
  }

  /// A proxy has said something in a call: no other runs now.
  static func restore(_ task: HostTask, _ backend: HostBackend) {
    guard let room = task.calls.last?.priorityRoom else { return }
    task.calls[task.calls.count - 1].priorityRoom = nil
    let slot = backend.world.slot(task.slot)
    let event = slot.pointee.event, result = slot.pointee.result, hasSlept = slot.pointee.has_slept
    _ = backend.perform(setScheduler, [0, realTime, room.address + 8], on: task, by: KS_DO_QUIETLY)
    (slot.pointee.event, slot.pointee.result, slot.pointee.has_slept) = (event, result, hasSlept)
  }

  /// Whether all others sleep.
  private static func isAlone(_ task: HostTask, _ backend: HostBackend) -> Bool {
    backend.tasks.allSatisfy { other in
      guard let other, other !== task else { return true }
      if other.tid != 0, case .asleep = backend.world.state(of: other.tid) { return true }
      return false
    }
  }

  private static func hasCapability(_ task: HostTask, _ backend: HostBackend) -> Bool {
    let line = backend.world.read("\(task.tid)/status")?.split(separator: "\n").first { $0.hasPrefix("CapEff:") }
    guard let digits = line?.split(separator: "\t").last, let set = UInt64(digits, radix: 16) else { return false }
    return set & sysNice != 0
  }
}

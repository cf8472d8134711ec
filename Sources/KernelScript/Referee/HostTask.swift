import CProxy
import LinuxKernel

/// A task of a script whose calls a proxy performs.
final class HostTask {
  enum State {
    /// Its proxy has a command, or spins for the next one.
    case running
    /// Its coroutine waits for the answer of a call.
    case blocked
    /// In ks.settle(): its proxy is parked.
    case settling
    case ended
  }

  /// Its place in the channel.
  let slot: Int
  var tid: Int32 = 0
  var pid: Int32 = 0
  var thread: OpaquePointer?
  var state = State.running
  /// Calls that have not answered; those but the last were interrupted by handlers that run.
  var calls: [HostCall] = []
  /// How the task goes on that is being resumed, in C's terms (KS_REPLY and kin).
  var outcome: Int32 = 0
  /// Where the next bytes of a call go in the slot.
  var arenaNext = Int(KS_SLOT_ARENA)
  /// What it is to begin as soon as its old program has been left.
  var program: HostProgram?
  /// What is left of the memory that buffers are cut from.
  var buffers: Range<UInt64> = 0..<0

  init(slot: Int) { self.slot = slot }
}

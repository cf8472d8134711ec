import LinuxKernel

/// One performed call, for traces and comparisons.
public struct TraceEvent: Sendable {
  public let tid: Int32
  /// Virtual times in ns at which it was made and answered.
  public let began: Int64
  public internal(set) var ended: Int64
  public let name: String
  public let arguments: String
  public internal(set) var result: String
  public internal(set) var errno: Int32
  /// "file:line" of the script.
  public let place: String
  public internal(set) var hasWaited: Bool
}

/// Turns calls into events as they end.
struct Tracer {
  private var begun: [Int32: (index: Int, event: TraceEvent)] = [:]
  private var order = 0
  /// Called with each event, in the order of their ends.
  let take: (TraceEvent) -> Void

  init(take: @escaping (TraceEvent) -> Void) { self.take = take }

  mutating func begin(_ tid: Int32, _ index: Int, _ arguments: Arguments, at time: Int64, where place: String) {
    let call = Syscall.all[index]
    begun[tid] = (
      index,
      TraceEvent(
        tid: tid, began: time, ended: time, name: call.name, arguments: call.describe(arguments), result: "?", errno: 0,
        place: place, hasWaited: false)
    )
  }

  mutating func end(_ tid: Int32, _ reply: Reply, _ bytes: ByteView, at time: Int64) {
    guard let (index, begunEvent) = begun.removeValue(forKey: tid) else { return }
    var event = begunEvent
    event.ended = time
    event.hasWaited = time > event.began
    event.errno = reply.errno
    if reply.errno != 0 {
      let errno = Errno(reply.errno)
      event.result = "-1 \(errno.name) (\(errno.message))"
    } else {
      event.result = Syscall.all[index].describe(reply: reply, bytes: bytes)
    }
    take(event)
  }

  /// The calls that never ended, by task.
  func unfinished() -> [TraceEvent] { begun.values.map(\.event).sorted { ($0.began, $0.tid) < ($1.began, $1.tid) } }
}

import CProxy
import LinuxKernel

/// What a real call has answered, in the form in which the emulated kernel answers.
struct HostReply {
  var words: [Int64] = [0, 0, 0, 0]
  var errno: Int32 = 0
  var hasBytes = false
  var hasExtra = false
  var bytes: [UInt8] = []

  init() {}

  init(_ call: HostCall, _ result: Int64, _ world: HostWorld, _ task: HostTask) {
    guard let index = call.index else { return }
    let declaration = Syscall.all[index], shape = HostShape.all[index]
    if (-4095..<0).contains(result) {
      errno = Int32(-result)
      if errno == Errno.EINTR.code, let remaining = call.remaining, !call.isAbsolute {
        hasExtra = true
        bytes = Array(world.bytes(remaining, 16))
      }
      return
    }
    if !call.transfer.isEmpty {
      hasBytes = true
      words[0] = result
      var left = Int(result)
      for room in call.transfer where left > 0 {
        bytes += world.bytes(room, left)
        left -= room.count
      }
    }
    // A transfer to the caller's own memory tells how much it moved.
    if case .transfer? = declaration.results.first?.kind { words[0] = result }
    if call.transfer.isEmpty, let returned = shape.returned {
      // What C declares as int is one, such as setfsuid(2)'s old user.
      words[min(returned, 3)] =
        declaration.prototype.hasPrefix("int ") ? Int64(Int32(truncatingIfNeeded: result)) : result
    }
    var sources: [Int: (room: HostWorld.Room, offset: Int)] = [:]
    for (results, room) in call.outputs {
      for (place, result) in results.enumerated() { sources[result] = (room, place * 4) }
    }
    for (position, declared) in declaration.results.enumerated() {
      if let input = shape.broughtBack[position] {
        bringBack(declared.kind, call, input, world, task)
      } else if let (room, offset) = sources[position] {
        take(declared, position, world.bytes(room, room.count), offset, result, call)
      } else if case .buffer = declared.kind {
        words[1] = call.mappedSize(declaration)
      } else if case .integerOrStructure(let layout) = declared.kind, let input = call.inputs[2], call.isAsking {
        bytes = Array(world.bytes(input, layout.size))
        words[0] = 0
      }
    }
    if declaration.returnsPath, bytes.last == 0 {
      bytes.removeLast()
      words[0] = Int64(bytes.count)
    }
  }

  private mutating func take(
    _ result: Syscall.Result, _ position: Int, _ room: UnsafeRawBufferPointer, _ offset: Int, _ returned: Int64,
    _ call: HostCall
  ) {
    func bytes(_ count: Int) -> ArraySlice<UInt8> { Array(room)[0..<min(max(count, 0), room.count)] }
    switch result.kind {
    case .integer:
      let word = room.loadUnaligned(fromByteOffset: offset, as: Int32.self)
      // Users and groups are unsigned.
      let isUser = result.name.hasSuffix("uid") || result.name.hasSuffix("gid")
      words[min(position, 3)] = isUser ? Int64(UInt32(bitPattern: word)) : Int64(word)
    case .waitStatus:
      // Nothing to tell: WNOHANG answered 0.
      words[min(position, 3)] = returned == 0 ? -1 : Int64(room.loadUnaligned(as: Int32.self))
    case .signalSet:
      words[0] = room.loadUnaligned(as: Int64.self)
      self.bytes += bytes(8)
    case .signalAction: self.bytes += HostAction.scriptBytes(room)
    case .structures(let layout):
      // The number of entries is what C returns; capget's array is always whole.
      self.bytes += bytes(returned > 0 ? Int(returned) * layout.size : room.count)
      if call.returnsCount {
        words[0] = returned
        if returned == 0 { self.bytes = [] }
      }
    case .integers(let size): self.bytes += bytes(Int(returned) * size)
    case .structure: self.bytes += room
    case .bytes, .transfer, .records:
      let count = call.pages ?? Int(returned)
      words[0] = Int64(count)
      self.bytes += bytes(count)
    default: self.bytes += room
    }
  }

  /// What a parameter brings back: poll's list, select's sets.
  private mutating func bringBack(
    _ kind: ResultKind, _ call: HostCall, _ input: Int, _ world: HostWorld, _ task: HostTask
  ) {
    switch kind {
    case .countedIntegers:
      let numbers = call.inputs[input].map { HostDescriptorSet.numbers(world.bytes($0, 128)) } ?? []
      for number in [Int32(numbers.count)] + numbers {
        bytes += (0..<4).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
      }
    default:
      if let room = call.inputs[input] {
        bytes += world.bytes(room, room.count)
      } else if call.counts[input] > 0 {
        bytes += world.memory(of: task.tid, at: UInt64(bitPattern: call.words[input]), call.counts[input])
      }
    }
  }
}

// Where what comes out depends on what was asked.

extension HostCall {
  private var name: String { index.map { Syscall.all[$0].name } ?? "" }

  /// A sleep until a moment has nothing left that could be told. clock_nanosleep(2), TIMER_ABSTIME.
  fileprivate var isAbsolute: Bool { name == "clock_nanosleep" && words[1] & 1 != 0 }
  /// F_GETLK and F_OFD_GETLK.
  fileprivate var isAsking: Bool { name != "fcntl" || words[1] == 5 || words[1] == 36 }
  /// mincore(2) fills a byte a page.
  fileprivate var pages: Int? { name == "mincore" ? Int((UInt64(bitPattern: words[1]) &+ 4095) / 4096) : nil }
  fileprivate var returnsCount: Bool { name != "capget" }

  /// How many bytes a mapping has: what was asked for.
  fileprivate func mappedSize(_ declaration: Syscall) -> Int64 {
    let index =
      declaration.parameters.firstIndex { $0.name == "new_size" }
      ?? declaration.parameters.firstIndex { $0.name == "length" }
    return index.map { words[$0] } ?? 0
  }
}

extension Syscall {
  /// The kernel counts the NUL, the C library's function does not.
  fileprivate var returnsPath: Bool { name == "getcwd" }
}

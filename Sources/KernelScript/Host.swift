import CLua
import CShim
import LinuxKernel

/// The entry points that C calls. Each returns before C pushes, raises or yields: no longjmp passes over these frames.
enum Host {
  static func table(answer: UnsafePointer<ks_answer>) -> ks_host {
    var host = ks_host()
    host.answer = answer
    host.call = call
    host.call_spawning = { pointer, index, arguments, digest, canSleep, thread in
      let core = corePointer(pointer)
      core.pointee.newThreads[core.pointee.current.index] = thread
      return core.pointee.call(index, arguments.unsafelyUnwrapped, digest, canSleep: canSleep != 0)
    }
    host.answer_in_full = { pointer in corePointer(pointer).pointee.storeAnswer() }
    host.answer_words = { pointer in corePointer(pointer).pointee.storeWords() }
    host.result = { pointer in
      let core = corePointer(pointer)
      return core.pointee.go(core.pointee.outcome)
    }
    host.call_result = callResult
    host.next_turn = nextTurn
    host.came_back = { pointer, thread, status in
      corePointer(pointer).pointee.cameBack = (thread.unsafelyUnwrapped, status)
    }
    host.handler_returned = { pointer, wasLeft in
      let core = corePointer(pointer)
      if wasLeft != 0 {
        core.pointee.tracer?.record?.abandon(core.pointee.kernel.tid(of: core.pointee.current))
        core.pointee.kernel.abandonHandler(core.pointee.current)
        return Int32(KS_REPLY)
      }
      return core.pointee.go(core.pointee.kernel.handlerReturned(core.pointee.current))
    }
    host.task_returned = { pointer, status in
      let core = corePointer(pointer)
      core.pointee.kernel.exit(core.pointee.current, status: Int32(truncatingIfNeeded: status))
    }
    host.settle = { pointer in
      let core = corePointer(pointer)
      core.pointee.kernel.settle(core.pointee.current)
      return Int32(KS_BLOCKED)
    }
    host.describe = { pointer, index, arguments, error in
      let core = corePointer(pointer)
      let raw = Arguments(UnsafeRawPointer(arguments!).assumingMemoryBound(to: RawArgument.self))
      core.pointee.machine.describe(Int(index), raw, error, core.pointee.answer)
    }
    host.find = { _, name, length, function in
      let name = String(decoding: UnsafeRawBufferPointer(start: name, count: length), as: UTF8.self)
      guard let index = Syscall.indices[name] else { return 0 }
      Host.describe(Syscall.all[index], index, into: &function!.pointee)
      return 1
    }
    host.load = { pointer, address, size, value in
      corePointer(pointer).pointee.load(address, Int(size), into: value.unsafelyUnwrapped)
    }
    host.store = { pointer, address, size, value in corePointer(pointer).pointee.store(value, Int(size), at: address) }
    host.load_bytes = { pointer, address, count in corePointer(pointer).pointee.load(address, count) }
    host.store_bytes = { pointer, address, bytes, count in
      corePointer(pointer).pointee.store(
        ByteView(UnsafeRawBufferPointer(start: bytes, count: Int(count))), at: address)
    }
    host.query = { pointer, operation, arguments, count in
      let core = corePointer(pointer)
      let buffer = UnsafeBufferPointer(start: arguments, count: Int(count))
      return core.pointee.machine.query(String(cString: operation!), QueryArguments(buffer), core)
    }
    host.enter = { pointer, number in
      guard let driven = corePointer(pointer).pointee.machine.driven[number] else { return nil }
      driven.enter()
      return UnsafeMutableRawPointer(driven.core)
    }
    host.leave = { pointer in corePointer(pointer).pointee.driven?.leave() }
    return host
  }

  /// Fills in what C needs to know of a call.
  private static func describe(_ call: Syscall, _ index: Int, into function: inout ks_function) {
    function.index = UInt32(index)
    // What the C library makes of other calls (nice, sigwaitinfo) has no number of its own: its name stands for it.
    function.number =
      call.number >= 0
      ? UInt32(call.number) : UInt32(truncatingIfNeeded: Array(call.name.utf8).withByteView { $0.digest(0) })
    function.count = Int32(call.parameters.count)
    function.required = Int32((call.parameters.lastIndex { $0.fallback == nil } ?? -1) + 1)
    function.name = Host.name(index)
    withUnsafeMutableBytes(of: &function.kinds) { kinds in
      for (position, parameter) in call.parameters.enumerated() { kinds[position] = letter(parameter.kind) }
    }
    withUnsafeMutableBytes(of: &function.forms) { forms in
      withUnsafeMutableBytes(of: &function.defaults) { defaults in
        for (position, parameter) in call.parameters.enumerated() {
          guard case .word(let word)? = parameter.fallback else { continue }
          forms.storeBytes(of: Int32(KS_OMITTED), toByteOffset: position * 4, as: Int32.self)
          defaults.storeBytes(of: word, toByteOffset: position * 8, as: Int64.self)
        }
      }
    }
    withUnsafeMutableBytes(of: &function.rows) { rows in
      for parameter in call.parameters {
        if case .structures(let layout) = parameter.kind, let fields = layout.rowFields {
          rows.copyBytes(from: fields.utf8)
        }
      }
    }
    function.shape = CChar(bitPattern: shape(call.results.map(\.kind)))
  }

  /// How C takes an argument: see ks_take_any() in arguments.c.
  private static func letter(_ kind: ArgumentKind) -> UInt8 {
    switch kind {
    case .integer, .descriptor, .flags, .value, .mode: UInt8(ascii: "i")
    case .address: UInt8(ascii: "a")
    case .path: UInt8(ascii: "s")
    case .data: UInt8(ascii: "w")
    case .destination: UInt8(ascii: "d")
    case .structures(let layout): layout.rowFields == nil ? UInt8(ascii: "t") : UInt8(ascii: "l")
    case .program, .strings, .structure, .vector, .time, .signalSet, .signalAction, .integers, .any: UInt8(ascii: "t")
    case .function: UInt8(ascii: "f")
    case .flagsOrStructure, .control: UInt8(ascii: "v")
    }
  }

  private static func shape(_ kinds: [ResultKind]) -> UInt8 {
    if kinds.count == 1 {
      switch kinds[0] {
      case .integer: return UInt8(ascii: "i")
      case .bytes: return UInt8(ascii: "s")
      case .transfer: return UInt8(ascii: "t")
      case .integerOrStructure, .control: return UInt8(ascii: "m")
      default: break
      }
    }
    if kinds.count == 2 {
      switch (kinds[0], kinds[1]) {
      case (.integer, .integer): return UInt8(ascii: "p")
      case (.integer, .transfer): return UInt8(ascii: "r")
      case (.transfer, .integer): return UInt8(ascii: "q")
      default: break
      }
    }
    return UInt8(ascii: "x")
  }

  /// Names as C strings, made once for the whole process and kept.
  private static let names = NameTable()
  private static func name(_ index: Int) -> UnsafePointer<CChar> { names.pointers[index] }

  private struct NameTable: @unchecked Sendable {
    let pointers: [UnsafePointer<CChar>] = Syscall.all.map { call in
      let bytes = Array(call.name.utf8CString)
      let copy = UnsafeMutablePointer<CChar>.allocate(capacity: bytes.count)
      copy.initialize(from: bytes, count: bytes.count)
      return UnsafePointer(copy)
    }
  }
}

/// What core.query was called with.
struct QueryArguments {
  private let buffer: UnsafeBufferPointer<ks_argument>
  init(_ buffer: UnsafeBufferPointer<ks_argument>) { self.buffer = buffer }

  var count: Int { buffer.count }
  func isAbsent(_ index: Int) -> Bool { index >= buffer.count || buffer[index].form == Int32(KS_ABSENT) }
  func word(_ index: Int) -> Int64 { index < buffer.count ? buffer[index].word : 0 }
  func view(_ index: Int) -> ByteView {
    guard index < buffer.count, buffer[index].form == Int32(KS_BYTES) else { return .empty }
    return ByteView(UnsafeRawBufferPointer(start: buffer[index].bytes, count: Int(buffer[index].count)))
  }
  func string(_ index: Int) -> String { view(index).string }
}

// What each call goes through: functions of C's, since a closure would be called by way of one.

@c(ks_core_call)
@inline(__always)
private func call(
  _ pointer: UnsafeMutableRawPointer?, _ index: UInt32, _ arguments: UnsafePointer<ks_argument>?, _ digest: UInt64,
  _ canSleep: Int32
) -> ks_result {
  corePointer(pointer).pointee.call(index, arguments.unsafelyUnwrapped, digest, canSleep: canSleep != 0)
}

@c(ks_core_call_result)
@inline(__always)
private func callResult(_ pointer: UnsafeMutableRawPointer?) -> ks_result {
  let core = corePointer(pointer)
  return core.pointee.result(core.pointee.outcome)
}

@c(ks_core_next_turn)
@inline(__always)
private func nextTurn(
  _ pointer: UnsafeMutableRawPointer?, _ own: OpaquePointer?, _ result: UnsafeMutablePointer<ks_result>?
) -> OpaquePointer? {
  corePointer(pointer).pointee.nextTurn(own, result.unsafelyUnwrapped)
}

@inline(__always)
private func corePointer(_ pointer: UnsafeMutableRawPointer?) -> UnsafeMutablePointer<Core> {
  pointer.unsafelyUnwrapped.assumingMemoryBound(to: Core.self)
}

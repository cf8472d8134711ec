import CProxy
import CShim
import LinuxKernel

/// Runs a script's calls on this machine's Linux: what Core is to the emulated kernel.
///
/// One proxy runs at a time, the one whose script runs; when it sleeps in a call, the machine's kernel picks the next
/// of those that are awake, first in first out, and the controller goes on with that one's script.
final class HostBackend {
  unowned let machine: Machine
  var world: HostWorld!
  let answer: UnsafeMutablePointer<ks_answer>
  let output = ByteBuffer()
  /// By slot; nil where a slot is free.
  var tasks: [HostTask?] = []
  var current: HostTask!
  var settling: [HostTask] = []
  var hash: UInt64 = 0
  var callCount = 0
  var tracer: HostTracer?
  /// Something may have been written to the console since it was last looked at.
  var mayHaveWritten = false
  /// The end of the input was typed and not yet read.
  var hasTypedEnd = false
  /// When something last happened, on the host's clock in ns.
  var lastEvent: Int64 = 0

  init(machine: Machine, answer: UnsafeMutablePointer<ks_answer>) {
    self.machine = machine
    self.answer = answer
  }

  var attention = HostAttention()
  private(set) var patience = HostPatience()

  /// Since the world was made, in ns; once it is gone, how long it lasted.
  var time: Int64 { world == nil ? endTime : HostClock.now - world.startTime }
  var endTime: Int64 = 0

  // MARK: Speaking to proxies

  /// What came of waiting for a proxy.
  private enum Event { case posted, asleep, ended, interrupted }

  /// How long a call is waited for by spinning before /proc is asked, in turns of some 40 ns.
  static let spins = 1500

  func turn(_ task: HostTask) -> UInt32 { ks_turn(world.slot(task.slot)) }

  /// Waits until the running proxy says something, sleeps in its call, or is no more.
  private func wait(for task: HostTask) -> Event {
    var seen: HostWorld.State?
    while true {
      for _ in 0..<HostBackend.spins {
        if turn(task) == UInt32(KS_TURN_CONTROLLER) { return .posted }
        ks_pause()
      }
      attention.look()
      // Who says something runs, and then this one does not.
      if tasks.contains(where: {
        $0.map { $0 !== task && $0.state != .ended && turn($0) == UInt32(KS_TURN_CONTROLLER) } ?? false
      }) {
        return world.state(of: task.tid) == .ended ? .ended : .asleep
      }
      if machine.interpreter.pointee.interrupted != 0 { return .interrupted }
      let state = world.state(of: task.tid)
      switch state {
      case .running: seen = nil
      case .ended: return turn(task) == UInt32(KS_TURN_CONTROLLER) ? .posted : .ended
      case .asleep:
        if state == seen { return turn(task) == UInt32(KS_TURN_CONTROLLER) ? .posted : .asleep }
        seen = state
      }
    }
  }

  func give(_ task: HostTask, _ command: ks_command) {
    attention.look()
    ks_give(world.slot(task.slot), UInt32(command.rawValue))
  }

  /// Makes a call that cannot wait, for purposes of the controller's own.
  func perform(_ number: Int64, _ arguments: [UInt64], on task: HostTask, by command: ks_command = KS_DO_CALL) -> Int64
  {
    let slot = world.slot(task.slot)
    slot.pointee.number = number
    fillRegisters(slot, arguments)
    give(task, command)
    guard case .posted = wait(for: task) else { return Int64(-Errno.ESRCH.code) }
    return slot.pointee.result
  }

  func fillRegisters(_ slot: UnsafeMutablePointer<ks_slot>, _ words: [UInt64]) {
    withUnsafeMutableBytes(of: &slot.pointee.arguments) { bytes in
      for index in 0..<6 {
        bytes.storeBytes(of: index < words.count ? words[index] : 0, toByteOffset: index * 8, as: UInt64.self)
      }
    }
  }

  // MARK: Calls

  /// Performs a call for the running task, and says how it goes on, in C's terms.
  func call(_ index: Int, _ raw: Arguments, _ digest: UInt64, canSleep: Bool, _ thread: OpaquePointer?) -> Int32 {
    guard finishAbandoned() else { return Int32(canSleep ? KS_BLOCKED : KS_CANNOT_SLEEP) }
    callCount += 1
    hash = Digest.mix(hash ^ digest ^ UInt64(current.slot) << 40)
    tracer?.begin(self, current, index, raw)
    var arguments = HostArguments(world, current, index)
    guard arguments.fill(raw), HostLibrary.prepare(&arguments, raw, self) else {
      drop(arguments.call, of: current)
      return reply(failure: Errno.ENOMEM.code)
    }
    if let refusal = arguments.call.refusal {
      drop(arguments.call, of: current)
      return reply(failure: refusal.code)
    }
    arguments.setLongestSleep(patience.note(arguments.declaration, raw))
    let request = ExecuteRequest(arguments.call)
    if let request, let name = HostProgram.registeredName(arguments.declaration, raw) {
      defer { drop(arguments.call, of: current) }
      var program = HostProgram()
      (program.image, program.path, program.command, program.isRegistered) = (name, name, name, true)
      return replace(by: program, request, current)
    }
    let slot = world.slot(current.slot)
    var command = KS_DO_CALL
    if let thread {
      guard let child = newTask(thread) else {
        drop(arguments.call, of: current)
        return reply(failure: Errno.EAGAIN.code)
      }
      arguments.setChild(child.slot)
      HostClone.placeStack(&arguments, child.slot)
      slot.pointee.child = UInt32(child.slot)
      command = KS_DO_CLONE
    }
    current.calls.append(arguments.call)
    slot.pointee.number = HostLibrary.number(arguments.declaration)
    fillRegisters(slot, arguments.call.registers)
    if let request {
      slot.pointee.number = ExecuteRequest.number
      fillRegisters(slot, request.checking)
    }
    mayHaveWritten = true
    give(current, command)
    let outcome = goOn(current)
    guard outcome == Int32(KS_BLOCKED), !canSleep else { return outcome }
    // The proxy sleeps all the same; the script learns that it must not.
    current.calls[current.calls.count - 1].isAbandoned = true
    current.state = .running
    return Int32(KS_CANNOT_SLEEP)
  }

  /// Waits for a call whose script has been told that it cannot wait there; false while it sleeps.
  private func finishAbandoned() -> Bool {
    while let last = current.calls.last, last.isAbandoned {
      guard case .posted = wait(for: current) else { return false }
      _ = take(current)
    }
    return true
  }

  private func newTask(_ thread: OpaquePointer) -> HostTask? {
    guard
      let place = tasks.indices.first(where: { tasks[$0] == nil })
        ?? (tasks.count < Int(KS_SLOT_COUNT) ? tasks.count : nil)
    else {
      return nil
    }
    let task = HostTask(slot: place)
    task.thread = thread
    world.slot(place).pointee.turn = UInt32(KS_TURN_BUSY)
    world.slot(place).pointee.tid = 0
    if place == tasks.count { tasks.append(task) } else { tasks[place] = task }
    return task
  }

  func drop(_ call: HostCall, of task: HostTask) {
    task.arenaNext = call.arenaBefore
    for room in call.large { world.giveBack(room) }
  }

  /// Waits for the running task's proxy, and says how its script goes on.
  private func goOn(_ task: HostTask) -> Int32 {
    while true {
      switch wait(for: task) {
      case .posted:
        if let outcome = take(task) { return outcome }
      case .asleep, .interrupted:
        task.state = .blocked
        tracer?.wait(task)
        return Int32(KS_BLOCKED)
      case .ended:
        end(task)
        return Int32(KS_ENDED)
      }
    }
  }

  /// Takes what a proxy has posted; nil when nobody waits for it.
  func take(_ task: HostTask) -> Int32? {
    let slot = world.slot(task.slot)
    lastEvent = HostClock.now
    task.state = .running
    HostPriority.restore(task, self)
    switch slot.pointee.event {
    case UInt32(KS_HELLO.rawValue):
      task.tid = slot.pointee.tid
      task.pid = slot.pointee.pid
      return letSignalsIn(task)
    case UInt32(KS_SIGNALLED.rawValue):
      if tracer != nil {
        let bytes = withUnsafeBytes(of: &slot.pointee.info) { Array($0) }
        bytes.withByteView { tracer!.signalled(self, task, SignalInfo($0)) }
      }
      answer.pointee.words = (slot.pointee.function, Int64(slot.pointee.signal), 0, 0)
      storeSignalInfo(slot)
      return Int32(KS_HANDLER)
    default: break
    }
    guard let call = task.calls.popLast() else { return Int32(KS_REPLY) }
    defer { drop(call, of: task) }
    let result = slot.pointee.result
    if hasTypedEnd, result == 0, readsConsole(call, task) { hasTypedEnd = false }
    if call.isAbandoned { return nil }
    if let child = call.child {
      // Known already when the child is stopped or killed before it can say anything.
      if result > 0 { tasks[child]?.tid = Int32(truncatingIfNeeded: result) } else { tasks[child] = nil }
    }
    if call.index == nil {
      answer.pointee.error = 0
      return Int32(KS_REPLY)
    }
    if result == 0, let request = ExecuteRequest(call), request.flags & ExecuteRequest.check == 0 {
      do throws(Errno) {
        return replace(by: try program(of: request, task), request, task)
      } catch { return reply(failure: error.code) }
    }
    var answered = HostReply(call, result, world, task)
    HostLibrary.finish(&answered, call, result, self, task)
    return reply(answered, task)
  }

  /// Has a task run a program in place of the one that makes the call.
  private func replace(by program: HostProgram, _ request: ExecuteRequest, _ task: HostTask) -> Int32 {
    var program = program
    if program.isRegistered { takeStrings(of: request, &program, task) }
    let tid = task.tid
    if let errno = run(program, request, task) { return reply(failure: errno.code) }
    guard world.slot(task.slot).pointee.event == UInt32(KS_HELLO.rawValue) else {
      // Only a check was asked for.
      return reply(HostReply(), task)
    }
    for other in tasks.compactMap({ $0 }) where other !== task && other.pid == task.pid { end(other) }
    for call in task.calls { for room in call.large { world.giveBack(room) } }
    task.calls = []
    task.arenaNext = Int(KS_SLOT_ARENA)
    task.buffers = 0..<0
    machine.differenceReasons[tid] = nil
    tracer?.replace(self, task, tid)
    greet(task, as: program.command)
    task.program = program
    lastEvent = HostClock.now
    return Int32(KS_ENDED)
  }

  /// Puts the coroutine of a new program in the place of the old one, once that has been left.
  func beginProgram(_ task: HostTask) {
    guard let program = task.program else { return }
    task.program = nil
    if let thread = task.thread { ks_release_task(machine.state, thread) }
    task.thread = machine.begin(
      program.image, isRegistered: program.isRegistered, program.path, program.arguments, program.environment)
  }

  /// Has the proxy take the signals that came while it waited for a command.
  func letSignalsIn(_ task: HostTask) -> Int32 {
    task.calls.append(HostCall(index: nil, arenaBefore: task.arenaNext))
    give(task, KS_DO_NOTHING)
    return goOn(task)
  }

  /// Hands an answer to C.
  private func reply(_ reply: HostReply, _ task: HostTask) -> Int32 {
    answer.pointee.words = (reply.words[0], reply.words[1], reply.words[2], reply.words[3])
    answer.pointee.error = reply.errno
    answer.pointee.has_bytes = reply.hasBytes ? 1 : 0
    answer.pointee.known = nil
    answer.pointee.has_extra = reply.hasExtra ? 1 : 0
    setBytes(reply.bytes)
    hash = Digest.mix(hash ^ UInt64(bitPattern: reply.words[0]) ^ UInt64(UInt32(bitPattern: reply.errno)) << 32)
    tracer?.end(self, task, reply, hasSlept: world.slot(task.slot).pointee.has_slept != 0)
    return Int32(KS_REPLY)
  }

  /// A call fails without its proxy.
  private func reply(failure: Int32) -> Int32 {
    world.slot(current.slot).pointee.has_slept = 0
    var failed = HostReply()
    failed.errno = failure
    return reply(failed, current)
  }

  func setBytes(_ bytes: [UInt8]) {
    output.clear()
    output.append(bytes)
    answer.pointee.bytes = output.pointer.baseAddress
    answer.pointee.count = Int64(bytes.count)
  }

  /// siginfo_t as nine 64-bit integers: Kernel.storeSignalInfo.
  private func storeSignalInfo(_ slot: UnsafeMutablePointer<ks_slot>) {
    let words = withUnsafeBytes(of: &slot.pointee.info) { info in
      func word(_ offset: Int) -> Int64 { Int64(info.loadUnaligned(fromByteOffset: offset, as: Int32.self)) }
      let isTimer = word(8) == -2, isChild = slot.pointee.signal == 17 && (1...6).contains(word(8))
      let value = info.loadUnaligned(fromByteOffset: 24, as: Int64.self)
      return [
        word(0), word(4), word(8), isTimer ? 0 : word(16),
        isTimer ? 0 : Int64(info.loadUnaligned(fromByteOffset: 20, as: UInt32.self)),
        isChild ? word(24) : 0, isChild ? 0 : value, isTimer ? word(16) : 0, isTimer ? word(20) : 0,
      ]
    }
    setBytes(words.flatMap { littleEndian(UInt64(bitPattern: $0)) })
  }

  // MARK: What C asks besides calls

  func handlerReturned(wasLeft: Bool) -> Int32 {
    let task = current!
    if wasLeft {
      if task.calls.last?.index != nil { tracer?.abandon(task) }
      if !task.calls.isEmpty { task.calls[task.calls.count - 1].isAbandoned = true }
      give(task, KS_DO_LEAVE)
      // The call below ends, and nobody takes its answer.
      while !task.calls.isEmpty, task.calls.last!.isAbandoned {
        guard case .posted = wait(for: task) else { break }
        if world.slot(task.slot).pointee.event != UInt32(KS_DONE.rawValue) { break }
        _ = take(task)
      }
      return Int32(KS_REPLY)
    }
    give(task, KS_DO_RETURN)
    return goOn(task)
  }

  func settle() -> Int32 {
    current.state = .settling
    settling.append(current)
    give(current, KS_DO_PARK)
    return Int32(KS_BLOCKED)
  }

  /// The function of a task has returned, or an error has left it.
  func exit(_ task: HostTask, status: Int32) {
    guard task.state != .ended else { return }
    let slot = world.slot(task.slot)
    slot.pointee.number = task.tid == task.pid ? 231 : 60
    fillRegisters(slot, [UInt64(UInt32(bitPattern: status & 0xff))])
    mayHaveWritten = true
    give(task, KS_DO_CALL)
    _ = wait(for: task)
    end(task)
  }

  /// Reads the running task's memory as by its own instructions; the bytes are the answer.
  func load(_ address: UInt64, _ count: Int) -> Int32 {
    var bytes: [UInt8] = []
    while bytes.count < count || count == 0 {
      let size = min(count - bytes.count, HostBackend.accessSize)
      var room: HostWorld.Room?
      let outcome = access(KS_DO_LOAD, address &+ UInt64(bytes.count), size, nil, &room)
      guard outcome == Int32(KS_REPLY), let room else { return outcome }
      bytes += world.bytes(room, size)
      if count == 0 { break }
    }
    setBytes(bytes)
    return Int32(KS_REPLY)
  }

  func store(_ bytes: UnsafeRawBufferPointer, at address: UInt64) -> Int32 {
    var offset = 0
    while offset < bytes.count {
      let size = min(bytes.count - offset, HostBackend.accessSize)
      var room: HostWorld.Room?
      let part = UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + size])
      let outcome = access(KS_DO_STORE, address &+ UInt64(offset), size, part, &room)
      guard outcome == Int32(KS_REPLY) else { return outcome }
      offset += size
    }
    return Int32(KS_REPLY)
  }

  /// How much one command to a proxy moves.
  private static let accessSize = 1 << 16

  private func access(
    _ command: ks_command, _ address: UInt64, _ count: Int, _ bytes: UnsafeRawBufferPointer?,
    _ room: inout HostWorld.Room?
  ) -> Int32 {
    var arguments = HostArguments(world, current, nil)
    guard let taken = arguments.room(count) else { return reply(failure: Errno.ENOMEM.code) }
    if let bytes { (world.channel + taken.offset).copyMemory(from: bytes.baseAddress!, byteCount: count) }
    let slot = world.slot(current.slot)
    slot.pointee.address = address
    slot.pointee.count = UInt64(count)
    slot.pointee.offset = UInt64(bitPattern: Int64(taken.offset - (current.slot + 1) * Int(KS_SLOT_SIZE)))
    current.calls.append(arguments.call)
    room = taken
    give(current, command)
    return goOn(current)
  }

  func end(_ task: HostTask) {
    guard task.state != .ended else { return }
    task.state = .ended
    tracer?.ended(self, task)
    for call in task.calls.reversed() { drop(call, of: task) }
    settling.removeAll { $0 === task }
    if let thread = task.thread { ks_release_task(machine.state, thread) }
    task.thread = nil
    tasks[task.slot] = nil
  }
}

import CProxy
import LinuxKernel

/// A call on its way through a proxy: what went into its registers, and where its results come out.
struct HostCall {
  /// Position in `Syscall.all`; nil for what only lets signals in.
  var index: Int?
  /// The words of its arguments, and how many bytes each had.
  var words: [Int64] = []
  var counts: [Int] = []
  /// Whether its transfer goes to memory that the script has named.
  var isToMemory = false
  var registers: [UInt64] = [0, 0, 0, 0, 0, 0]
  /// Where results come out: the results by position, and the room.
  var outputs: [(results: [Int], room: HostWorld.Room)] = []
  /// The rooms of declared parameters that bring something back, by position.
  var inputs: [Int: HostWorld.Room] = [:]
  /// Where a transfer puts its bytes.
  var transfer: [HostWorld.Room] = []
  var remaining: HostWorld.Room?
  /// Where an operation answers that the declaration does not tell of (HostLibrary).
  var answer: HostWorld.Room?
  /// For how long it may sleep before a clock ends that, in ns; 0 where it sleeps until something happens.
  var longestSleep: Int64 = 0
  /// Priorities for a task that makes it as an ordinary one: HostPriority.
  var priorityRoom: HostWorld.Room?
  /// The errno with which the C library refuses it before the kernel is asked.
  var refusal: Errno?
  /// The slot of the task that it makes.
  var child: Int?
  /// What the task's arena held before, and rooms outside it.
  var arenaBefore: Int
  var large: [HostWorld.Room] = []
  /// Nobody waits for its answer any more.
  var isAbandoned = false
}

/// Writes the arguments of a call to where a proxy finds them.
struct HostArguments {
  let world: HostWorld
  let task: HostTask
  private(set) var call: HostCall
  var declaration: Syscall { Syscall.all[call.index!] }

  /// - Parameter index: nil for an access to memory.
  init(_ world: HostWorld, _ task: HostTask, _ index: Int?) {
    self.world = world
    self.task = task
    call = HostCall(index: index, arenaBefore: task.arenaNext)
  }

  /// nil when the bytes do not fit.
  mutating func room(_ count: Int) -> HostWorld.Room? {
    let size = (max(count, 1) + 15) / 16 * 16
    if task.arenaNext + size <= Int(KS_SLOT_STACK) {
      defer { task.arenaNext += size }
      return HostWorld.Room(offset: (task.slot + 1) * Int(KS_SLOT_SIZE) + task.arenaNext, count: count)
    }
    guard let room = world.takeLarge(count) else { return nil }
    call.large.append(room)
    return room
  }

  mutating func store(_ bytes: UnsafeRawBufferPointer, zeros: Int = 0) -> HostWorld.Room? {
    guard let room = room(bytes.count + zeros) else { return nil }
    let target = world.channel + room.offset
    if bytes.count > 0 { target.copyMemory(from: bytes.baseAddress!, byteCount: bytes.count) }
    for offset in 0..<zeros { target.storeBytes(of: 0, toByteOffset: bytes.count + offset, as: UInt8.self) }
    return room
  }

  mutating func store(_ bytes: [UInt8]) -> HostWorld.Room? { bytes.withUnsafeBytes { store($0) } }

  /// Fills the registers; false when something is too large for the channel.
  mutating func fill(_ raw: Arguments) -> Bool {
    let shape = HostShape.all[call.index!]
    for position in declaration.parameters.indices {
      call.words.append(raw[position].word)
      call.counts.append(raw[position].count)
    }
    for (register, slot) in shape.slots.enumerated() where register < 6 {
      switch slot {
      case .input(let position, let type):
        guard let word = input(raw[position], declaration.parameters[position].kind, type, position) else {
          return false
        }
        call.registers[register] = word
      case .count(let position):
        call.registers[register] = UInt64(bitPattern: count(raw[position], declaration.parameters[position].kind))
      case .room(let position):
        let argument = raw[position]
        if argument.form == .memory {
          call.registers[register] = UInt64(bitPattern: argument.word)
          call.isToMemory = true
        } else {
          // msgrcv's has a type in front (HostQueues).
          guard let room = room(declaration.name == "msgrcv" ? 0 : roomSize(argument.word)) else { return false }
          call.transfer.append(room)
          call.registers[register] = room.address
        }
      case .constant(let value): call.registers[register] = UInt64(bitPattern: value)
      case .output(let results, let capacity):
        guard let room = room(size(capacity, raw)) else { return false }
        clear(room)
        call.outputs.append((results, room))
        call.registers[register] = room.address
      case .remaining:
        guard let room = room(16) else { return false }
        call.remaining = room
        call.registers[register] = room.address
      case .descriptorCount: call.registers[register] = UInt64(bitPattern: descriptorCount(raw))
      }
    }
    return true
  }

  private func clear(_ room: HostWorld.Room) {
    (world.channel + room.offset).initializeMemory(as: UInt8.self, repeating: 0, count: room.count)
  }

  /// As much as any call moves at once.
  private func roomSize(_ wanted: Int64) -> Int { Int(min(max(wanted, 0), Int64(KS_LARGE_SIZE / 2))) }

  private func size(_ capacity: HostShape.Capacity, _ raw: Arguments) -> Int {
    switch capacity {
    case .bytes(let count): count
    case .each(let size, let parameter):
      roomSize(raw[parameter].word.multipliedReportingOverflow(by: Int64(size)).partialValue)
    }
  }

  private func count(_ raw: RawArgument, _ kind: ArgumentKind) -> Int64 {
    switch (raw.form, kind) {
    case (.absent, _): 0
    case (.bytes, .vector): Int64(HostVector.count(raw.view))
    // An address without a count: one entry, to be looked for there.
    case (.memory, _) where raw.count < 0: 1
    case (.memory, .vector): Int64(raw.count / 16)
    case (.bytes, .structures(let layout)), (.memory, .structures(let layout)): Int64(raw.count / max(layout.size, 1))
    case (.bytes, .integers(let size)): Int64(raw.count / size)
    case (.bytes, _), (.memory, _): Int64(raw.count)
    default: raw.word
    }
  }

  private mutating func input(_ raw: RawArgument, _ kind: ArgumentKind, _ type: String, _ position: Int) -> UInt64? {
    let word = UInt64(bitPattern: raw.word)
    switch raw.form {
    case .absent: return 0
    case .word, .omitted, .memory: return word
    case .bytes: break
    }
    switch kind {
    case .strings: return HostStrings.store(raw.view, in: &self)
    case .path, .any, .program:
      let room = store(UnsafeRawBufferPointer(start: raw.bytes, count: raw.count), zeros: 1)
      call.inputs[position] = room
      return room?.address
    case .time where type.contains("timeval"):
      var bytes = raw.view.array
      bytes.withUnsafeMutableBytes {
        let nanoseconds = $0.loadUnaligned(fromByteOffset: 8, as: Int64.self)
        // What is no time stays none: microseconds have a limit of their own.
        let isValid = (0..<1_000_000_000).contains(nanoseconds)
        $0.storeBytes(of: isValid ? nanoseconds / 1000 : nanoseconds, toByteOffset: 8, as: Int64.self)
      }
      return store(bytes)?.address
    case .vector: return HostVector.store(raw.view, in: &self)
    case .integers where type.contains("fd_set"):
      let room = store(HostDescriptorSet.bytes(raw.view))
      call.inputs[position] = room
      return room?.address
    case .signalSet where type.contains("argpack"):
      guard let mask = store(raw.view.array) else { return nil }
      return store(littleEndian(mask.address) + littleEndian(8))?.address
    case .signalAction: return store(HostAction.kernelBytes(raw.view))?.address
    default:
      let room = store(UnsafeRawBufferPointer(start: raw.bytes, count: raw.count))
      call.inputs[position] = room
      return room?.address
    }
  }

  private func descriptorCount(_ raw: Arguments) -> Int64 {
    var highest: Int64 = -1
    for (position, parameter) in declaration.parameters.enumerated() {
      guard case .integers(4) = parameter.kind, raw[position].form == .bytes else { continue }
      for offset in stride(from: 0, to: raw[position].count - 3, by: 4) {
        highest = max(highest, Int64(raw[position].view.load(Int32.self, at: offset)))
      }
    }
    return highest + 1
  }

  mutating func addTransfer(_ room: HostWorld.Room) { call.transfer.append(room) }
  mutating func replaceTransfer(_ room: HostWorld.Room) { call.transfer = [room] }
  mutating func setRegister(_ register: Int, _ word: UInt64) { call.registers[register] = word }
  mutating func refuse(_ errno: Errno) { call.refusal = errno }
  mutating func setLongestSleep(_ time: Int64) { call.longestSleep = time }
  mutating func setPriorityRoom(_ room: HostWorld.Room) { call.priorityRoom = room }
  mutating func setAnswer(_ room: HostWorld.Room) { call.answer = room }
  /// clone(2) with a stack of its own.
  mutating func becomeClone(flags: UInt64, stack: UInt64) {
    setRegister(0, flags)
    setRegister(1, stack)
  }
  mutating func setChild(_ slot: Int) { call.child = slot }
}

/// The bytes of a 64-bit word.
func littleEndian(_ word: UInt64) -> [UInt8] { (0..<8).map { UInt8(truncatingIfNeeded: word >> UInt64($0 * 8)) } }

/// A list of pieces as it comes from scripts (Vector in sys_readv.swift), as an array of struct iovec.
enum HostVector {
  private static func each(
    _ view: ByteView, _ body: (_ form: UInt64, _ address: UInt64, _ count: Int, _ offset: Int) -> Void
  ) {
    var offset = 0
    while offset + 24 <= view.count {
      let form = view.load(UInt64.self, at: offset), count = view.load(Int.self, at: offset + 16)
      body(form, view.load(at: offset + 8), count, offset + 24)
      offset += 24 + (form == 0 ? count : 0)
    }
  }

  static func count(_ view: ByteView) -> Int {
    var count = 0
    each(view) { _, _, _, _ in count += 1 }
    return count
  }

  static func store(_ view: ByteView, in arguments: inout HostArguments) -> UInt64? {
    var pieces: [(form: UInt64, address: UInt64, count: Int, offset: Int)] = []
    each(view) { pieces.append(($0, $1, $2, $3)) }
    var table: [UInt8] = []
    for piece in pieces {
      var address = piece.address
      if piece.form == 0 {
        guard let room = arguments.store(view.slice(piece.offset, piece.count).array) else { return nil }
        address = room.address
      } else if piece.form == 2 {
        guard let room = arguments.room(min(max(piece.count, 0), 1 << 24)) else { return nil }
        arguments.addTransfer(room)
        address = room.address
      }
      table += littleEndian(address) + littleEndian(UInt64(bitPattern: Int64(piece.count)))
    }
    return arguments.store(table)?.address
  }
}

/// A list of strings, each with its NUL, as an array of pointers.
enum HostStrings {
  static func store(_ view: ByteView, in arguments: inout HostArguments) -> UInt64? {
    guard let room = arguments.store(view.array) else { return nil }
    var table: [UInt8] = [], start = 0
    for offset in 0..<view.count where view[offset] == 0 {
      table += littleEndian(room.address + UInt64(start))
      start = offset + 1
    }
    return arguments.store(table + littleEndian(0))?.address
  }
}

/// fd_set: 1024 bits.
enum HostDescriptorSet {
  static func bytes(_ view: ByteView) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: 128)
    for offset in stride(from: 0, to: view.count - 3, by: 4) {
      let number = Int(view.load(Int32.self, at: offset))
      if (0..<1024).contains(number) { bytes[number / 8] |= 1 << UInt8(number % 8) }
    }
    return bytes
  }

  static func numbers(_ bytes: UnsafeRawBufferPointer) -> [Int32] {
    (0..<min(bytes.count * 8, 1024)).filter { bytes[$0 / 8] >> UInt8($0 % 8) & 1 != 0 }.map { Int32($0) }
  }
}

/// What a signal does: as scripts have it (handler's number, flags, mask, 0), and as the kernel has it.
enum HostAction {
  private static let information: UInt64 = 4  // SA_SIGINFO

  static func kernelBytes(_ view: ByteView) -> [UInt8] {
    let number = view.load(Int64.self, at: 0), flags = view.load(UInt64.self, at: 8),
      mask = view.load(UInt64.self, at: 16)
    guard number > 1 else {
      return littleEndian(UInt64(bitPattern: number)) + littleEndian(flags) + littleEndian(0) + littleEndian(mask)
    }
    return littleEndian(ks_handler_address(number)) + littleEndian(flags | information | Kernel.restorerFlag)
      + littleEndian(ks_restorer_address()) + littleEndian(mask)
  }

  static func scriptBytes(_ bytes: UnsafeRawBufferPointer) -> [UInt8] {
    var handler = bytes.loadUnaligned(as: UInt64.self), flags = bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self)
    let first = ks_handler_address(0)
    if handler >= first { handler = (handler - first) / UInt64(KS_HANDLER_STEP) }
    // Both stay when SA_RESETHAND takes the handler away.
    if flags & Kernel.restorerFlag != 0 { flags &= ~(information | Kernel.restorerFlag) }
    return littleEndian(handler) + littleEndian(flags)
      + littleEndian(bytes.loadUnaligned(fromByteOffset: 24, as: UInt64.self))
      + littleEndian(0)
  }
}

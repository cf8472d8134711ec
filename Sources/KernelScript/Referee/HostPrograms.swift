import CProxy
import CShim
import Glibc
import LinuxKernel

// execve where calls go to real Linux. It is first made as a check (AT_EXECVE_CHECK), in which Linux looks at
// everything and runs nothing: no file that a script has written is ever run by the machine itself. A Lua file's task
// then runs a fresh proxy, from a file with the Lua file's mode and owner: so it is Linux that ends threads, closes
// descriptors and changes ids. The fresh proxy finds its slot again, and the program's text is begun.

/// What a task that runs a fresh proxy is to begin.
struct HostProgram {
  var image: [UInt8] = []
  var isRegistered = false
  var path: [UInt8] = []
  var command: [UInt8] = []
  var arguments: [[UInt8]] = []
  var environment: [[UInt8]] = []
  /// Whether the arguments are no more those of the call.
  var isScript = false
  var mode: UInt32 = 0o755
  var uid: UInt32 = 0
  var gid: UInt32 = 0
}

extension HostProgram {
  /// The name of a registered program, where an execve names one: it comes behind a NUL.
  static func registeredName(_ declaration: Syscall, _ raw: Arguments) -> [UInt8]? {
    guard
      let position = declaration.parameters.firstIndex(where: { if case .program = $0.kind { true } else { false } }),
      raw[position].form == .bytes, raw[position].view.array.first == 0, raw[position].count > 1
    else { return nil }
    return Array(raw[position].view.array.dropFirst())
  }
}

/// What an execve asks for: its registers by what they mean.
struct ExecuteRequest {
  let directory: Int64
  let path: UInt64, arguments: UInt64, environment: UInt64
  let flags: Int64
  static let noFollow: Int64 = 0x100, emptyPath: Int64 = 0x1000, check: Int64 = 0x10000
  /// execveat(2).
  static let number: Int64 = 322

  /// nil for any other call.
  init?(_ call: HostCall) {
    guard let index = call.index else { return nil }
    let registers = call.registers
    switch Syscall.all[index].name {
    case "execveat":
      directory = Int64(Int32(truncatingIfNeeded: registers[0]))
      (path, arguments, environment) = (registers[1], registers[2], registers[3])
      flags = Int64(Int32(truncatingIfNeeded: registers[4]))
    case "execve":
      directory = -100
      (path, arguments, environment) = (registers[0], registers[1], registers[2])
      flags = 0
    default: return nil
    }
  }

  /// The same as a check.
  var checking: [UInt64] {
    [UInt64(bitPattern: directory), path, arguments, environment, UInt64(bitPattern: flags | ExecuteRequest.check)]
  }
}

extension HostBackend {
  /// How many interpreters may stand behind one another.
  private static let interpreterLimit = 5

  /// The program that an execve names, which Linux would run if it knew Lua files.
  func program(of request: ExecuteRequest, _ task: HostTask) throws(Errno) -> HostProgram {
    var program = HostProgram()
    takeStrings(of: request, &program, task)
    var path = string(request.path, task), directory = request.directory, flags = request.flags, name = path
    if directory != -100, path.first != 0x2f {
      name = Array("/dev/fd/\(directory)".utf8) + (path.isEmpty ? [] : [0x2f] + path)
    }
    for depth in 0... {
      if depth > HostBackend.interpreterLimit { throw .ELOOP }
      if depth > 0 { try check(path, task) }
      let file = try open(directory, path, flags, task)
      defer { close(file.descriptor) }
      program.path = path.isEmpty ? file.name : path
      if depth == 0 {
        let base = path.isEmpty ? file.name : name
        program.command = Array(base[(base.lastIndex(of: 0x2f).map { $0 + 1 } ?? 0)...])
      }
      program.image = contents(file.descriptor)
      switch ProgramFormat(Array(program.image.prefix(ProgramFormat.headSize))) {
      case .unknown: throw .ENOEXEC
      case .lua:
        var status = Glibc.stat()
        guard fstat(file.descriptor, &status) == 0 else { throw .ENOEXEC }
        (program.mode, program.uid, program.gid) = (status.st_mode & 0o7777, status.st_uid, status.st_gid)
        return program
      case .script(let interpreter, let argument):
        // F_GETFD: the interpreter could not open a script that lies behind a descriptor to be closed.
        if directory != -100, path.first != 0x2f, quietly(72, [UInt64(directory), 1], on: task) == 1 { throw .ENOENT }
        program.isScript = true
        program.arguments.replaceSubrange(0..<1, with: [interpreter] + (argument.map { [$0] } ?? []) + [name])
        (name, path, directory, flags) = (interpreter, interpreter, -100, 0)
      }
    }
    throw .ELOOP
  }

  /// What Linux says of an interpreter. One without a name is the working directory.
  private func check(_ path: [UInt8], _ task: HostTask) throws(Errno) {
    if path.isEmpty { throw .EACCES }
    var arguments = HostArguments(world, task, nil)
    defer { drop(arguments.call, of: task) }
    guard let room = arguments.store(path + [0]) else { throw .ENOMEM }
    let words = [UInt64(bitPattern: -100), room.address, 0, 0, UInt64(ExecuteRequest.check)]
    let result = quietly(ExecuteRequest.number, words, on: task)
    if result < 0 { throw Errno(Int32(-result)) }
  }

  /// The strings of a call as they are; what cannot be read fails when the fresh proxy is begun.
  func takeStrings(of request: ExecuteRequest, _ program: inout HostProgram, _ task: HostTask) {
    program.arguments = strings(request.arguments, task)
    if program.arguments.isEmpty { program.arguments = [[]] }
    program.environment = strings(request.environment, task)
  }

  /// Opens what a task's path leads to, by way of the task: only it can look the path up as Linux did.
  private func open(
    _ directory: Int64, _ path: [UInt8], _ flags: Int64, _ task: HostTask
  ) throws(Errno) -> (descriptor: Int32, name: [UInt8]) {
    var number = directory, isOwn = false
    if !path.isEmpty || flags & ExecuteRequest.emptyPath == 0 {
      var arguments = HostArguments(world, task, nil)
      guard let room = arguments.store(path + [0]) else { throw .ENOMEM }
      defer { drop(arguments.call, of: task) }
      let mode = O_CLOEXEC | 0o10000000 /* O_PATH */ | (flags & ExecuteRequest.noFollow != 0 ? O_NOFOLLOW : 0)
      number = quietly(257, [UInt64(bitPattern: directory), room.address, UInt64(mode)], on: task)
      guard number >= 0 else { throw Errno(Int32(-number)) }
      isOwn = true
    }
    defer { if isOwn { _ = quietly(3, [UInt64(number)], on: task) } }
    var name = world.link("\(task.tid)/fd/\(number)") ?? ""
    if name.hasSuffix(" (deleted)") { name.removeLast(10) }
    let descriptor = world.open(ofTask: "\(task.tid)/fd/\(number)")
    guard descriptor >= 0 else { throw .ENOEXEC }
    return (descriptor, Array(name.utf8))
  }

  private func contents(_ descriptor: Int32) -> [UInt8] {
    var bytes: [UInt8] = [], buffer = [UInt8](repeating: 0, count: 65536)
    while true {
      let count = read(descriptor, &buffer, buffer.count)
      if count <= 0 { return bytes }
      bytes += buffer[..<count]
    }
  }

  /// A string in a task's memory. Linux has read it already.
  private func string(_ address: UInt64, _ task: HostTask) -> [UInt8] {
    var bytes: [UInt8] = []
    while true {
      let at = address &+ UInt64(bytes.count)
      let part = world.memory(of: task.tid, at: at, 4096 - Int(at % 4096))
      if let end = part.firstIndex(of: 0) { return bytes + part[..<end] }
      if part.isEmpty { return bytes }
      bytes += part
    }
  }

  private func strings(_ address: UInt64, _ task: HostTask) -> [[UInt8]] {
    var list: [[UInt8]] = [], at = address
    while at != 0 {
      let bytes = world.memory(of: task.tid, at: at, 8)
      guard bytes.count == 8 else { break }
      let pointer = bytes.withUnsafeBytes { $0.loadUnaligned(as: UInt64.self) }
      if pointer == 0 { break }
      list.append(string(pointer, task))
      at += 8
    }
    return list
  }

  // MARK: The fresh proxy

  /// Makes a call of the controller's own, with no signal let in.
  func quietly(_ number: Int64, _ arguments: [UInt64], on task: HostTask) -> Int64 {
    perform(number, arguments, on: task, by: KS_DO_QUIETLY)
  }

  /// Has a task run a fresh proxy in place of what it ran; nil when it does, or the errno. The task of a process'
  /// thread is its leader from then on.
  func run(_ program: HostProgram, _ request: ExecuteRequest, _ task: HostTask) -> Errno? {
    var arguments = HostArguments(world, task, nil)
    defer { drop(arguments.call, of: task) }
    var list = request.arguments
    if program.isScript {
      let strings: [UInt8] = program.arguments.flatMap { $0 + [0] }
      guard let address = strings.withByteView({ HostStrings.store($0, in: &arguments) }) else { return .ENOMEM }
      list = address
    }
    guard let empty = arguments.store([0]) else { return .ENOMEM }
    // Others that use the table of descriptors must not find what is handed over now.
    if !tasks.contains(where: { $0 !== task && $0?.pid == task.pid }) {
      _ = quietly(272, [0x400 /* CLONE_FILES */], on: task)
    }
    var given: [Int64] = []
    if let errno = takeDescriptors(program, task, &arguments, &given) {
      for number in given { _ = quietly(3, [UInt64(number)], on: task) }
      return errno
    }
    // The first one is closed by the fresh proxy, the second one by Linux.
    _ = quietly(72, [UInt64(given[0]), 2 /* F_SETFD */, 0], on: task)
    _ = quietly(135, [0x0040000 /* ADDR_NO_RANDOMIZE */], on: task)
    let flags = UInt64(ExecuteRequest.emptyPath | request.flags & ExecuteRequest.check)
    let result = begin(
      ExecuteRequest.number, [UInt64(given[1]), empty.address, list, request.environment, flags], task)
    guard result < 0 else { return nil }
    _ = quietly(135, [0], on: task)
    for number in given { _ = quietly(3, [UInt64(number)], on: task) }
    return Errno(Int32(-result))
  }

  /// Hands a task the channel and its new program's file.
  private func takeDescriptors(
    _ program: HostProgram, _ task: HostTask, _ arguments: inout HostArguments, _ given: inout [Int64]
  ) -> Errno? {
    let name: [UInt8] = [1, 0, 0] + world.socketName
    guard let address = arguments.store(name), let message = arguments.room(160) else { return .ENOMEM }
    let socket = quietly(41, [1 /* AF_UNIX */, 1 | 0o2000000 /* SOCK_STREAM, SOCK_CLOEXEC */, 0], on: task)
    guard socket >= 0 else { return Errno(Int32(-socket)) }
    defer { _ = quietly(3, [UInt64(socket)], on: task) }
    let connected = quietly(42, [UInt64(socket), address.address, UInt64(name.count)], on: task)
    guard connected == 0 else { return Errno(Int32(-connected)) }
    let connection = world.acceptProxy()
    guard connection >= 0 else { return .EAGAIN }
    defer { close(connection) }
    // struct msghdr, its one piece at 64, and room for a descriptor at 112.
    func receive() -> Int64 {
      let place = world.channel + message.offset
      place.initializeMemory(as: UInt8.self, repeating: 0, count: 160)
      let words = [
        (16, message.address + 64), (24, 1), (32, message.address + 112), (40, 24), (64, message.address + 96), (72, 1),
      ]
      for (offset, word) in words {
        place.storeBytes(of: word, toByteOffset: offset, as: UInt64.self)
      }
      let count = quietly(47, [UInt64(socket), message.address, 0x40000000 /* MSG_CMSG_CLOEXEC */], on: task)
      guard count == 1 else { return count < 0 ? count : Int64(-Errno.EMFILE.code) }
      guard place.loadUnaligned(fromByteOffset: 40, as: UInt64.self) >= 20 else { return Int64(-Errno.EMFILE.code) }
      return Int64(place.loadUnaligned(fromByteOffset: 128, as: Int32.self))
    }
    guard world.handOverChannel(connection) else { return .EAGAIN }
    let channel = receive()
    guard channel >= 0 else { return Errno(Int32(-channel)) }
    given.append(channel)
    guard world.handOverProgram(connection, program, slot: task.slot, channel: Int32(channel)) else { return .EAGAIN }
    let file = receive()
    guard file >= 0 else { return Errno(Int32(-file)) }
    given.append(file)
    return nil
  }

  /// Makes the call that begins the fresh proxy. Threads end meanwhile, and the caller may change its number: what
  /// counts is that it says something.
  private func begin(_ number: Int64, _ arguments: [UInt64], _ task: HostTask) -> Int64 {
    let slot = world.slot(task.slot)
    slot.pointee.number = number
    fillRegisters(slot, arguments)
    give(task, KS_DO_QUIETLY)
    let end = HostClock.now + 5_000_000_000
    while ks_turn(slot) != UInt32(KS_TURN_CONTROLLER) {
      if HostClock.now > end || machine.interpreter.pointee.interrupted != 0 { return Int64(-Errno.EINTR.code) }
      ks_pause()
    }
    return slot.pointee.event == UInt32(KS_HELLO.rawValue) ? 0 : slot.pointee.result
  }

  /// A proxy has begun: learns what it is called, and names it.
  func greet(_ task: HostTask, as command: [UInt8]) {
    let slot = world.slot(task.slot)
    (task.tid, task.pid) = (slot.pointee.tid, slot.pointee.pid)
    var arguments = HostArguments(world, task, nil)
    defer { drop(arguments.call, of: task) }
    guard let room = arguments.store(Array(command.prefix(15)) + [0]) else { return }
    // Signals that have come meanwhile are let in, and find no handlers.
    _ = perform(157, [15 /* PR_SET_NAME */, room.address], on: task)
  }
}

extension HostWorld {
  /// Where proxies ask for what they need, as an abstract name.
  var socketName: [UInt8] { withWorld { world in withUnsafeBytes(of: world.pointee.socket_name) { Array($0) } } }

  func acceptProxy() -> Int32 { withWorld { ks_world_accept($0) } }

  func handOverChannel(_ connection: Int32) -> Bool {
    withWorld { ks_world_hand_over(connection, $0.pointee.memory) == 0 }
  }

  func handOverProgram(_ connection: Int32, _ program: HostProgram, slot: Int, channel: Int32) -> Bool {
    let file = withWorld { ks_world_program($0, UInt32(slot), channel, program.mode, program.uid, program.gid) }
    guard file >= 0 else { return false }
    defer { close(file) }
    return ks_world_hand_over(connection, file) == 0
  }
}

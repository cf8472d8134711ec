import CProxy
import Glibc
import LinuxKernel

/// Namespaces on this machine with a proxy for each task, and the memory through which they are spoken to.
final class HostWorld {
  private var world = ks_world()
  private var largeInUse: [Range<Int>] = []
  let startTime = HostClock.now

  /// Throws a sentence about what this machine lacks.
  struct Unavailable: Error { let reason: String }

  init() throws(Unavailable) {
    var options = ks_world_options()
    withUnsafeMutableBytes(of: &options.limits) { bytes in
      for (index, limit) in Kernel.initialLimits.enumerated() {
        bytes.storeBytes(of: limit.soft, toByteOffset: index * 16, as: UInt64.self)
        bytes.storeBytes(of: limit.hard, toByteOffset: index * 16 + 8, as: UInt64.self)
      }
    }
    var message = [CChar](repeating: 0, count: 600)
    let files = "\n" + Kernel.systemFiles.map { $0 + "\n" }.joined()
    let status = Kernel.hostName.withCString { name in
      files.withCString { files in
        options.host_name = name
        options.known_files = files
        return ks_world_start(&world, &options, &message, message.count)
      }
    }
    if status != 0 {
      throw Unavailable(reason: message.withUnsafeBufferPointer { String(cString: $0.baseAddress!) })
    }
  }

  /// Why this machine cannot be the referee; nil where it can: one world is made to see.
  static var unavailability: String? {
    do throws(Unavailable) {
      _ = try HostWorld()
      return nil
    } catch { return error.reason }
  }

  deinit { ks_world_stop(&world) }

  func withWorld<R>(_ body: (UnsafePointer<ks_world>) -> R) -> R { withUnsafePointer(to: &world) { body($0) } }

  var channel: UnsafeMutableRawPointer { UnsafeMutableRawPointer(world.channel) }
  func slot(_ index: Int) -> UnsafeMutablePointer<ks_slot> { ks_world_slot(&world, UInt32(index)) }
  /// The status of the first process as wait(2) tells it, once it has ended.
  var initStatus: Int32? {
    let header = ks_world_header(&world).unsafelyUnwrapped
    return header.pointee.has_ended != 0 ? header.pointee.init_status : nil
  }

  // MARK: Memory that calls point to

  /// A stretch of the channel, by its offset.
  struct Room {
    let offset: Int
    let count: Int
    var address: UInt64 { UInt64(KS_CHANNEL) + UInt64(offset) }
  }

  /// Room for a call that moves more than a slot holds; nil when there is none.
  func takeLarge(_ count: Int) -> Room? {
    let first = Int(KS_LARGE_ARENA), size = (count + 4095) / 4096 * 4096
    var start = 0
    for used in largeInUse {
      if used.lowerBound - start >= size { break }
      start = used.upperBound
    }
    guard start + size <= Int(KS_LARGE_SIZE) - 4096 else { return nil }
    largeInUse.append(start..<start + size)
    largeInUse.sort { $0.lowerBound < $1.lowerBound }
    return Room(offset: first + start, count: count)
  }

  /// Puts a few bytes where the channel ends, behind which nothing can be read.
  func placeBeforeNothing(_ bytes: [UInt8]) -> UInt64 {
    let offset = Int(KS_CHANNEL_SIZE) - bytes.count
    bytes.withUnsafeBytes {
      if let start = $0.baseAddress { (channel + offset).copyMemory(from: start, byteCount: bytes.count) }
    }
    return UInt64(KS_CHANNEL) + UInt64(offset)
  }

  func giveBack(_ room: Room) { largeInUse.removeAll { $0.lowerBound == room.offset - Int(KS_LARGE_ARENA) } }

  func bytes(_ room: Room, _ count: Int) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(start: channel + room.offset, count: min(count, room.count))
  }

  // MARK: What /proc tells

  /// What a proxy is doing, to the eye of the machine's kernel.
  enum State: Equatable {
    case running
    /// Asleep, with the line that tells in what: it stays the same while the sleep lasts.
    case asleep(String)
    case ended
  }

  /// Calls that wait for a child without being interruptible: vfork's, in clone(2) and clone3(2).
  private static let uninterruptibleCalls = ["56", "58", "435"]

  /// - Parameter tid: as the first process sees it.
  func state(of tid: Int32) -> State {
    guard let stat = read("\(tid)/stat"), let end = stat.lastIndex(of: ")") else { return .ended }
    let letter = stat[stat.index(end, offsetBy: 2)]
    if letter == "Z" || letter == "X" { return .ended }
    if letter == "R" { return .running }
    guard let call = read("\(tid)/syscall") else { return .ended }
    if call.hasPrefix("running") { return .running }
    if letter == "D", !HostWorld.uninterruptibleCalls.contains(String(call.prefix { $0 != " " })) { return .running }
    return .asleep(call)
  }

  /// The text of a file below the world's /proc; nil where it cannot be read.
  func read(_ path: String) -> String? {
    let file = openat(world.processes, path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return nil }
    defer { close(file) }
    return withUnsafeTemporaryAllocation(byteCount: 4096, alignment: 1) { buffer in
      let count = Glibc.read(file, buffer.baseAddress, buffer.count)
      return count > 0 ? String(decoding: UnsafeRawBufferPointer(rebasing: buffer[..<count]), as: UTF8.self) : nil
    }
  }

  /// Opens a file below the world's /proc; a descriptor, or -1.
  func open(ofTask path: String) -> Int32 { openat(world.processes, path, O_RDONLY | O_CLOEXEC) }

  /// What a symbolic link below the world's /proc holds.
  func link(_ path: String) -> String? {
    withUnsafeTemporaryAllocation(byteCount: 4096, alignment: 1) { buffer in
      let count = readlinkat(
        world.processes, path, buffer.baseAddress!.assumingMemoryBound(to: CChar.self), buffer.count)
      return count > 0 ? String(decoding: UnsafeRawBufferPointer(rebasing: buffer[..<count]), as: UTF8.self) : nil
    }
  }

  func names(_ path: String) -> [String] {
    let file = openat(world.processes, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard file >= 0, let directory = fdopendir(file) else { return [] }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
      if !name.hasPrefix(".") { names.append(name) }
    }
    return names
  }

  /// Bytes of a task's memory, as many as can be read.
  func memory(of tid: Int32, at address: UInt64, _ count: Int) -> [UInt8] {
    let file = openat(world.processes, "\(tid)/mem", O_RDONLY | O_CLOEXEC)
    guard file >= 0, count > 0 else { return [] }
    defer { close(file) }
    return [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
      filled = max(0, pread(file, buffer.baseAddress, count, off_t(Int64(bitPattern: address))))
    }
  }

  /// Writes to a task's memory; false where that is not all there.
  func setMemory(of tid: Int32, at address: UInt64, _ bytes: [UInt8]) -> Bool {
    let file = openat(world.processes, "\(tid)/mem", O_WRONLY | O_CLOEXEC)
    guard file >= 0 else { return false }
    defer { close(file) }
    return bytes.isEmpty || pwrite(file, bytes, bytes.count, off_t(Int64(bitPattern: address))) == bytes.count
  }

  // MARK: Files of the world

  private struct OpenHow {
    var flags: UInt64, mode: UInt64, resolve: UInt64
  }

  /// Opens a path of the world, which cannot lead out of it. openat2(2), RESOLVE_IN_ROOT.
  private func open(_ path: String, _ flags: Int32, _ mode: UInt64 = 0) -> Int32 {
    var how = OpenHow(flags: UInt64(flags | O_CLOEXEC), mode: mode, resolve: 0x10)
    return Int32(syscall_openat2(world.root, path, &how, MemoryLayout<OpenHow>.size))
  }

  private func syscall_openat2(_ root: Int32, _ path: String, _ how: UnsafeMutableRawPointer, _ size: Int) -> Int {
    path.withCString { Int(ks_openat2(root, $0, how, size)) }
  }

  /// nil, or the errno.
  func put(_ path: String, _ bytes: [UInt8]) -> Errno? {
    let file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o644)
    guard file >= 0 else { return Errno(errno) }
    defer { close(file) }
    var written = 0
    while written < bytes.count {
      let count = bytes.withUnsafeBytes { Glibc.write(file, $0.baseAddress! + written, $0.count - written) }
      guard count > 0 else { return Errno(errno) }
      written += count
    }
    return nil
  }

  func get(_ path: String) -> [UInt8]? {
    let file = open(path, O_RDONLY)
    guard file >= 0 else { return nil }
    defer { close(file) }
    var bytes: [UInt8] = [], buffer = [UInt8](repeating: 0, count: 65536)
    while true {
      let count = Glibc.read(file, &buffer, buffer.count)
      if count < 0 { return nil }
      if count == 0 { return bytes }
      bytes += buffer[..<count]
    }
  }

  // MARK: The console

  /// What was written to the console since the last time; `isLate`: something may be on its way still.
  func takeConsole(isLate: Bool, _ take: ([UInt8], _ isError: Bool) -> Void) {
    for (master, isError) in [(world.console.0, false), (world.console.1, true)] {
      var buffer = [UInt8](repeating: 0, count: 65536)
      while true {
        if isLate {
          var entry = pollfd(fd: master, events: Int16(POLLIN), revents: 0)
          if poll(&entry, 1, 1) <= 0 { break }
        }
        let count = Glibc.read(master, &buffer, buffer.count)
        if count <= 0 { break }
        take(Array(buffer[..<count]), isError)
      }
    }
  }

  /// Types a line; nil is the end of the input.
  func type(_ bytes: [UInt8]?) {
    let typed = bytes ?? [4]
    _ = typed.withUnsafeBytes { Glibc.write(world.console.0, $0.baseAddress, $0.count) }
  }
}

extension Syscall {
  /// ioctl(2). Linux: fs/ioctl.c, do_vfs_ioctl().
  static let ioctl = Syscall(
    16, "ioctl", "Does what a file knows beyond reading and writing; FIONREAD returns its number.",
    c: "int ioctl(int fd, unsigned long op, ...)",
    Param<FD>("fd"), Param<IoctlRequest>("op"), Param<Int?>(optional: "arg"),
    returns: "value",
    errors: [
      .EBADF: "fd is not open", .EINVAL: "an epoll or /dev/random does not know the operation",
      .ENOTTY: "the file does not know the operation",
    ]
  ) { (kernel: inout Kernel, me: TaskID, fd: FD, request: IoctlRequest, argument: Int?) throws(Stop) -> Int in
    let file = try kernel.file(fd, of: me)
    let table = kernel.tasks[me].files, number = Int(fd.number)
    switch request {
    case .closeOnExec: kernel.fileTables[table].descriptors[number].closesOnExec = true
    case .keepOnExec: kernel.fileTables[table].descriptors[number].closesOnExec = false
    case .nonblocking:
      if (argument ?? 0) != 0 {
        kernel.setStatus(of: file, kernel.files[file].status.union(.nonblock))
      } else {
        kernel.setStatus(of: file, kernel.files[file].status.subtracting(.nonblock))
      }
    case .readable: return try kernel.readableBytes(of: file)
    default: throw .errno(kernel.unknownOperation(of: file))
    }
    return 0
  }
}

extension Kernel {
  /// FIONREAD: how many bytes wait to be read.
  func readableBytes(of file: ID<OpenFile>) throws(Stop) -> Int {
    switch files[file].object {
    case .pipeReader(let pipe), .pipeWriter(let pipe), .fifo(let pipe): return pipes[pipe].byteCount
    case .console: return console.input.count
    case .inode(let inode):
      // A regular file by its size, which is 0 below /proc. Linux: file_ioctl().
      guard inodes[inode].isRegular else { throw .errno(unknownOperation(of: file)) }
      return Int(Int32(truncatingIfNeeded: size(of: inode) - files[file].position))
    case .messageQueue(let queue):
      return Int(Int32(truncatingIfNeeded: posixQueues[posix(queue)].statusSize - files[file].position))
    case .epoll, .eventCounter, .timer, .signals, .socket: throw .errno(unknownOperation(of: file))
    }
  }

  /// How a file refuses an operation that it does not know: those with operations of their own do it in their own way.
  /// Linux: ep_eventpoll_ioctl(), random_ioctl().
  func unknownOperation(of file: ID<OpenFile>) -> Errno {
    switch files[file].object {
    case .epoll: .EINVAL
    case .inode(let inode):
      inodes[inode].content.device.map { $0 == .random || $0 == .urandom } ?? false ? .EINVAL : .ENOTTY
    default: .ENOTTY
    }
  }
}

/// Linux: include/uapi/asm-generic/ioctls.h.
struct IoctlRequest: Choice, Equatable {
  let rawValue: Int32
  static let readable = IoctlRequest(rawValue: 0x541b), nonblocking = IoctlRequest(rawValue: 0x5421)
  static let keepOnExec = IoctlRequest(rawValue: 0x5450), closeOnExec = IoctlRequest(rawValue: 0x5451)
  static let names = NameSet(
    "ioctl operation", .values, ["FIONREAD": 0x541b, "FIONBIO": 0x5421, "FIONCLEX": 0x5450, "FIOCLEX": 0x5451])
}

import CProxy
import LinuxKernel

/// What the C library does around the kernel's own calls, and arguments whose meaning the operation decides.
enum HostLibrary {
  private static let getuid: Int64 = 102, getpriority: Int64 = 140, setpriority: Int64 = 141, clone: Int64 = 56

  /// Changes the registers of a call that was filled as its declaration says; false when something has no room.
  static func prepare(_ arguments: inout HostArguments, _ raw: Arguments, _ backend: HostBackend) -> Bool {
    switch arguments.declaration.name {
    case "sigqueue":
      // sigqueue(3): siginfo_t with what rt_sigqueueinfo(2) leaves to its caller.
      let signal = UInt32(truncatingIfNeeded: raw[1].word), task = arguments.task
      let uid = UInt32(truncatingIfNeeded: backend.perform(getuid, [], on: task))
      let code = UInt64(UInt32(bitPattern: -1))
      let words = [
        UInt64(signal), code, UInt64(UInt32(bitPattern: task.pid)) | UInt64(uid) << 32, UInt64(bitPattern: raw[2].word),
      ]
      guard let room = arguments.store(words.flatMap(littleEndian) + [UInt8](repeating: 0, count: 96)) else {
        return false
      }
      arguments.setRegister(2, room.address)
    case "prctl" where [2, 16, 37].contains(raw[0].word) && raw[1].form == .omitted:
      // PR_GET_PDEATHSIG, PR_GET_NAME and PR_GET_CHILD_SUBREAPER answer through a pointer.
      guard let room = arguments.store([UInt8](repeating: 0, count: 16)) else { return false }
      arguments.setRegister(1, room.address)
      arguments.setAnswer(room)
    case "fcntl" where raw[1].word == getOwner:
      // fcntl(3) asks so, since a group's number would look like an errno.
      guard let room = arguments.store([UInt8](repeating: 0, count: 8)) else { return false }
      arguments.setRegister(1, getOwnerExtended)
      arguments.setRegister(2, room.address)
      arguments.setAnswer(room)
    case "ioctl" where raw[1].word == fionread && raw[2].form == .absent:
      guard let room = arguments.store([UInt8](repeating: 0, count: 4)) else { return false }
      arguments.setRegister(2, room.address)
      arguments.setAnswer(room)
    case "ioctl" where raw[1].word == fionbio:
      guard let room = arguments.store(littleEndian(raw[2].word == 0 ? 0 : 1)) else { return false }
      arguments.setRegister(2, room.address)
    case "nice":
      // nice(3) asks and sets.
      let old = 20 - backend.perform(getpriority, [], on: arguments.task)
      arguments.setRegister(0, 0)
      arguments.setRegister(1, 0)
      arguments.setRegister(2, UInt64(bitPattern: old + min(max(raw[0].word, -40), 40)))
    default: return prepareControl(&arguments, raw, backend.world) && prepareQueue(&arguments, raw, backend)
    }
    return true
  }

  private static let getOwner: Int64 = 9, getOwnerExtended: UInt64 = 16, ownerIsGroup: Int32 = 2
  private static let fionread: Int64 = 0x541b, fionbio: Int64 = 0x5421

  /// The number of the call that is made.
  static func number(_ declaration: Syscall) -> Int64 {
    switch declaration.name {
    case "nice": setpriority
    case "vfork": clone
    default: Int64(declaration.number)
    }
  }

  static func finish(
    _ reply: inout HostReply, _ call: HostCall, _ result: Int64, _ backend: HostBackend, _ task: HostTask
  ) {
    guard let index = call.index else { return }
    switch Syscall.all[index].name {
    case "getpriority" where reply.errno == 0: reply.words[0] = 20 - reply.words[0]
    case "nice":
      if reply.errno == Errno.EACCES.code { reply.errno = Errno.EPERM.code }
      if reply.errno == 0 { reply.words[0] = 20 - backend.perform(getpriority, [], on: task) }
    case "prctl", "ioctl", "fcntl":
      guard reply.errno == 0, let answer = call.answer else { return }
      let bytes = backend.world.bytes(answer, answer.count)
      if Syscall.all[index].name == "fcntl" {
        let number = bytes.loadUnaligned(fromByteOffset: 4, as: Int32.self)
        reply.words[0] = Int64(bytes.loadUnaligned(as: Int32.self) == ownerIsGroup ? -number : number)
      } else if call.words[0] == 16, Syscall.all[index].name == "prctl" {
        reply.bytes = Array(bytes.prefix { $0 != 0 })
        reply.words[0] = Int64(reply.bytes.count)
        reply.hasBytes = true
      } else {
        reply.words[0] = Int64(bytes.loadUnaligned(as: Int32.self))
      }
    default:
      finishControl(&reply, call, backend, task)
      finishQueue(&reply, call, result, backend, task)
    }
  }
}

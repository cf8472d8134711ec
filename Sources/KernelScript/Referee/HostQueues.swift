import CProxy
import LinuxKernel

// Message queues: names that lose their slash, sizes that a queue knows, and types that C puts in front of the bytes.

extension HostLibrary {
  private static let getAttributes: Int64 = 245
  /// struct mq_attr, and where mq_msgsize is in it.
  private static let attributesSize = 64, messageSizeOffset = 16
  private static let typeSize = 8

  /// Calls in which a task's priority decides when it is served.
  private static let servedByPriority: Set = ["mq_send", "mq_timedsend", "mq_receive", "mq_timedreceive"]

  static func prepareQueue(_ arguments: inout HostArguments, _ raw: Arguments, _ backend: HostBackend) -> Bool {
    if servedByPriority.contains(arguments.declaration.name) { HostPriority.prepare(&arguments, backend) }
    switch arguments.declaration.name {
    case "mq_open", "mq_unlink":
      // mq_open(3): a name begins with a slash, which the kernel does not get.
      guard raw[0].form == .bytes else { return true }
      guard raw[0].count > 0, raw[0].view[0] == UInt8(ascii: "/") else {
        arguments.refuse(.EINVAL)
        return true
      }
      arguments.setRegister(0, arguments.call.registers[0] + 1)
    case "mq_receive", "mq_timedreceive":
      // Room for the longest message of the queue, where the script leaves it open.
      guard raw[1].form == .omitted || raw[1].form == .word && raw[1].word < 0 else { return true }
      guard let room = arguments.store([UInt8](repeating: 0, count: attributesSize)) else { return false }
      _ = backend.perform(getAttributes, [UInt64(bitPattern: raw[0].word), 0, room.address], on: arguments.task)
      let size = backend.world.bytes(room, attributesSize).loadUnaligned(
        fromByteOffset: messageSizeOffset, as: Int.self)
      guard let text = arguments.room(size) else { return false }
      arguments.replaceTransfer(text)
      arguments.setRegister(1, text.address)
      // A negative size is a great one.
      arguments.setRegister(2, raw[1].form == .omitted ? UInt64(size) : UInt64(bitPattern: raw[1].word))
    case "msgsnd":
      // struct msgbuf: the type, then the bytes.
      let size = raw[2].form == .bytes ? raw[2].count : min(max(raw[2].count, 0), 1 << 20)
      var bytes = littleEndian(UInt64(bitPattern: raw[1].word))
      if raw[2].form == .bytes {
        bytes += raw[2].view.array
      } else {
        let text = backend.world.memory(of: arguments.task.tid, at: UInt64(bitPattern: raw[2].word), size)
        // What cannot be read is not there for the kernel either.
        if text.count < size {
          arguments.setRegister(1, backend.world.placeBeforeNothing(bytes))
          return setSize(&arguments, raw)
        }
        bytes += text
      }
      guard let room = arguments.store(bytes) else { return false }
      arguments.setRegister(1, room.address)
      return setSize(&arguments, raw)
    case "msgrcv":
      let size = raw[1].form == .memory ? raw[1].count : Int(raw[1].word)
      guard let room = arguments.room(min(max(size, 0), 1 << 20) + typeSize) else { return false }
      arguments.setAnswer(room)
      arguments.setRegister(1, room.address)
    default: break
    }
    return true
  }

  private static func setSize(_ arguments: inout HostArguments, _ raw: Arguments) -> Bool {
    arguments.setRegister(2, UInt64(bitPattern: Int64(raw[2].count)))
    arguments.setRegister(3, UInt64(bitPattern: raw[3].word))
    return true
  }

  static func finishQueue(
    _ reply: inout HostReply, _ call: HostCall, _ result: Int64, _ backend: HostBackend, _ task: HostTask
  ) {
    guard let index = call.index, Syscall.all[index].name == "msgrcv", let room = call.answer, reply.errno == 0 else {
      return
    }
    let bytes = backend.world.bytes(room, room.count), text = Array(bytes[typeSize..<typeSize + Int(result)])
    let type = bytes.loadUnaligned(as: Int64.self)
    reply.words = [type, result, 0, 0]
    if call.isToMemory {
      reply.bytes = []
      reply.hasBytes = false
      // The message is lost all the same when its place is none. Linux: do_msg_fill().
      if !backend.world.setMemory(of: task.tid, at: UInt64(bitPattern: call.words[1]), text) {
        reply.errno = Errno.EFAULT.code
      }
    } else {
      reply.bytes = text
      reply.hasBytes = true
    }
  }
}

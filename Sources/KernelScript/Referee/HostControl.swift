import LinuxKernel

// Calls whose command decides what they answer (semctl, msgctl, shmctl), and the size of an attached segment.

extension HostLibrary {
  private static let shmctl: Int64 = 31, setAll: Int64 = 17
  private static let longestBeforeNothing = 4096
  /// SHM_STAT_ANY takes the slot, which the low bits of an identifier are, and asks for no permission.
  private static let statusOfSlot: UInt64 = 15, slotMask: UInt64 = 32767
  /// What no semaphore's value is: the end of a list whose length is not known.
  private static let filler: UInt8 = 0xff
  private static let longestList = 65536

  /// Gives the call room for what it answers, unless the script has given an address.
  static func prepareControl(_ arguments: inout HostArguments, _ raw: Arguments, _ world: HostWorld) -> Bool {
    let declaration = arguments.declaration
    if declaration.name == "semctl", raw[2].word == setAll, raw[3].form == .bytes, raw[3].count <= longestBeforeNothing
    {
      // A list that is too short is followed by nothing.
      arguments.setRegister(3, world.placeBeforeNothing(raw[3].view.array))
    }
    if declaration.name == "shmat" {
      guard let room = arguments.store([UInt8](repeating: 0, count: 112)) else { return false }
      arguments.setAnswer(room)
    }
    guard let place = declaration.parameters.indices.last,
      case .control(let forms) = declaration.parameters[place].kind,
      raw[place].form == .omitted || raw[place].form == .bytes, let answer = forms.answers[raw[place - 1].word]
    else { return true }
    let size = answer.form == ControlForms.list ? longestList : forms.layouts[Int(answer.form) - 1].size
    guard let room = arguments.store([UInt8](repeating: filler, count: size)) else { return false }
    arguments.setRegister(place, room.address)
    arguments.setAnswer(room)
    return true
  }

  static func finishControl(_ reply: inout HostReply, _ call: HostCall, _ backend: HostBackend, _ task: HostTask) {
    guard let room = call.answer, let index = call.index, reply.errno == 0 else { return }
    let declaration = Syscall.all[index]
    if declaration.name == "shmat" {
      _ = backend.perform(shmctl, [UInt64(bitPattern: call.words[0]) & slotMask, statusOfSlot, room.address], on: task)
      reply.words[1] = backend.world.bytes(room, 112).loadUnaligned(fromByteOffset: 48, as: Int64.self)
      return
    }
    guard let place = declaration.parameters.indices.last,
      case .control(let forms) = declaration.parameters[place].kind,
      let answer = forms.answers[call.words[place - 1]]
    else { return }
    reply.bytes = Array(backend.world.bytes(room, room.count))
    if answer.form == ControlForms.list {
      let end = stride(from: 0, to: reply.bytes.count, by: 2).first {
        reply.bytes[$0] == filler && reply.bytes[$0 + 1] == filler
      }
      reply.bytes.removeSubrange((end ?? reply.bytes.count)...)
    }
    reply.words[1] = answer.form
    reply.words[2] = answer.hasNumber ? 1 : 0
  }
}

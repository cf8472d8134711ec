// Calls whose command decides what their last argument is and what they answer: semctl, msgctl, shmctl.

/// What such a call takes and gives besides numbers.
public struct ControlForms: Sendable {
  /// The structures that it gives; the first is also the one that it takes.
  public let layouts: [Layout]
  /// Bytes of an integer in the lists that it takes and gives; 0 where there are none.
  public let listedSize: Int
  /// The commands that answer more than a number, with what they answer (as below), and whether a number goes with it.
  public let answers: [Int64: Answer]

  public struct Answer: Sendable {
    public let form: Int64
    public let hasNumber: Bool
  }

  init(_ layouts: Layout..., listing size: Int = 0, lists: [Int64] = [], answers: KeyValuePairs<Int64, (Int64, Bool)>) {
    self.layouts = layouts
    listedSize = size
    var found: [Int64: Answer] = [:]
    for command in lists { found[command] = Answer(form: ControlForms.list, hasNumber: false) }
    for (command, (form, hasNumber)) in answers { found[command] = Answer(form: form, hasNumber: hasNumber) }
    self.answers = found
  }

  /// Of the answer's second word: a list, a number, or 1 for the first of the layouts and so on.
  public static let list: Int64 = -1, number: Int64 = 0
}

/// A call of this kind, as a type to name in its declaration.
protocol Control: Sendable {
  static var forms: ControlForms { get }
}

/// What a command takes: a number, a structure or list, or an address. It is looked at when the call gets that far.
struct ControlArgument<Call: Control>: Argument, @unchecked Sendable {
  private let raw: RawArgument

  static var kind: ArgumentKind { .control(Call.forms) }
  @inline(__always)
  static func decode(_ raw: RawArgument, _ kernel: inout Kernel, _ me: TaskID) throws(Stop) -> ControlArgument {
    ControlArgument(raw: raw)
  }

  var number: Int32 { Int32(truncatingIfNeeded: raw.word) }
  private var address: UInt64 { UInt64(bitPattern: raw.word) }

  /// `count` bytes of what was handed over. Linux: copy_from_user(). Throws EFAULT.
  func bytes(_ count: Int, _ kernel: inout Kernel, _ me: TaskID) throws(Stop) -> [UInt8] {
    guard raw.form == .bytes else { return try kernel.memory(address, count, of: me) }
    guard raw.view.count >= count else { throw .errno(.EFAULT) }
    return raw.view.slice(0, count).array
  }

  /// The structure that the call takes.
  func structure(_ kernel: inout Kernel, _ me: TaskID) throws(Stop) -> [UInt8] {
    try bytes(Call.forms.layouts[0].size, &kernel, me)
  }

  /// Answers with what the body has put into the output for a command, and a number where C returns one that tells
  /// something. A caller that gave an address finds it there. Linux: copy_to_user(). Throws EFAULT.
  func answer(_ command: Int32, with number: Int = 0, _ kernel: inout Kernel, _ me: TaskID) throws(Stop)
    -> ControlAnswer<Call>
  {
    guard let answer = Call.forms.answers[Int64(command)] else { preconditionFailure("no such answer is declared") }
    if raw.form == .word || raw.form == .memory {
      try kernel.setMemory(kernel.output.view.array, at: address, of: me)
      kernel.output.clear()
      return ControlAnswer(number)
    }
    return ControlAnswer(form: answer.form, number: answer.hasNumber ? number : nil)
  }
}

/// What a command answers: a number, or what is in the output.
struct ControlAnswer<Call: Control>: Returned {
  private let form: Int64
  private let number: Int?

  init(_ number: Int = 0) {
    form = ControlForms.number
    self.number = number
  }

  fileprivate init(form: Int64, number: Int?) {
    self.form = form
    self.number = number
  }

  static var results: [ResultKind] { [.control(Call.forms)] }
  func store(_ kernel: inout Kernel) {
    kernel.reply.words[0] = Int64(number ?? 0)
    kernel.reply.words[1] = form
    kernel.reply.words[2] = number == nil ? 0 : 1
  }
}

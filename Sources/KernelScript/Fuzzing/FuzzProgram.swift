import LinuxKernel

/// A value as a generated script writes it.
indirect enum FuzzValue: Equatable, Sendable {
  case absent
  case integer(Int64)
  /// Names of constants, paths, data: a quoted string.
  case text(String)
  case repeated(String, Int)
  /// What an earlier call has returned, or a number where it failed or was not made.
  case result(Int, otherwise: Int64)
  case negated(Int, otherwise: Int64)
  /// An address inside an earlier mapping.
  case address(Int, offset: Int64)
  /// One of the script's buffers, and where it lies.
  case buffer(Int)
  case bufferAddress(Int)
  case list([FuzzValue])
  case table([FuzzField])
  /// The script's handler of signals, which makes a call itself.
  case handler
  /// What a new task does.
  case body([FuzzStep])

  /// The variables that it reads.
  var uses: [Int] {
    switch self {
    case .result(let number, _), .negated(let number, _), .address(let number, _): [number]
    case .list(let values): values.flatMap(\.uses)
    case .table(let fields): fields.flatMap(\.value.uses)
    case .body(let steps): steps.flatMap(\.uses)
    default: []
    }
  }
}

struct FuzzField: Equatable, Sendable {
  let name: String
  var value: FuzzValue
}

/// One statement of a generated script: a call, or ks.settle().
struct FuzzStep: Equatable, Sendable {
  /// Tells it from all others of its program, however many of those are taken away.
  let number: Int
  /// nil is ks.settle().
  let call: String?
  var arguments: [FuzzValue]
  /// Variables for its results; nil for one that nobody asks for.
  var results: [Int?] = []

  var uses: [Int] { arguments.flatMap(\.uses) }

  /// The position of the argument that holds another task's steps.
  var bodyPosition: Int? {
    arguments.firstIndex { if case .body = $0 { true } else { false } }
  }

  var body: [FuzzStep] {
    get {
      guard let position = bodyPosition, case .body(let steps) = arguments[position] else { return [] }
      return steps
    }
    set { if let position = bodyPosition { arguments[position] = .body(newValue) } }
  }
}

/// A script as a value, so that parts of it can be taken away.
struct FuzzProgram: Equatable, Sendable {
  var steps: [FuzzStep]

  /// All steps in the order of the text, those of new tasks behind what makes them.
  var all: [FuzzStep] { FuzzProgram.all(steps) }

  private static func all(_ steps: [FuzzStep]) -> [FuzzStep] { steps.flatMap { [$0] + all($0.body) } }

  var callCount: Int { all.filter { $0.call != nil }.count }

  func without(_ numbers: Set<Int>) -> FuzzProgram { FuzzProgram(steps: FuzzProgram.remove(numbers, steps)) }

  private static func remove(_ numbers: Set<Int>, _ steps: [FuzzStep]) -> [FuzzStep] {
    steps.filter { !numbers.contains($0.number) }.map { step in
      var step = step
      if step.bodyPosition != nil { step.body = remove(numbers, step.body) }
      return step
    }
  }

  /// The program with one step changed.
  func changing(_ number: Int, _ change: (inout FuzzStep) -> Void) -> FuzzProgram {
    FuzzProgram(steps: FuzzProgram.change(number, steps, change))
  }

  private static func change(_ number: Int, _ steps: [FuzzStep], _ change: (inout FuzzStep) -> Void) -> [FuzzStep] {
    steps.map { step in
      var step = step
      if step.number == number {
        change(&step)
      } else if step.bodyPosition != nil {
        step.body = self.change(number, step.body, change)
      }
      return step
    }
  }

  func step(_ number: Int) -> FuzzStep? { all.first { $0.number == number } }
}

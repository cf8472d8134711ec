import CShim
import Glibc
import LinuxKernel

/// Why a script could not be read or loaded, or which of its errors nothing caught.
public struct ScriptError: Error, Sendable, CustomStringConvertible {
  public let message: String
  public init(message: String) { self.message = message }
  public var description: String { message }
}

extension Machine {
  /// How far a run may go.
  public enum Limit: Sendable {
    case none
    /// Times that a task is given the processor. One that computes without end takes one step for ever.
    case steps(Int)
    /// Lua instructions of all tasks together, in thousands as the interpreter counts them. Ends anything.
    case instructions(UInt64)
  }

  /// A machine that will run a Lua file as task 1. What it writes goes to this process' own output, until `console` is
  /// set.
  public convenience init(script path: String, arguments: [String] = [], seed: UInt64 = 0) throws(ScriptError) {
    var options = Options()
    options.seed = seed
    options.moduleFolder = path.contains("/") ? String(path[..<path.lastIndex(of: "/")!]) : "."
    guard let text = HostFile.read(path) else {
      throw ScriptError(message: "\(path): \(String(cString: strerror(errno)))")
    }
    try self.init(text: text, name: path, arguments: arguments, options: options)
  }

  /// A machine that will run a text as task 1; `name` is what messages call it.
  public convenience init(
    text: [UInt8], name: String, arguments: [String] = [], options: Options = Options()
  ) throws(ScriptError) {
    self.init(
      options: options,
      console: { bytes, isError in Machine.writeToProcess(bytes.array, isError ? STDERR_FILENO : STDOUT_FILENO) },
      report: { _ in })
    report = { [unowned self] in failures.append($0) }
    if let message = load(text, name: name, arguments: arguments) { throw ScriptError(message: message) }
  }

  private static func writeToProcess(_ bytes: [UInt8], _ descriptor: Int32) {
    var done = 0
    while done < bytes.count {
      let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress! + done, bytes.count - done) }
      if count < 0, errno != EINTR { return }
      done += max(count, 0)
    }
  }

  /// Runs until task 1 has ended, nothing can go on, or the limit is reached; after `.steps` a further call goes on
  /// from there.
  ///
  /// - Throws: the first error of a task that nothing caught, when the run is over.
  public func run(limit: Limit) throws(ScriptError) -> Outcome {
    let before = failureCount
    var left = Int.max
    switch limit {
    case .none: break
    case .steps(let count): left = count
    case .instructions(let count): ks_limit_instructions(state, count)
    }
    while true {
      guard left > 0 else { return .limit("the limit of steps is reached") }
      left -= 1
      let outcome = core.pointee.kernel.schedule().map { step($0) } ?? withNobodyRunnable()
      guard let outcome else { continue }
      if failureCount > before, let failure = failures.first { throw ScriptError(message: failure) }
      return outcome
    }
  }
}

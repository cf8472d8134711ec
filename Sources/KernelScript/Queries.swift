import CShim
import LinuxKernel

/// What the preludes ask of the machine besides system calls. An answer's shape is a letter: see calls.h.
extension Machine {
  func query(_ operation: String, _ arguments: QueryArguments, _ core: UnsafeMutablePointer<Core>) -> Int32 {
    switch operation {
    case "buffer":
      guard let address = core.pointee.kernel.allocateBuffer(Int(arguments.word(0)), for: core.pointee.current) else {
        return nothing
      }
      return answer(Int64(bitPattern: address))
    case "backend": return answer("emulated")
    case "now":
      core.pointee.answer.pointee.words.0 = core.pointee.kernel.time
      return letter("d")
    case "task_id": return answer(Int64(core.pointee.kernel.tid(of: core.pointee.current)))
    case "console":
      write(arguments.view(0), isError: arguments.word(1) != 0, core)
      return nothing
    case "declaration": return answer(LuaText.declaration(Int(arguments.word(0))))
    case "layout": return Layouts.layout(arguments.string(0)).map { answer(LuaText.layout($0)) } ?? nothing
    case "set": return Constants.set(arguments.string(0)).map { answer(LuaText.set($0)) } ?? nothing
    case "constant": return Constants.value(of: arguments.string(0)).map { answer($0) } ?? nothing
    case "constants": return answer(Constants.names.joined(separator: " "))
    case "calls": return answer(Syscall.all.map(\.name).joined(separator: " "))
    case "missing": return Missing.reason(arguments.string(0)).map { answer($0) } ?? nothing
    case "errno":
      let errno = Errno(Int32(truncatingIfNeeded: arguments.word(0)))
      return answer("\(errno.name) \(errno.message)")
    case "release": return answer(Kernel.release)
    case "task":
      return core.pointee.kernel.task(Int32(truncatingIfNeeded: arguments.word(0))).map {
        answer(LuaText.task($0, core))
      } ?? nothing
    case "stats":
      let policy = (core.pointee.driven?.options ?? options).policy
      return answer(
        LuaText.stats(calls: core.pointee.callCount, tasks: core.pointee.kernel.taskCount, policy))
    case "environment":
      let environment = core.pointee.driven?.options.environment ?? options.environment
      return environment[arguments.string(0)].map { answer($0) } ?? nothing
    case "environment_names":
      let environment = core.pointee.driven?.options.environment ?? options.environment
      return answer(environment.keys.sorted().joined(separator: "\n"))
    case "seed": return answer(Int64(bitPattern: (core.pointee.driven?.options ?? options).seed))
    case "main": return answer(Array((mainName + "\n").utf8) + mainText)
    case "main_argument":
      let index = Int(arguments.word(0))
      return mainArguments.indices.contains(index) ? answer(mainArguments[index]) : nothing
    case "prelude":
      return Prelude.text(arguments.string(0)).map { answer(String(decoding: $0, as: UTF8.self)) } ?? nothing
    case "put":
      do throws(Errno) {
        try core.pointee.kernel.put(arguments.string(0), arguments.view(1).array)
        if core.pointee.kernel.isOutOfMemory { ks_exhaust(state) }
        return nothing
      } catch { return answer("\(error.name) (\(error.message))") }
    case "get":
      // nil for a file that is not there, as for io.open.
      do throws(Errno) { return answer(try core.pointee.kernel.get(arguments.string(0))) } catch { return nothing }
    case "differs":
      // A reason begins a part that may differ, none ends it.
      let tid = backend?.current.tid ?? core.pointee.kernel.tid(of: core.pointee.current)
      if arguments.isAbsent(0) {
        differenceReasons[tid]?.removeLast()
      } else {
        differenceReasons[tid, default: []].append(arguments.string(0))
      }
      return nothing
    case "report":
      reports.append((0..<arguments.count).map { arguments.string($0) })
      return nothing
    case "line_wait": return letter("b")
    case "spec_source": return answer(specSource)
    case "leaks": return leaks(core).map { answer($0) } ?? nothing
    case "module": return module(arguments.string(0)).map { answer($0) } ?? nothing
    case "host_functions": return answer(hostFunctions.keys.sorted().joined(separator: " "))
    case "host_call": return callHost(arguments.string(0), arguments.view(1))
    default: return queryDriven(operation, arguments) ?? fail("the machine knows no \(operation)")
    }
  }

  /// Puts "name(arguments): ENAME (text)" where C finds it, and how long the name and arguments are.
  func describe(_ index: Int, _ arguments: Arguments, _ error: Int32, _ into: UnsafeMutablePointer<ks_answer>) {
    let call = Syscall.all[index], errno = Errno(error)
    let head = "\(call.name)(\(call.describe(arguments)))"
    answer("\(head): \(errno.name) (\(errno.message))")
    into.pointee.words.0 = Int64(head.utf8.count)
  }

  func letter(_ letter: Character) -> Int32 { Int32(letter.asciiValue!) }
  var nothing: Int32 { letter("n") }

  func answer(_ value: Int64) -> Int32 {
    core.pointee.answer.pointee.words.0 = value
    return letter("i")
  }

  func answer(_ bytes: [UInt8]) -> Int32 {
    scratch.clear()
    scratch.append(bytes)
    core.pointee.answer.pointee.bytes = scratch.pointer.baseAddress
    core.pointee.answer.pointee.count = Int64(bytes.count)
    return letter("s")
  }

  /// Puts text where C finds it, until the next answer.
  @discardableResult
  func answer(_ text: String) -> Int32 {
    scratch.clear()
    var text = text
    text.withUTF8 { scratch.append(ByteView(UnsafeRawBufferPointer($0))) }
    let bytes = scratch.pointer
    core.pointee.answer.pointee.bytes = bytes.baseAddress
    core.pointee.answer.pointee.count = Int64(bytes.count)
    return letter("s")
  }

  func fail(_ message: String) -> Int32 {
    answer(message)
    return letter("e")
  }
}

import CLua
import CShim
import LinuxKernel

// Programs that tasks run from execve on: each in a coroutine of its own, with globals of its own (drive.lua).

extension Machine {
  /// Where a task is to run another program, puts that one's coroutine in the place of the old one, of which nothing is
  /// left. Returns the task, which goes on at once.
  func replaceProgram(_ core: UnsafeMutablePointer<Core>) -> TaskID? {
    guard let program = core.pointee.kernel.takeNewProgram() else { return nil }
    for task in [program.former, program.task] {
      guard let task, let thread = core.pointee.thread(of: task) else { continue }
      ks_release_task(state, thread)
      core.pointee.setThread(nil, of: task)
    }
    differenceReasons[program.formerTID] = nil
    core.pointee.setThread(begin(program), of: program.task)
    return program.task
  }

  private func begin(_ program: NewProgram) -> OpaquePointer {
    switch program.image {
    case .text(let text): begin(text, isRegistered: false, program.path, program.arguments, program.environment)
    case .registered(let name): begin(name, isRegistered: true, program.path, program.arguments, program.environment)
    }
  }

  /// A coroutine that begins a program.
  ///
  /// - Parameter image: its Lua text, or the name under which a script has registered it.
  func begin(
    _ image: [UInt8], isRegistered: Bool, _ path: [UInt8], _ arguments: [[UInt8]], _ environment: [[UInt8]]
  ) -> OpaquePointer {
    // What does not fit is told by the program itself, which runs protected.
    let limit = interpreter.pointee.memory_limit
    interpreter.pointee.memory_limit = 0
    defer { interpreter.pointee.memory_limit = limit }
    lua_checkstack(state, 12)
    let function = lua_gettop(state) + 1
    lua_getfield(state, Prelude.registry, "ks.begin")
    lua_pushboolean(state, isRegistered ? 1 : 0)
    push(image)
    push(path)
    push(environment.flatMap { $0 + [0] })
    push(arguments.flatMap { $0 + [0] })
    return ks_new_task(state, function)
  }

  private func push(_ bytes: [UInt8]) {
    bytes.withUnsafeBytes { _ = lua_pushlstring(state, $0.baseAddress?.assumingMemoryBound(to: CChar.self), $0.count) }
  }
}

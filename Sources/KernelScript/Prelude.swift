import CLua
import CShim

/// The Lua part of the machine, embedded at build time.
enum Prelude {
  /// LUA_REGISTRYINDEX, which is a macro of an expression.
  static let registry: Int32 = -LUAI_MAXSTACK - 1000

  /// Runs the preludes: core functions, structures and values, the kscript module, then what stands for Lua's io and
  /// os.
  static func load(into state: OpaquePointer) {
    ks_open_core(state)  // 1
    lua_pushvalue(state, 1)
    lua_setfield(state, Prelude.registry, "ks.core")
    lua_pushvalue(state, 1)
    run("structures", PackageResources.structures_lua, 1, state)
    lua_pushvalue(state, 1)
    lua_rotate(state, 2, 1)
    run("values", PackageResources.values_lua, 2, state)  // 2
    lua_pushvalue(state, 1)
    lua_pushvalue(state, 2)
    run("kscript", PackageResources.kscript_lua, 2, state)  // 3
    lua_pushvalue(state, 1)
    lua_pushvalue(state, 2)
    lua_pushvalue(state, 3)
    run("world", PackageResources.world_lua, 3, state)
    lua_settop(state, 0)
  }

  /// The text of a prelude that is loaded when it is first needed.
  static func text(_ name: String) -> [UInt8]? {
    switch name {
    case "inspect": PackageResources.inspect_lua
    case "assertions": PackageResources.assertions_lua
    case "session": PackageResources.session_lua
    case "spec": PackageResources.spec_lua
    case "specs": PackageResources.specs_lua
    case "io": PackageResources.io_lua
    case "os": PackageResources.os_lua
    case "drive": PackageResources.drive_lua
    case "environments": PackageResources.environments_lua
    case "posix": PackageResources.posix_lua
    case "posix_base": PackageResources.posix_base_lua
    case "posix_dirent": PackageResources.posix_dirent_lua
    case "posix_errno": PackageResources.posix_errno_lua
    case "posix_fcntl": PackageResources.posix_fcntl_lua
    case "posix_getopt": PackageResources.posix_getopt_lua
    case "posix_libgen": PackageResources.posix_libgen_lua
    case "posix_older": PackageResources.posix_older_lua
    case "posix_poll": PackageResources.posix_poll_lua
    case "posix_process": PackageResources.posix_process_lua
    case "posix_signal": PackageResources.posix_signal_lua
    case "posix_stdio": PackageResources.posix_stdio_lua
    case "posix_stdlib": PackageResources.posix_stdlib_lua
    case "posix_sys_msg": PackageResources.posix_sys_msg_lua
    case "posix_sys_resource": PackageResources.posix_sys_resource_lua
    case "posix_sys_stat": PackageResources.posix_sys_stat_lua
    case "posix_sys_time": PackageResources.posix_sys_time_lua
    case "posix_sys_times": PackageResources.posix_sys_times_lua
    case "posix_sys_utsname": PackageResources.posix_sys_utsname_lua
    case "posix_sys_wait": PackageResources.posix_sys_wait_lua
    case "posix_time": PackageResources.posix_time_lua
    case "posix_unistd": PackageResources.posix_unistd_lua
    case "posix_utime": PackageResources.posix_utime_lua
    default: nil
    }
  }

  private static func run(_ name: String, _ text: [UInt8], _ arguments: Int32, _ state: OpaquePointer) {
    let status = text.withUnsafeBytes { bytes in
      ks_run_prelude(
        state, "=kscript:" + name, bytes.baseAddress!.assumingMemoryBound(to: CChar.self), bytes.count, arguments)
    }
    guard status == LUA_OK else { fatalError("prelude \(name): " + String(cString: lua_tolstring(state, -1, nil))) }
  }
}

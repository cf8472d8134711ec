extension Syscall {
  /// getgroups(2). Linux: kernel/groups.c.
  static let getgroups = Syscall(
    115, "getgroups", "Returns the caller's supplementary groups.",
    c: "int getgroups(int size, gid_t list[])",
    raw: "int getgroups(int size, gid_t list[.size])",
    returns: "list"
  ) { (kernel: inout Kernel, me: TaskID) throws(Stop) -> GroupList in
    GroupList(ids: kernel.tasks[me].credentials.groups)
  }

  /// setgroups(2).
  static let setgroups = Syscall(
    116, "setgroups", "Sets the caller's supplementary groups; they are kept sorted.",
    c: "int setgroups(size_t size, const gid_t *_Nullable list)",
    raw: "int setgroups(int size, const gid_t list[.size])",
    Param<GroupList>("list"),
    returns: "zero",
    errors: [.EINVAL: "there are more than 65536, or one is -1", .EPERM: "the caller lacks CAP_SETGID"]
  ) { (kernel: inout Kernel, me: TaskID, groups: GroupList) throws(Stop) -> Done in
    guard kernel.tasks[me].credentials.has(.setgid) else { throw .errno(.EPERM) }
    guard groups.ids.count <= GroupList.limit, !groups.ids.contains(.max) else { throw .errno(.EINVAL) }
    var new = kernel.tasks[me].credentials
    new.groups = groups.ids.sorted()
    kernel.commit(new, for: me)
    return Done()
  }
}

/// A list of group ids.
struct GroupList: Argument, Returned {
  /// NGROUPS_MAX.
  static let limit = 65536

  let ids: [UInt32]

  static var kind: ArgumentKind { .integers(4) }
  static var results: [ResultKind] { [.integers(4)] }

  static func decode(_ raw: RawArgument, _ kernel: inout Kernel, _ me: TaskID) throws(Stop) -> GroupList {
    guard raw.form == .bytes else { return GroupList(ids: []) }
    let view = raw.view
    return GroupList(ids: (0..<view.count / 4).map { view.load(at: $0 * 4) })
  }

  func store(_ kernel: inout Kernel) {
    for id in ids { kernel.output.append(id) }
  }
}

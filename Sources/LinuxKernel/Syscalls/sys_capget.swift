extension Syscall {
  /// capget(2). Linux: kernel/capability.c.
  static let capget = Syscall(
    125, "capget", "Returns the capabilities of a thread, as two parts of 32 each.",
    c: "int syscall(SYS_capget, cap_user_header_t hdrp, cap_user_data_t datap)",
    raw: "int capget(struct cap_user_header *hdrp, struct cap_user_data datap[2])",
    Param<CapabilityHeader>("hdrp"),
    returns: "datap",
    errors: [
      .EFAULT: "hdrp lies outside the caller's memory", .EINVAL: "the version is not the third, or pid is negative",
      .ESRCH: "no such thread exists",
    ]
  ) { (kernel: inout Kernel, me: TaskID, header: CapabilityHeader) throws(Stop) -> CapabilityData in
    guard header.version == CapabilityHeader.third, header.pid >= 0 else { throw .errno(.EINVAL) }
    guard let task = header.pid == 0 ? me : kernel.task(header.pid) else { throw .errno(.ESRCH) }
    let credentials = kernel.tasks[task].credentials
    return CapabilityData(
      effective: credentials.effective, permitted: credentials.permitted, inheritable: credentials.inheritable)
  }

  /// capset(2). Linux: kernel/capability.c, security/commoncap.c, cap_capset().
  static let capset = Syscall(
    126, "capset", "Sets the caller's capabilities.",
    c: "int syscall(SYS_capset, cap_user_header_t hdrp, const cap_user_data_t datap)",
    raw: "int capset(struct cap_user_header *hdrp, const struct cap_user_data datap[2])",
    Param<CapabilityHeader>("hdrp"), Param<CapabilityData>("datap"),
    returns: "zero",
    errors: [
      .EFAULT: "an argument lies outside the caller's memory", .EINVAL: "the version is not the third",
      .EPERM: "the thread is another, or one would be added that the caller cannot have",
    ]
  ) { (kernel: inout Kernel, me: TaskID, header: CapabilityHeader, data: CapabilityData) throws(Stop) -> Done in
    guard header.version == CapabilityHeader.third else { throw .errno(.EINVAL) }
    guard header.pid == 0 || header.pid == kernel.tasks[me].tid else { throw .errno(.EPERM) }
    let old = kernel.tasks[me].credentials, all = Capability.all
    var new = old
    (new.effective, new.permitted, new.inheritable) = (
      data.effective & all, data.permitted & all, data.inheritable & all
    )
    guard old.has(.setpcap) || new.inheritable & ~(old.inheritable | old.permitted) == 0,
      new.inheritable & ~(old.inheritable | old.bounding) == 0, new.permitted & ~old.permitted == 0,
      new.effective & ~new.permitted == 0
    else { throw .errno(.EPERM) }
    new.ambient &= new.permitted & new.inheritable
    kernel.commit(new, for: me)
    return Done()
  }
}

extension Layout {
  static let capabilityHeader = Layout("cap_user_header", size: 8, [Field("version", 0, .u32), Field("pid", 4, .i32)])
  static let capabilityData = Layout(
    "cap_user_data", size: 12,
    [Field("effective", 0, .u32), Field("permitted", 4, .u32), Field("inheritable", 8, .u32)])
}

struct CapabilityHeader: Argument {
  /// _LINUX_CAPABILITY_VERSION_3, the only one in use.
  static let third: UInt32 = 0x2008_0522
  let version: UInt32
  let pid: Int32

  static var kind: ArgumentKind { .structure(.capabilityHeader) }
  static func decode(_ raw: RawArgument, _ kernel: inout Kernel, _ me: TaskID) throws(Stop) -> CapabilityHeader {
    try raw.structure(8, &kernel, me).withByteView { CapabilityHeader(version: $0.load(at: 0), pid: $0.load(at: 4)) }
  }
}

/// Three sets, each in two halves of 32 bits: the lower ones of all come first.
struct CapabilityData: Argument, Returned {
  let effective, permitted, inheritable: UInt64

  static var kind: ArgumentKind { .structures(.capabilityData) }
  static var results: [ResultKind] { [.structures(.capabilityData)] }

  static func decode(_ raw: RawArgument, _ kernel: inout Kernel, _ me: TaskID) throws(Stop) -> CapabilityData {
    try raw.structure(24, &kernel, me).withByteView { view in
      func join(_ offset: Int) -> UInt64 {
        UInt64(view.load(UInt32.self, at: offset)) | UInt64(view.load(UInt32.self, at: offset + 12)) << 32
      }
      return CapabilityData(effective: join(0), permitted: join(4), inheritable: join(8))
    }
  }

  func store(_ kernel: inout Kernel) {
    kernel.reply.words[0] = 0
    for shift in [UInt64(0), 32] {
      for set in [effective, permitted, inheritable] { kernel.output.append(UInt32(truncatingIfNeeded: set >> shift)) }
    }
  }
}

// System V objects as C sees them on x86-64. Linux: include/uapi/linux/ipc.h, sem.h, shm.h, asm-generic/ipcbuf.h.

extension Layout {
  /// A mode may be a string of octal digits, as everywhere.
  private static let modeNames = NameSet("mode", .bits, [:], acceptsMode: true)

  /// The manual's names; the kernel's own, without underscores, are understood too.
  static let ipcPerm = Layout(
    "ipc_perm", size: 48,
    [
      Field("__key", 0, .i32), Field("key", 0, .i32, isAlias: true), Field("uid", 4, .u32), Field("gid", 8, .u32),
      Field("cuid", 12, .u32), Field("cgid", 16, .u32), Field("mode", 20, .u32, names: modeNames),
      Field("__seq", 24, .u16),
      Field("seq", 24, .u16, isAlias: true),
    ])

  static let sembuf = Layout(
    "sembuf", size: 6,
    [
      Field("sem_num", 0, .u16), Field("sem_op", 2, .i16),
      Field("sem_flg", 4, .i16, names: SemaphoreOperation.flagNames),
    ])

  static let semidDS = Layout(
    "semid_ds", size: 104,
    [
      Field("sem_perm", 0, .structure(ipcPerm)), Field("sem_otime", 48, .i64), Field("sem_ctime", 64, .i64),
      Field("sem_nsems", 80, .u64),
    ])

  static let seminfo = Layout(
    "seminfo", size: 40,
    [
      Field("semmap", 0, .i32), Field("semmni", 4, .i32), Field("semmns", 8, .i32), Field("semmnu", 12, .i32),
      Field("semmsl", 16, .i32), Field("semopm", 20, .i32), Field("semume", 24, .i32), Field("semusz", 28, .i32),
      Field("semvmx", 32, .i32), Field("semaem", 36, .i32),
    ])

  static let shmidDS = Layout(
    "shmid_ds", size: 112,
    [
      Field("shm_perm", 0, .structure(ipcPerm)), Field("shm_segsz", 48, .u64), Field("shm_atime", 56, .i64),
      Field("shm_dtime", 64, .i64), Field("shm_ctime", 72, .i64), Field("shm_cpid", 80, .i32),
      Field("shm_lpid", 84, .i32),
      Field("shm_nattch", 88, .u64),
    ])

  static let shminfo = Layout(
    "shminfo", size: 72,
    [
      Field("shmmax", 0, .u64), Field("shmmin", 8, .u64), Field("shmmni", 16, .u64), Field("shmseg", 24, .u64),
      Field("shmall", 32, .u64),
    ])

  static let shmInfo = Layout(
    "shm_info", size: 48,
    [
      Field("used_ids", 0, .i32), Field("shm_tot", 8, .u64), Field("shm_rss", 16, .u64), Field("shm_swp", 24, .u64),
      Field("swap_attempts", 32, .u64), Field("swap_successes", 40, .u64),
    ])
}

extension Layout {
  static let msqidDS = Layout(
    "msqid_ds", size: 120,
    [
      Field("msg_perm", 0, .structure(ipcPerm)), Field("msg_stime", 48, .i64), Field("msg_rtime", 56, .i64),
      Field("msg_ctime", 64, .i64), Field("msg_cbytes", 72, .u64), Field("__msg_cbytes", 72, .u64, isAlias: true),
      Field("msg_qnum", 80, .u64), Field("msg_qbytes", 88, .u64), Field("msg_lspid", 96, .i32),
      Field("msg_lrpid", 100, .i32),
    ])

  static let msginfo = Layout(
    "msginfo", size: 32,
    [
      Field("msgpool", 0, .i32), Field("msgmap", 4, .i32), Field("msgmax", 8, .i32), Field("msgmnb", 12, .i32),
      Field("msgmni", 16, .i32), Field("msgssz", 20, .i32), Field("msgtql", 24, .i32), Field("msgseg", 28, .u16),
    ])
}

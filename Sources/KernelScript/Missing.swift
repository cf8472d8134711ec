/// What of Linux is known and not built yet: told by `kscript list --missing`, and to whoever calls it.
public enum Missing {
  public struct Entry: Sendable {
    public let names: [String]
    public let reason: String
  }

  public static let entries: [Entry] = [
    Entry(names: ["io_uring_setup", "io_uring_enter", "io_uring_register", "io_uring"], reason: "io_uring comes with its own rings"),
    Entry(names: ["msgget", "msgsnd", "msgrcv", "msgctl"], reason: "System V message queues come next"),
    Entry(names: ["semget", "semop", "semtimedop", "semctl"], reason: "System V semaphores come next"),
    Entry(names: ["shmget", "shmat", "shmdt", "shmctl"], reason: "System V shared memory comes next"),
    Entry(
      names: ["mq_open", "mq_unlink", "mq_send", "mq_timedsend", "mq_receive", "mq_timedreceive", "mq_notify", "mq_getattr", "mq_setattr"],
      reason: "POSIX message queues come next"),
    Entry(names: ["socket", "socketpair", "bind", "listen", "accept4", "connect", "sendmsg", "recvmsg", "getsockopt", "setsockopt"], reason: "sockets"),
    Entry(names: ["setns", "unshare", "pidfd_open", "pidfd_send_signal", "pidfd_getfd", "sethostname"], reason: "namespaces and pidfds"),
    Entry(names: ["fanotify_init", "fanotify_mark", "inotify_init1", "inotify_add_watch", "inotify_rm_watch"], reason: "file notification"),
    Entry(names: ["futex", "futex_waitv"], reason: "futexes"),
    Entry(names: ["execve", "execveat"], reason: "programs"),
    Entry(names: ["mount", "umount2", "pivot_root"], reason: "mounts"),
    Entry(names: ["splice", "tee", "vmsplice", "sendfile", "copy_file_range"], reason: "transfers between descriptors"),
  ]

  public static func reason(_ name: String) -> String? { entries.first { $0.names.contains(name) }?.reason }
}

import LinuxKernel

/// Turns what proxies do into the events of a trace.
struct HostTracer {
  func begin(_ backend: HostBackend, _ task: HostTask, _ index: Int, _ raw: Arguments) {}
  func wait(_ task: HostTask) {}
  func end(_ backend: HostBackend, _ task: HostTask, _ reply: HostReply) {}
  func signalled(_ backend: HostBackend, _ task: HostTask) {}
  func ended(_ backend: HostBackend, _ task: HostTask) {}
}

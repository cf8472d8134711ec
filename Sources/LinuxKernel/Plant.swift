/// A mistake made on purpose, to see whether a test finds it: one call answers a wrong errno.
public struct Plant: Sendable {
  let index: Int
  let right: Errno
  let wrong: Errno

  /// nil where there is no such call.
  package init?(call: String, right: Errno, wrong: Errno) {
    guard let index = Syscall.indices[call] else { return nil }
    self.index = index
    self.right = right
    self.wrong = wrong
  }
}

extension Kernel {
  /// Has this kernel perform one call's body with the mistake. Its table of bodies is never given back: for tests
  /// alone.
  package mutating func plant(_ plant: Plant) {
    let count = Syscall.all.count, right = plant.right.code, wrong = plant.wrong
    let table = UnsafeMutablePointer<Unmanaged<Syscall.Performer>>.allocate(capacity: count)
    for index in 0..<count { (table + index).initialize(to: performers[index]) }
    let call = Syscall.all[plant.index], body = call.body
    let planted = call.with { kernel, me, arguments in
      if body(&kernel, me, arguments) { return true }
      if case .errno(let errno) = kernel.stop, errno.code == right { kernel.stop = .errno(wrong) }
      return false
    }
    table[plant.index] = .passRetained(Syscall.Performer(planted))
    performers = UnsafePointer(table)
  }
}

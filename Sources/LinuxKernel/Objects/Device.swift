/// The memory devices, by number as in st_rdev. Linux: drivers/char/mem.c, drivers/char/random.c.
enum Device: UInt32 {
  case null = 0x103, zero = 0x105, full = 0x107, random = 0x108, urandom = 0x109
}

extension Inode.Content {
  /// The memory device that it is.
  var device: Device? {
    if case .device(let number) = self { Device(rawValue: number) } else { nil }
  }
}

extension Kernel {
  mutating func readDevice(_ device: Device, _ destination: inout Destination, for me: TaskID) throws(Stop) -> Int {
    if device == .null { return 0 }
    var done = 0
    while destination.remaining > 0 {
      let wanted = min(Page.size, destination.remaining)
      let copied: Int
      switch device {
      case .random, .urandom: copied = randomBytes(wanted).withByteView { deliver($0, to: &destination, of: me) }
      default: copied = deliver(ZeroPage.page.view(0, wanted), to: &destination, of: me)
      }
      done += copied
      if copied < wanted {
        if done == 0 { throw .errno(.EFAULT) }
        break
      }
    }
    return done
  }

  /// /dev/null takes what lies at bad addresses too.
  mutating func writeDevice(_ device: Device, _ source: inout Source, for me: TaskID) throws(Stop) -> Int {
    switch device {
    case .null, .zero: return source.remaining
    case .full: throw .errno(.ENOSPC)
    // What is added to the pool changes nothing that is drawn from the one generator.
    case .random, .urandom: return try bytes(of: source, me).count
    }
  }

  /// Bytes of the kernel's generator.
  mutating func randomBytes(_ count: Int) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count + 8)
    while bytes.count < count {
      var word = random.next()
      for _ in 0..<8 {
        bytes.append(UInt8(truncatingIfNeeded: word))
        word >>= 8
      }
    }
    bytes.removeLast(bytes.count - count)
    return bytes
  }
}

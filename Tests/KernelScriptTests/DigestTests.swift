import CShim
import LinuxKernel
import Testing

@Suite("Digests")
struct DigestTests {
  @Test("of bytes are the same in Swift and in C, for all lengths around their steps")
  func sameInBothLanguages() {
    var random = Random(seed: 1)
    for length in Array(0...70) + [127, 128, 129, 4095, 4096, 4097] {
      let bytes = (0..<length).map { _ in UInt8(truncatingIfNeeded: random.next()) }
      for seed in [0, 1, random.next()] {
        let swift = bytes.withByteView { $0.digest(seed) }
        let c = bytes.withUnsafeBytes { ks_digest(seed, $0.baseAddress, $0.count) }
        #expect(length == 0 || swift == c, "length \(length), seed \(seed)")
      }
    }
  }

  @Test("see every bit and the order of the bytes")
  func sensitivity() {
    let bytes = [UInt8](repeating: 0, count: 40)
    var seen: Set<UInt64> = [bytes.withByteView { $0.digest(0) }]
    for offset in bytes.indices {
      for bit in 0..<8 {
        var changed = bytes
        changed[offset] ^= 1 << UInt8(bit)
        seen.insert(changed.withByteView { $0.digest(0) })
      }
    }
    #expect(seen.count == 1 + 40 * 8)
  }
}

import CProxy
import LinuxKernel

/// Where a task that shares its creator's memory has its stack.
enum HostClone {
  private static let sharesMemory: UInt64 = 0x100

  static func placeStack(_ arguments: inout HostArguments, _ child: Int) {
    let top = ks_slot_address(UInt32(child)) + UInt64(KS_SLOT_SIZE) - 64
    switch arguments.declaration.name {
    case "clone3":
      let structure = arguments.world.channel + Int(arguments.call.registers[0] &- KS_CHANNEL)
      guard arguments.call.inputs[0] != nil, structure.loadUnaligned(as: UInt64.self) & sharesMemory != 0,
        structure.loadUnaligned(fromByteOffset: 40, as: UInt64.self) == 0,
        structure.loadUnaligned(fromByteOffset: 48, as: UInt64.self) == 0
      else { return }
      let size = UInt64(KS_SLOT_SIZE) - UInt64(KS_SLOT_STACK)
      structure.storeBytes(of: top - size + 4096, toByteOffset: 40, as: UInt64.self)
      structure.storeBytes(of: size - 4096, toByteOffset: 48, as: UInt64.self)
    case "vfork":
      // The kernel's vfork lends the creator's stack; the child here returns through frames of its own, so it gets
      // another.
      arguments.becomeClone(flags: 0x4000 | sharesMemory | 17, stack: top)
    default: break
    }
  }
}

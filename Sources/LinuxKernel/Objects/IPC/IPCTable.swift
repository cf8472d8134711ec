/// The objects of one kind in an IPC namespace: their slots, keys and identifiers. Linux: struct ipc_ids.
///
/// Invariants: `count` slots are taken; `highest` is the last of them, -1 when there is none; `keys` leads to the slot
/// of each object whose key is not IPC_PRIVATE.
struct IPCTable<Object> {
  struct Entry {
    var permission: IPCPermission
    let object: ID<Object>

  }

  private var slots = ChunkedArray<Entry?>()
  /// Looked up, never walked.
  private var keys: [Int32: Int] = [:]
  private(set) var count = 0
  private(set) var highest = -1
  private var sequence: Int32 = 0
  /// Where the search for a free slot begins, and which slot was found last.
  private var cursor = 0
  private var last = -1
  /// The identifier that the next object is to get; -1 for any. Linux: kernel.msg_next_id and its like.
  var nextID: Int32 = -1

  /// An identifier is a sequence number times this, plus a slot. Linux: IPCMNI, also the most objects of a kind.
  static var slotLimit: Int { 32768 }
  /// Slots that are gone through before the first is used again. Linux: ipc_min_cycle.
  private static var shortestCycle: Int { 64 }

  /// What IPC_INFO and its like answer: the highest slot in use, or 0. Linux: ipc_get_maxidx().
  var highestSlot: Int { max(highest, 0) }

  @inline(__always) subscript(slot: Int) -> Entry {
    @inline(__always) get { slots[slot]! }
  }

  /// The slot of the object with this identifier. Linux: ipc_obtain_object_check().
  @inline(__always) func slot(of id: Int32) throws(Stop) -> Int {
    let slot = Int(id) & (IPCTable.slotLimit - 1)
    guard id >= 0, slot < slots.count, slots[slot]?.permission.id == id else { throw .errno(.EINVAL) }
    return slot
  }

  /// The object with this identifier, and whether `who` may do what `requested` asks for: what the calls do that are
  /// made most, in one access to the slot.
  @inline(__always)
  func find(_ id: Int32, for requested: UInt32, _ who: borrowing Credentials) -> (object: ID<Object>, isAllowed: Bool)?
  {
    let slot = Int(id) & (IPCTable.slotLimit - 1)
    guard id >= 0, slot < slots.count, let entry = slots[slot], entry.permission.id == id else { return nil }
    return (entry.object, entry.permission.allows(requested, who))
  }

  /// A shortcut to an object with this identifier that is `caller`'s own; one that leads nowhere for others, which
  /// `find` decides about.
  func shortcut(to id: Int32, of caller: IPCCaller, limit: Int) -> IPCShortcut<Object> {
    guard let slot = try? slot(of: id), self[slot].permission.isOwn(caller.euid) else { return IPCShortcut() }
    return IPCShortcut(to: id, self[slot].object, mode: self[slot].permission.mode, limit, of: caller)
  }

  /// The object in a slot that is in use.
  @inline(__always) func object(in slot: Int) -> ID<Object> { slots[slot]!.object }

  /// The object in a slot, as the *_STAT commands name it. Linux: ipc_obtain_object_idr().
  func slot(at index: Int32) throws(Stop) -> Int {
    let slot = Int(index) & (IPCTable.slotLimit - 1)
    guard index >= 0, slot < slots.count, slots[slot] != nil else { throw .errno(.EINVAL) }
    return slot
  }

  /// The slot that a call with `flags` is to use for `key`; nil where it is to make an object. The caller then checks
  /// what only its kind knows, and the permission. Linux: ipcget().
  func find(_ key: Int32, _ flags: IPCFlags) throws(Stop) -> Int? {
    if key == IPCFlags.privateKey { return nil }
    guard let slot = keys[key] else {
      guard flags.contains(.create) else { throw .errno(.ENOENT) }
      return nil
    }
    if flags.isSuperset(of: [.create, .exclusive]) { throw .errno(.EEXIST) }
    return slot
  }

  /// All slots in use, in order.
  var usedSlots: [Int] { (0..<max(highest + 1, 0)).filter { slots[$0] != nil } }

  /// The first slot in use at `slot` or behind it. Linux: sysvipc_find_ipc().
  func firstUsedSlot(from slot: Int) -> Int? { slot > highest ? nil : (slot...highest).first { slots[$0] != nil } }

  /// Enters an object that `who` makes, of which there may be `limit`, and returns its identifier.
  /// Linux: ipc_addid(), ipc_idr_alloc().
  mutating func insert(
    _ object: ID<Object>, key: Int32, _ flags: IPCFlags, by who: borrowing Credentials, limit: Int
  ) throws(Stop) -> Int32 {
    guard count < min(limit, IPCTable.slotLimit) else { throw .errno(.ENOSPC) }
    let wanted = nextID
    nextID = -1
    let slot: Int, sequence: Int32
    if wanted < 0 {
      let cycle = min(max(count * 3 / 2, IPCTable.shortestCycle), IPCTable.slotLimit)
      guard let free = freeSlot(from: cursor, below: cycle) ?? freeSlot(from: 0, below: cycle) else {
        throw .errno(.ENOSPC)
      }
      slot = free
      cursor = slot + 1
      // Going back to a lower slot begins a new round, and the same identifier does not come again at once.
      if slot <= last {
        self.sequence += 1
        if Int(self.sequence) >= Int(Int32.max) / IPCTable.slotLimit { self.sequence = 0 }
      }
      last = slot
      sequence = self.sequence
    } else {
      sequence = wanted / Int32(IPCTable.slotLimit)
      let first = Int(wanted) % IPCTable.slotLimit
      guard let free = freeSlot(from: first, below: IPCTable.slotLimit) else { throw .errno(.ENOSPC) }
      slot = free
    }
    let permission = IPCPermission(
      key: key, uid: who.euid, gid: who.egid, cuid: who.euid, cgid: who.egid, mode: flags.requested,
      sequence: sequence, id: sequence * Int32(IPCTable.slotLimit) + Int32(slot))
    slots.grow(to: slot + 1, filler: nil)
    slots[slot] = Entry(permission: permission, object: object)
    if key != IPCFlags.privateKey { keys[key] = slot }
    count += 1
    highest = max(highest, slot)
    return permission.id
  }

  private func freeSlot(from start: Int, below end: Int) -> Int? {
    var slot = start
    while slot < end {
      if slot >= slots.count || slots[slot] == nil { return slot }
      slot += 1
    }
    return nil
  }

  /// Takes an object out. Linux: ipc_rmid().
  @discardableResult
  mutating func remove(_ slot: Int) -> Entry {
    let entry = self[slot]
    forgetKey(of: slot)
    slots[slot] = nil
    count -= 1
    if slot == highest {
      repeat { highest -= 1 } while highest >= 0 && slots[highest] == nil
    }
    return entry
  }

  /// The key no longer leads to the object, which lives on (a segment marked for destruction). Linux:
  /// ipc_set_key_private().
  mutating func forgetKey(of slot: Int) {
    let key = self[slot].permission.key
    guard key != IPCFlags.privateKey else { return }
    keys[key] = nil
    slots[slot]?.permission.key = IPCFlags.privateKey
  }

  // MARK: Permission

  /// Throws EACCES unless `who` may do what the low nine bits of `requested` ask for.
  @inline(__always) func check(_ requested: UInt32, _ slot: Int, _ who: borrowing Credentials) throws(Stop) {
    guard slots[slot]!.permission.allows(requested, who) else { throw .errno(.EACCES) }
  }

  /// The slot of an object that `who` is about to change or remove. Linux: ipcctl_obtain_check().
  func controlledSlot(of id: Int32, _ who: borrowing Credentials) throws(Stop) -> Int {
    let slot = try slot(of: id)
    guard self[slot].permission.isControlled(by: who) else { throw .errno(.EPERM) }
    return slot
  }

  /// IPC_SET of the owner and the mode.
  mutating func update(_ slot: Int, _ given: GivenPermission) throws(Stop) {
    var permission = self[slot].permission
    try permission.update(given)
    slots[slot]?.permission = permission
  }

  /// Sets and clears bits above the nine permission bits.
  mutating func changeMode(_ slot: Int, setting: UInt32 = 0, clearing: UInt32 = 0) {
    slots[slot]!.permission.mode = self[slot].permission.mode & ~clearing | setting
  }
}

/// Flags of msgget, semget and shmget: nine permission bits and these. Linux: include/uapi/linux/ipc.h.
struct IPCFlags: Flags {
  let rawValue: Int32
  init(rawValue: Int32) { self.rawValue = rawValue }
  static let create = IPCFlags(rawValue: 0o1000), exclusive = IPCFlags(rawValue: 0o2000)
  /// IPC_PRIVATE: a key that finds nothing.
  static let privateKey: Int32 = 0
  static let names = NameSet("ipc flags", .bits, ["IPC_CREAT": 0o1000, "IPC_EXCL": 0o2000], acceptsMode: true)
  /// What an existing object is asked for: the nine permission bits.
  var requested: UInt32 { UInt32(bitPattern: rawValue) & 0o777 }
}

/// Who makes a call on System V objects: what such calls ask of their task, in one access.
struct IPCCaller {
  let namespace: ID<IPCNamespace>
  let pid: Int32
  let euid: UInt32
}

/// The objects of a kind that were used last: one for each remainder of identifiers by four, since those who talk to
/// each other use two.
struct IPCShortcuts<Object> {
  private var entries = InlineArray<4, IPCShortcut<Object>>(repeating: IPCShortcut())

  mutating func set(_ shortcut: IPCShortcut<Object>, to id: Int32) { entries[Int(id & 3)] = shortcut }

  /// Whether there is a way for `caller` to what it means by `id`.
  @inline(__always) mutating func lead(_ caller: IPCCaller, to id: Int32) -> Bool {
    entries[Int(id & 3)].leads(caller, to: id)
  }

  /// The object on that way, if its owner may do what `requested` says, for an amount of `count`.
  @inline(__always) mutating func object(_ id: Int32, for requested: UInt32, _ count: Int) -> ID<Object>? {
    entries[Int(id & 3)].object(for: requested, count)
  }
}

/// Leads an owner straight to an object, where the owner's rights are enough: a copy of what the namespace says of it,
/// for as long as that does not change. (What only reads is mutating, since it would be copied otherwise.)
struct IPCShortcut<Object> {
  private let namespaceBits: UInt64
  private let id: Int32
  private let euid: UInt32
  private let mode: UInt32
  private let object: ID<Object>
  /// How much one call may ask for.
  private let limit: Int

  /// One that leads nowhere: no namespace has this name.
  init() { (namespaceBits, id, euid, mode, object, limit) = (.max, -1, 0, 0, ID(bits: .max), -1) }

  init(to id: Int32, _ object: ID<Object>, mode: UInt32, _ limit: Int, of caller: IPCCaller) {
    (namespaceBits, self.id, euid) = (caller.namespace.bits, id, caller.euid)
    (self.mode, self.object, self.limit) = (mode, object, limit)
  }

  /// Whether it is the way for `caller` to what it means by `id`.
  @inline(__always) fileprivate mutating func leads(_ caller: IPCCaller, to id: Int32) -> Bool {
    id == self.id && caller.namespace.bits == namespaceBits && caller.euid == euid
  }

  /// The object, if its owner may do what `requested` says, for an amount of `count`.
  @inline(__always) fileprivate mutating func object(for requested: UInt32, _ count: Int) -> ID<Object>? {
    requested & 0o700 & ~mode == 0 && count <= limit ? object : nil
  }
}

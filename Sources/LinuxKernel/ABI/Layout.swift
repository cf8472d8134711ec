/// The byte layout of a C structure on x86-64: what ks.pack and ks.unpack use, and what calls take and give.
public struct Layout: Sendable {
  public indirect enum FieldType: Sendable {
    case i8, u8, i16, u16, i32, u32, i64, u64
    /// `count` raw bytes; read as a string up to the first NUL where `text`.
    case bytes(Int, text: Bool)
    case structure(Layout)

    public var byteCount: Int { size }

    var size: Int {
      switch self {
      case .i8, .u8: 1
      case .i16, .u16: 2
      case .i32, .u32: 4
      case .i64, .u64: 8
      case .bytes(let count, _): count
      case .structure(let layout): layout.size
      }
    }

    /// The letter the interpreter's side reads: as in Lua's string.pack, little-endian.
    public var code: String {
      switch self {
      case .i8: "b"
      case .u8: "B"
      case .i16: "h"
      case .u16: "H"
      case .i32: "i4"
      case .u32: "I4"
      case .i64: "i8"
      case .u64: "i8"
      case .bytes(let count, let text): (text ? "z" : "c") + "\(count)"
      case .structure(let layout): "@" + layout.name
      }
    }
  }

  public struct Field: Sendable {
    public let name: String
    public let offset: Int
    public let type: FieldType
    /// Names that scripts may use for the value, when it has some.
    public let names: NameSet?
    /// Another name for a field: scripts may use it, traces do not show it.
    public let isAlias: Bool

    public init(_ name: String, _ offset: Int, _ type: FieldType, names: NameSet? = nil, isAlias: Bool = false) {
      self.isAlias = isAlias
      self.name = name
      self.offset = offset
      self.type = type
      self.names = names
    }

    /// The number that the field holds in `view`, an unsigned one of 64 bits as its bits are; nil for bytes and
    /// structures.
    func number(in view: ByteView) -> Int64? {
      switch type {
      case .i8: Int64(view.load(Int8.self, at: offset))
      case .u8: Int64(view.load(UInt8.self, at: offset))
      case .i16: Int64(view.load(Int16.self, at: offset))
      case .u16: Int64(view.load(UInt16.self, at: offset))
      case .i32: Int64(view.load(Int32.self, at: offset))
      case .u32: Int64(view.load(UInt32.self, at: offset))
      case .i64, .u64: view.load(Int64.self, at: offset)
      case .bytes, .structure: nil
      }
    }
  }

  public let name: String
  /// Bytes of one structure. A structure that ends in bytes of its own length (inotify_event) gives the fixed part.
  public let size: Int
  public let fields: [Field]

  public init(_ name: String, size: Int, _ fields: [Field]) {
    self.name = name
    self.size = size
    self.fields = fields
    for field in fields { precondition(field.offset + field.type.size <= size, "\(name).\(field.name) lies outside") }
  }

  /// The letters of string.pack for a few integers of at most 4 bytes, one behind the other; nil for anything else.
  public var rowFields: String? {
    var letters = "", end = 0
    for field in fields {
      guard field.offset == end, field.type.size <= 4, field.type.code.first != "@" else { return nil }
      switch field.type {
      case .bytes, .structure: return nil
      default: letters += field.type.code.prefix(1)
      }
      end += field.type.size
    }
    return end == size && letters.count < 12 ? letters : nil
  }
}

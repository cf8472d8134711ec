import Testing

/// The targets import in one direction, and raw memory stays where it is looked after.
@Suite("Imports")
struct ImportTests {
  /// What each target may import; the design's section 8.
  static let allowed: [String: Set<String>] = [
    "Sources/LinuxKernel": [],
    "Sources/KernelScript": ["LinuxKernel", "CShim", "CLua", "CProxy", "Glibc"],
    "Sources/kscript": ["KernelScript", "LinuxKernel", "ArgumentParser", "CEdit", "Glibc"],
    "Sources/kernel-bench": ["LinuxKernel", "Glibc"],
  ]

  @Test("run one way", arguments: allowed.keys.sorted())
  func direction(target: String) {
    let files = Project.files(target, ".swift")
    #expect(!files.isEmpty)
    for file in files {
      for line in file.lines where line.contains("import ") {
        let words = line.split(separator: " ")
        guard let position = words.firstIndex(of: "import"), !line.hasPrefix("//"), !line.hasPrefix(" ") else {
          continue
        }
        let module = String(words[position + 1].split(separator: ".")[0])
        #expect(Self.allowed[target]!.contains(module), "\(file.path) imports \(module)")
        #expect(!line.contains("@testable"))
      }
    }
  }

  @Test("and the C of the project includes Lua, the C library and itself")
  func headers() {
    for file in Project.files("Sources/CShim", ".c") + Project.files("Sources/CShim", ".h") {
      for line in file.lines where line.hasPrefix("#include") {
        let name = line.split { "<>\"".contains($0) }[1]
        let isOwn = line.contains("\"")
        let standard = [
          "lua.h", "lauxlib.h", "lualib.h", "string.h", "stdlib.h", "stdio.h", "stdint.h", "stddef.h", "signal.h",
          "math.h", "limits.h", "stdbool.h", "ctype.h", "inttypes.h", "stdalign.h",
        ]
        #expect(isOwn || standard.contains(String(name)), "\(file.path) includes \(name)")
      }
    }
  }

  /// Lines outside Slab.swift and Bytes.swift in which LinuxKernel names raw memory, and why each may.
  static let allowedPointers: [String: String] = [
    "Argument.swift": "the array of arguments that C fills is read where it lies",
    "Call.swift": "the arguments of a waiting call are lent as C's are",
    "Syscall.swift": "the table of bodies is made once and never freed, so that a call counts no references",
    "Plant.swift": "a kernel with a mistake has a table of bodies of its own",
    "API/Observe.swift": "the answer's bytes are lent to C",
  ]

  @Test("Raw memory in LinuxKernel is in Slab.swift and Bytes.swift")
  func pointers() {
    let words = ["Unsafe", "unsafe", "Unmanaged", "withMemoryRebound", "assumingMemoryBound", "bitCast"]
    for file in Project.files("Sources/LinuxKernel", ".swift") where !["Slab.swift", "Bytes.swift"].contains(file.name)
    {
      let place = String(file.path.dropFirst("Sources/LinuxKernel/".count))
      for (number, line) in file.lines.enumerated() where words.contains(where: { line.contains($0) }) {
        // `_withUnsafeGuaranteedRef` names no memory: it calls a body without counting references.
        if line.contains("_withUnsafeGuaranteedRef") || line.contains("nonisolated(unsafe)") && !line.contains("var") {
          continue
        }
        #expect(Self.allowedPointers[place] != nil, "\(place):\(number + 1): \(line)")
      }
    }
  }
}

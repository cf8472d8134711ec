/// What the kscript module offers beside the calls, for the reference and the editor stubs.
package enum Library {
  package struct Function: Sendable {
    package let name: String
    /// Each with its type; a name that ends in `?` may be left out, and `...` stands for the rest.
    package let parameters: [(name: String, type: String)]
    package let results: [(name: String, type: String)]
    package let summary: String
    package var isBuilt = true

    /// `ks.at(address, count) -> view`
    package var signature: String {
      var text = ""
      var open = 0
      for (position, parameter) in parameters.enumerated() {
        let separator = position > 0 ? ", " : ""
        if parameter.name.hasSuffix("?") {
          text += "[\(separator)\(parameter.name.dropLast())"
          open += 1
        } else {
          text += separator + parameter.name
        }
      }
      text = "ks.\(name)(\(text)\(String(repeating: "]", count: open)))"
      return results.isEmpty ? text : text + " -> " + results.map { $0.name }.joined(separator: ", ")
    }
  }

  package static let functions: [Function] = [
    Function(
      name: "buffer", parameters: [("count", "integer")], results: [("buffer", "kscript.buffer")],
      summary: "Maps count bytes of zeros into the calling task's memory."),
    Function(
      name: "at", parameters: [("address", "integer"), ("count", "integer")], results: [("view", "kscript.buffer")],
      summary: "A view of addresses of the calling task's memory, mapped or not."),
    Function(
      name: "pack", parameters: [("struct", "string"), ("fields", "table")], results: [("bytes", "string")],
      summary: "The bytes of a structure, laid out as the kernel does; fields left out are 0."),
    Function(
      name: "unpack", parameters: [("struct", "string"), ("bytes", "string")], results: [("fields", "table")],
      summary: "The fields of a structure."),
    Function(
      name: "each", parameters: [("struct", "string"), ("bytes", "string")], results: [("iterator", "fun(): table?")],
      summary: "Goes through structures that lie one behind the other."),
    Function(
      name: "settle", parameters: [], results: [],
      summary: "Lets the other tasks run until none of them can go on; takes no virtual time."),
    Function(
      name: "now", parameters: [], results: [("seconds", "number")], summary: "The virtual time since the start."),
    Function(
      name: "task", parameters: [("pid", "integer")], results: [("task", "table?")],
      summary: "What a task is doing: pid, tid, ppid, state, blocked_in, uid, gid and fds; nil where there is none."),
    Function(
      name: "put", parameters: [("path", "string"), ("bytes", "string")], results: [],
      summary: "Puts a file into a folder of the emulated tree, in place of what the name had."),
    Function(
      name: "get", parameters: [("path", "string")], results: [("bytes", "string?")],
      summary: "The bytes of a file of the emulated tree; nil where there is none."),
    Function(
      name: "errno", parameters: [("number", "integer")], results: [("name", "string"), ("text", "string")],
      summary: "The name of an errno, of either sign, and its text."),
    Function(
      name: "stats", parameters: [], results: [("stats", "table")],
      summary: "How many calls were made, how many tasks there are, and by which policy they take turns."),
    Function(
      name: "inject", parameters: [("rule", "table")], results: [("rule", "table")], summary: "Makes calls fail.",
      isBuilt: false),
    Function(
      name: "checkpoint", parameters: [("path", "string")], results: [("how", "string")],
      summary: "Saves the run into a file.",
      isBuilt: false),
    Function(
      name: "restore", parameters: [("image", "any")], results: [("k", "table")],
      summary: "Brings a saved kernel back.",
      isBuilt: false),
    Function(
      name: "program", parameters: [("name", "string"), ("body", "function")], results: [],
      summary: "Registers a function without captured locals; each start gives it globals of its own."),
    Function(
      name: "new", parameters: [("options?", "{ seed: integer?, policy: string?, files: table?, env: table? }")],
      results: [("k", "table")],
      summary:
        "A kernel of its own, which the script runs: k:spawn, k:run, k:run_until, k:step, k.stdout, k.hash, k.init.sys."
    ),
    Function(
      name: "diff", parameters: [("a", "table"), ("b", "table")], results: [("differences", "string")],
      summary: "Where two tables or two kernels differ, a line for each place; empty where they do not."),
    Function(
      name: "sometimes", parameters: [("condition", "any"), ("why", "string")], results: [("condition", "any")],
      summary: "States that something happens in at least one of many runs; ks.stats().sometimes counts."),
    Function(
      name: "differs", parameters: [("why", "string"), ("fn", "function")], results: [("results", "any")],
      summary: "Runs a function that is known to behave differently on Linux."),
  ]

  /// Fields of the module that are no functions for scripts.
  package static let fields: [(name: String, type: String, summary: String)] = [
    ("sys", "kscript.sys", "The calls, which answer nil, a message and the errno when they fail."),
    ("must", "kscript.must", "The same calls, which raise an error object when they fail."),
    ("C", "kscript.C", "The constants."),
    ("backend", "\"emulated\"|\"host\"", "Whose kernel answers."),
    ("kernel", "{ release: string }", "What is known of the kernel."),
    ("host", "table", "Functions that the embedding Swift program has registered."),
  ]

  /// What belongs to kscript's own Lua files; scripts leave it alone.
  package static let internals: Set<String> = [
    "console", "report", "spec_source", "leaks", "environment", "inspect", "assertions", "spec",
  ]

  /// Methods of a buffer; `u8` stands for u8, u16, u32 and u64.
  package static let bufferMethods: [Function] =
    [
      Function(
        name: "string", parameters: [("first?", "integer"), ("last?", "integer")], results: [("bytes", "string")],
        summary: "The bytes between two positions, which count from 1 as string.sub's do."),
      Function(
        name: "set", parameters: [("offset", "integer"), ("bytes", "string")], results: [],
        summary: "Writes bytes at an offset, from 0."),
      Function(name: "fill", parameters: [("byte", "integer")], results: [], summary: "Fills the whole buffer."),
    ]
    + ["u8", "u16", "u32", "u64"].map { name in
      Function(
        name: name, parameters: [("offset", "integer"), ("value?", "integer")], results: [("value", "integer")],
        summary: "Reads, or writes, an unsigned integer at an offset, from 0.")
    }
}

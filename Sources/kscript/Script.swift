import ArgumentParser
import Glibc
import KernelScript

/// A script's text and the name it goes by.
struct Script {
  let name: String
  let text: [UInt8]

  /// Reads a file, or standard input for `-`; says what is wrong and exits otherwise.
  static func read(_ path: String) throws -> Script {
    if path == "-" { return Script(name: "stdin", text: HostFile.readStandardInput() ?? []) }
    guard let text = HostFile.read(path) else {
      Terminal.error("kscript: \(path): \(String(cString: strerror(errno)))")
      throw ExitCode(Kscript.ExitStatus.noInput)
    }
    return Script(name: path, text: text)
  }

  /// Code given on the command line, with what the interface promises to be there.
  static func code(_ text: String) -> Script {
    let prefix = "local ks = require 'kscript' local sys, must, C = ks.sys, ks.must, ks.C "
    return Script(name: "-e", text: Array((prefix + text).utf8))
  }
}

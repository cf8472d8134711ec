// swift-tools-version: 6.2
import PackageDescription

let package = Package(
  name: "kscript",
  products: [
    .library(name: "LinuxKernel", targets: ["LinuxKernel"]),
    .library(name: "KernelScript", targets: ["KernelScript"]),
    .executable(name: "kscript", targets: ["kscript"]),
  ],
  dependencies: [
    // The command line: parsing, help and shell completion from one declaration per command.
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2")
  ],
  targets: [
    .systemLibrary(name: "CLua", pkgConfig: "lua5.4", providers: [.apt(["liblua5.4-dev"])]),
    .systemLibrary(name: "CEdit", pkgConfig: "libedit", providers: [.apt(["libedit-dev"])]),
    .target(name: "CShim", dependencies: ["CLua"]),
    // What performs the calls of a script on the machine's own Linux, for the referee.
    .target(name: "CProxy"),
    .target(name: "LinuxKernel"),
    .target(
      name: "KernelScript", dependencies: ["LinuxKernel", "CShim", "CLua", "CProxy"],
      resources: [.embedInCode("Preludes")]),
    .executableTarget(
      name: "kscript",
      dependencies: ["KernelScript", "CEdit", .product(name: "ArgumentParser", package: "swift-argument-parser")]),
    // What scripts/bench times of the kernel alone, without Lua.
    .executableTarget(name: "kernel-bench", dependencies: ["LinuxKernel"]),
    .testTarget(name: "LinuxKernelTests", dependencies: ["LinuxKernel"]),
    .testTarget(name: "KernelScriptTests", dependencies: ["KernelScript", "LinuxKernel", "CShim", "CLua"]),
    // Runs the program, which is built beside the tests.
    .testTarget(name: "CommandTests"),
  ],
  swiftLanguageModes: [.v6]
)

// /proc/PID/maps. Linux: fs/proc/task_mmu.c, show_map_vma().

extension Kernel {
  func mapsText(_ task: TaskID) -> String {
    guard tasks[task].state != .dead else { return "" }
    var text = ""
    for area in addressSpaces[tasks[task].memory].areas {
      let bits = zip([Protection.read, .write, .execute], ["r", "w", "x"]).map {
        area.protection.contains($0) ? $1 : "-"
      }
      let source = source(of: area)
      var line =
        hexadecimal(area.start, 8) + "-" + hexadecimal(area.end, 8) + " " + bits.joined() + (area.isShared ? "s" : "p")
      line += " " + hexadecimal(UInt64(area.memory == nil ? 0 : area.offset), 8) + " "
      line += hexadecimal(source.device >> 8, 2) + ":" + hexadecimal(source.device & 0xff, 2) + " \(source.inode) "
      if !source.name.isEmpty {
        // Names stand in a column of their own.
        line += String(repeating: " ", count: max(0, 73 - line.count)) + source.name
      }
      text += line + "\n"
    }
    return text
  }

  private func hexadecimal(_ value: UInt64, _ width: Int) -> String {
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
  }

  /// What an area shows: the device and inode number, and a name.
  private func source(of area: MemoryArea) -> (device: UInt64, inode: UInt64, name: String) {
    guard let memory = area.memory else { return (0, 0, "") }
    if let segment = area.segment {
      let key = hexadecimal(UInt64(UInt32(bitPattern: sharedSegments[segment].key)), 8)
      let slot = sharedSegments[segment].slot, namespace = sharedSegments[segment].namespace
      return (1, UInt64(ipcNamespaces[namespace].segments[slot].permission.id), "/SYSV\(key) (deleted)")
    }
    // Only files that are still open or named have an inode; asked for rarely, so it is looked for.
    guard let inode = inodes.ids.first(where: { inodes[$0].memory == memory }) else {
      return (1, 0, "/dev/zero (deleted)")
    }
    let file = inodes[inode], device = fileSystems[file.fileSystem].device
    guard let dentry = dentries.ids.first(where: { dentries[$0].inode == inode }),
      let mount = mounts.ids.first(where: {
        dentries[mounts[$0].root].inode == inode || self.fileSystem(of: $0) == file.fileSystem
      })
    else { return (device, file.number, "") }
    let name = text(of: Path(mount: mount, dentry: dentry), from: rootPath).bytes
    return (
      device, file.number, String(decoding: name, as: UTF8.self) + (dentries[dentry].isUnlinked ? " (deleted)" : "")
    )
  }

  private func fileSystem(of mount: ID<Mount>) -> ID<FileSystem> {
    inodes[dentries[mounts[mount].root].inode].fileSystem
  }
}

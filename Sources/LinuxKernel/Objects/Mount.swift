/// A file system, or a part of one, at a place in the tree. Linux: struct mount.
struct Mount {
  let fileSystem: ID<FileSystem>
  /// What is seen at the mount point.
  let root: ID<Dentry>
  /// Where it is mounted; nil for the root of a tree and for mounts of the kernel's own.
  var mountpoint: ID<Dentry>?
  var parent: ID<Mount>?
  /// Mounts on this one, oldest first.
  var children: [ID<Mount>] = []
  var isReadOnly = false
}

/// A place in the tree. Linux: struct path.
struct Path: Equatable, Sendable {
  var mount: ID<Mount>
  var dentry: ID<Dentry>
}

/// Where a task's paths start, and what its new files may not allow. Linux: struct fs_struct.
struct FileSystemContext {
  var root: Path
  var current: Path
  var umask: UInt32 = 0o022
  /// Tasks that use it (CLONE_FS).
  var references = 1
}

extension Kernel {
  /// Mounts `root` of a file system, on `place` or, for a first root, nowhere. Takes over the caller's hold on `root`.
  mutating func mount(_ root: ID<Dentry>, of fileSystem: ID<FileSystem>, at place: Path?) -> ID<Mount> {
    let mount = mounts.insert(
      Mount(fileSystem: fileSystem, root: root, mountpoint: place?.dentry, parent: place?.mount))
    if let place {
      hold(place.dentry)
      dentries[place.dentry].mountCount += 1
      mounts[place.mount].children.append(mount)
    }
    return mount
  }

  /// What is seen at `path`: the newest mount on it, and on that. Linux: traverse_mounts().
  func crossMounts(_ path: Path) -> Path {
    var path = path
    while dentries[path.dentry].mountCount > 0 {
      guard let mount = mounts[path.mount].children.last(where: { mounts[$0].mountpoint == path.dentry }) else { break }
      path = Path(mount: mount, dentry: mounts[mount].root)
    }
    return path
  }

  /// Whether something is mounted on `dentry` as seen through `mount`. Linux: is_local_mountpoint().
  func isMountpoint(_ dentry: ID<Dentry>) -> Bool { dentries[dentry].mountCount > 0 }

  mutating func hold(_ path: Path) { hold(path.dentry) }
  mutating func release(_ path: Path) { release(path.dentry) }

  /// The text of `path` as seen from `root`. Linux: prepend_path().
  ///
  /// - Returns: the path without " (deleted)", and whether it lies below `root`.
  func text(of path: Path, from root: Path) -> (bytes: [UInt8], isReachable: Bool) {
    var parts: [[UInt8]] = []
    var at = path
    var isReachable = true
    while at != root {
      if at.dentry == mounts[at.mount].root {
        guard let mountpoint = mounts[at.mount].mountpoint, let parent = mounts[at.mount].parent else {
          isReachable = false
          break
        }
        at = Path(mount: parent, dentry: mountpoint)
        continue
      }
      parts.append(dentries[at.dentry].name)
      guard let parent = dentries[at.dentry].parent else {
        isReachable = false
        break
      }
      at.dentry = parent
    }
    if parts.isEmpty { return (Array("/".utf8), isReachable) }
    var bytes: [UInt8] = []
    for part in parts.reversed() { bytes += [0x2f] + part }
    return (bytes, isReachable)
  }

  // MARK: A task's context

  mutating func share(_ context: ID<FileSystemContext>) -> ID<FileSystemContext> {
    fileSystemContexts[context].references += 1
    return context
  }

  /// A copy for a new task. Linux: copy_fs_struct().
  mutating func duplicate(_ context: ID<FileSystemContext>) -> ID<FileSystemContext> {
    var copy = fileSystemContexts[context]
    copy.references = 1
    hold(copy.root)
    hold(copy.current)
    return fileSystemContexts.insert(copy)
  }

  mutating func releaseContext(_ context: ID<FileSystemContext>) {
    fileSystemContexts[context].references -= 1
    guard fileSystemContexts[context].references == 0 else { return }
    let ended = fileSystemContexts.remove(context)
    release(ended.root)
    release(ended.current)
  }

  /// chdir(2) once the directory is found. Linux: set_fs_pwd().
  mutating func setCurrentDirectory(_ path: Path, of me: TaskID) {
    let context = tasks[me].fileSystem
    hold(path)
    let old = fileSystemContexts[context].current
    fileSystemContexts[context].current = path
    release(old)
  }

  /// The mode of a new file: what is asked for less the umask of the task. Linux: mode_strip_umask().
  func masked(_ mode: UInt32, _ me: TaskID) -> UInt32 { mode & ~fileSystemContexts[tasks[me].fileSystem].umask }
}

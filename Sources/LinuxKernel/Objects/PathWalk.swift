// From a path to a file. Linux: fs/namei.c, link_path_walk() and around it; the names there are given where they help.

/// How a path is walked. Linux: LOOKUP_* and RESOLVE_*.
struct WalkFlags: OptionSet, Sendable {
  let rawValue: UInt32
  init(rawValue: UInt32) { self.rawValue = rawValue }
  /// A symbolic link in the last place is followed.
  static let follow = WalkFlags(rawValue: 1)
  /// The last place must be a directory.
  static let directory = WalkFlags(rawValue: 2)
  /// An empty path names the starting point (AT_EMPTY_PATH).
  static let empty = WalkFlags(rawValue: 4)
  static let noSymlinks = WalkFlags(rawValue: 8), noMagicLinks = WalkFlags(rawValue: 16)
  static let noCrossing = WalkFlags(rawValue: 32), beneath = WalkFlags(rawValue: 64), inRoot = WalkFlags(rawValue: 128)
}

/// A walk on its way: where it is, and the last component that it has not stepped into.
struct Walk {
  enum Last: Equatable {
    case name([UInt8])
    case dot, dotDot
    /// There was none: the path was all slashes, or empty.
    case none
  }

  var path: Path
  /// Where absolute paths and links start, and where `..` stops.
  var root: Path
  var flags: WalkFlags
  var last = Last.none
  /// Slashes stand behind the last component.
  var hasTrailingSlash = false
  var linkCount = 0
  /// A magic link has led to an open file that is in no tree: a pipe, an eventfd.
  var anonymous: ID<OpenFile>?
  let task: TaskID
  let credentials: Credentials

  /// MAXSYMLINKS.
  static let linkLimit = 40
}

extension Kernel {
  /// A walk that stands at its starting point. Linux: path_init().
  mutating func beginWalk(_ directory: FD, _ name: [UInt8], _ flags: WalkFlags, _ me: TaskID) throws(Stop) -> Walk {
    dropPassing()
    let context = fileSystemContexts[tasks[me].fileSystem]
    var walk = Walk(
      path: context.current, root: context.root, flags: flags, task: me, credentials: tasks[me].credentials)
    let isScoped = !flags.isDisjoint(with: [.beneath, .inRoot])
    if name.first == 0x2f, !flags.contains(.inRoot) {
      if flags.contains(.beneath) { throw .errno(.EXDEV) }
      walk.path = walk.root
      return walk
    }
    if directory != .current {
      let file = try fileOrPath(directory, of: me)
      guard let path = files[file].path else {
        guard name.isEmpty else { throw .errno(.ENOTDIR) }
        walk.anonymous = file
        return walk
      }
      if !name.isEmpty, !inodes[dentries[path.dentry].inode].isDirectory { throw .errno(.ENOTDIR) }
      walk.path = path
    }
    if isScoped { walk.root = walk.path }
    return walk
  }

  /// Walks the whole path. Linux: path_lookupat().
  mutating func walk(_ directory: FD, _ name: [UInt8], _ flags: WalkFlags, _ me: TaskID) throws(Stop) -> Walk {
    var walk = try beginWalk(directory, name, flags, me)
    var text: [UInt8]? = name
    while let part = text {
      try walkToLast(part, &walk)
      if case .name = walk.last, walk.hasTrailingSlash { walk.flags.formUnion([.follow, .directory]) }
      text = try step(&walk, isTrailing: true)
    }
    if walk.flags.contains(.directory), !isDirectory(walk) { throw .errno(.ENOTDIR) }
    return walk
  }

  /// Walks to the directory that the last component is to be looked up in. Linux: path_parentat().
  mutating func walkToParent(_ directory: FD, _ name: [UInt8], _ me: TaskID) throws(Stop) -> Walk {
    var walk = try beginWalk(directory, name, [], me)
    try walkToLast(name, &walk)
    return walk
  }

  func isDirectory(_ walk: Walk) -> Bool {
    walk.anonymous == nil && inodes[dentries[walk.path.dentry].inode].isDirectory
  }

  /// Walks all components of `text` but the last. Linux: link_path_walk().
  mutating func walkToLast(_ text: [UInt8], _ walk: inout Walk) throws(Stop) {
    var text = text, at = 0
    // What is left of the paths that links were met in.
    var outer: [(text: [UInt8], at: Int)] = []
    while at < text.count, text[at] == 0x2f { at += 1 }
    walk.last = .none
    walk.hasTrailingSlash = false
    if at == text.count { return }
    while true {
      try checkPermission(dentries[walk.path.dentry].inode, .execute, walk.credentials)
      let start = at
      while at < text.count, text[at] != 0x2f { at += 1 }
      switch at - start {
      case 1 where text[start] == 0x2e: walk.last = .dot
      case 2 where text[start] == 0x2e && text[start + 1] == 0x2e: walk.last = .dotDot
      default: walk.last = .name(Array(text[start..<at]))
      }
      let hasSlash = at < text.count
      while at < text.count, text[at] == 0x2f { at += 1 }
      if at == text.count {
        guard let before = outer.popLast() else {
          walk.hasTrailingSlash = hasSlash
          return
        }
        (text, at) = before
      }
      if let link = try step(&walk, isTrailing: false) {
        outer.append((text, at))
        (text, at) = (link, 0)
      } else if !isDirectory(walk) {
        throw .errno(.ENOTDIR)
      }
    }
  }

  /// Steps into the last component. Returns the text of a link that is to be followed. Linux: walk_component().
  mutating func step(_ walk: inout Walk, isTrailing: Bool) throws(Stop) -> [UInt8]? {
    switch walk.last {
    case .none, .dot: return nil
    case .dotDot:
      try stepUp(&walk)
      return nil
    case .name(let name):
      guard let child = try lookUp(name, in: walk.path.dentry, walk.task) else { throw .errno(.ENOENT) }
      return try step(&walk, into: child, isTrailing: isTrailing)
    }
  }

  /// Linux: step_into().
  mutating func step(_ walk: inout Walk, into child: ID<Dentry>, isTrailing: Bool) throws(Stop) -> [UInt8]? {
    let path = crossMounts(Path(mount: walk.path.mount, dentry: child))
    if path.mount != walk.path.mount, walk.flags.contains(.noCrossing) { throw .errno(.EXDEV) }
    let inode = dentries[path.dentry].inode
    guard inodes[inode].isSymlink, !isTrailing || walk.flags.contains(.follow) else {
      walk.path = path
      return nil
    }
    return try follow(inode, &walk)
  }

  /// Linux: pick_link().
  private mutating func follow(_ link: ID<Inode>, _ walk: inout Walk) throws(Stop) -> [UInt8]? {
    walk.linkCount += 1
    if walk.linkCount > Walk.linkLimit || walk.flags.contains(.noSymlinks) { throw .errno(.ELOOP) }
    touchAccessed(link)
    let target: LinkTarget
    switch inodes[link].content {
    case .symlink(let text): target = .text(text)
    case .process(let file): target = try linkTarget(of: file, for: walk.task)
    default: return nil
    }
    switch target {
    case .text(let text):
      guard text.first == 0x2f else { return text }
      if walk.flags.contains(.beneath) { throw .errno(.EXDEV) }
      if walk.flags.contains(.noCrossing), walk.path.mount != walk.root.mount { throw .errno(.EXDEV) }
      walk.path = walk.root
      let rest = text.drop { $0 == 0x2f }
      return rest.isEmpty ? nil : Array(rest)
    case .path(let path):
      try checkMagicLink(walk)
      walk.path = path
      return nil
    case .anonymous(let file):
      try checkMagicLink(walk)
      walk.anonymous = file
      return nil
    }
  }

  private func checkMagicLink(_ walk: Walk) throws(Stop) {
    if walk.flags.contains(.noMagicLinks) { throw .errno(.ELOOP) }
    if !walk.flags.isDisjoint(with: [.beneath, .inRoot]) { throw .errno(.EXDEV) }
  }

  /// Linux: follow_dotdot().
  private func stepUp(_ walk: inout Walk) throws(Stop) {
    if walk.path == walk.root {
      if walk.flags.contains(.beneath) { throw .errno(.EXDEV) }
      return
    }
    var path = walk.path
    while path.dentry == mounts[path.mount].root {
      guard let parent = mounts[path.mount].parent, let mountpoint = mounts[path.mount].mountpoint else { return }
      if walk.flags.contains(.noCrossing) { throw .errno(.EXDEV) }
      path = Path(mount: parent, dentry: mountpoint)
      if path == walk.root { break }
    }
    if path != walk.root, let parent = dentries[path.dentry].parent { path.dentry = parent }
    walk.path = crossMounts(path)
  }

  /// The entry `name` of a directory, if there is one. Linux: lookup_one_qstr_excl(), i_op->lookup().
  mutating func lookUp(_ name: [UInt8], in directory: ID<Dentry>, _ me: TaskID) throws(Stop) -> ID<Dentry>? {
    // lookup_slow(): nothing is looked for in a directory that was removed, whatever its name.
    if inodes[dentries[directory].inode].isDead { return nil }
    if name.count > Dentry.nameLimit { throw .errno(.ENAMETOOLONG) }
    if case .process(let file) = inodes[dentries[directory].inode].content {
      return try lookUpProcess(name, in: directory, file, me)
    }
    return dentry(name, in: directory)
  }

  /// Ends dentries that the last walk made on its way (/proc) and that nobody came to hold.
  mutating func dropPassing() {
    guard !passing.isEmpty else { return }
    let list = passing
    passing = []
    for dentry in list { release(dentry) }
  }
}

/// Where a symbolic link leads.
enum LinkTarget {
  case text([UInt8])
  case path(Path)
  case anonymous(ID<OpenFile>)
}

extension FD {
  /// AT_FDCWD.
  static let current = FD(-100)
}

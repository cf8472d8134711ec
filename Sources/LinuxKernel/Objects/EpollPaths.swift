// How many ways may lead from a file up to an outermost epoll: each wake-up goes all of them.
// Linux: reverse_path_check().

/// An addition that is being judged: `file` as if it were a member of `epoll`, and the ways counted so far by length.
private struct PathCount {
  let file: ID<OpenFile>
  let epoll: ID<Epoll>
  var counts: InlineArray<5, Int> = .init(repeating: 0)

  /// path_limits, by how many epolls lie between; without any there is no limit.
  static let limits: InlineArray<5, Int> = [.max, 500, 100, 50, 10]
}

extension Kernel {
  /// Whether `target` may become a member of `epoll`. Only where epolls are nested is anything counted.
  func pathsFit(_ target: ID<OpenFile>, in epoll: ID<Epoll>) -> Bool {
    var inner: ID<Epoll>?
    if case .epoll(let id) = files[target].object { inner = id }
    guard inner != nil || epolls[epoll].file.map({ files[$0].firstEpollItem != nil }) ?? false else { return true }
    var leaves: [ID<OpenFile>] = []
    if let inner {
      var seenEpolls: Set<ID<Epoll>> = [], seenFiles: Set<ID<OpenFile>> = []
      collectLeaves(below: inner, into: &leaves, &seenEpolls, &seenFiles)
    } else {
      leaves = [target]
    }
    for leaf in leaves {
      var count = PathCount(file: target, epoll: epoll)
      guard countPaths(from: leaf, 0, &count) else { return false }
    }
    return true
  }

  /// The files that are no epolls, each once. Linux: list_file() in ep_loop_check_proc().
  private func collectLeaves(
    below epoll: ID<Epoll>, into leaves: inout [ID<OpenFile>], _ seenEpolls: inout Set<ID<Epoll>>,
    _ seenFiles: inout Set<ID<OpenFile>>
  ) {
    guard seenEpolls.insert(epoll).inserted else { return }
    var next = epolls[epoll].firstItem
    while let item = next {
      next = epollItems[item].next
      let file = epollItems[item].file
      if case .epoll(let inner) = files[file].object {
        collectLeaves(below: inner, into: &leaves, &seenEpolls, &seenFiles)
      } else if seenFiles.insert(file).inserted {
        leaves.append(file)
      }
    }
  }

  /// Linux: reverse_path_check_proc().
  private func countPaths(from file: ID<OpenFile>, _ length: Int, _ count: inout PathCount) -> Bool {
    var next = files[file].firstEpollItem
    while let item = next {
      next = epollItems[item].nextOfFile
      guard countPaths(through: epollItems[item].epoll, length, &count) else { return false }
    }
    return file != count.file || countPaths(through: count.epoll, length, &count)
  }

  private func countPaths(through epoll: ID<Epoll>, _ length: Int, _ count: inout PathCount) -> Bool {
    if let file = epolls[epoll].file, files[file].firstEpollItem != nil || file == count.file {
      return length + 1 < count.counts.count && countPaths(from: file, length + 1, &count)
    }
    count.counts[length] += 1
    return count.counts[length] <= PathCount.limits[length]
  }
}

/// A set of open files of which one asks which are ready. Linux: fs/eventpoll.c, struct eventpoll.
struct Epoll {
  /// Its members, oldest first.
  var firstItem: ID<EpollItem>?
  var lastItem: ID<EpollItem>?
  /// Those that may have something to tell, in the order in which that came about; whether they have is looked at when
  /// somebody asks.
  var firstReady: ID<EpollItem>?
  var lastReady: ID<EpollItem>?
  /// Where epoll_wait sleeps.
  let sleepers: ID<WaitQueue>
  /// Where poll and other epolls wait for this one.
  let pollers: ID<WaitQueue>
  /// The open file that it is.
  var file: ID<OpenFile>?
}

/// One member: a descriptor and the open file it named when it was added. Linux: struct epitem.
struct EpollItem {
  let epoll: ID<Epoll>
  let file: ID<OpenFile>
  let fd: Int32
  var interest: EpollInterest
  /// What the script wants to be told, verbatim.
  var data: UInt64
  var waiters: (ID<Waiter>?, ID<Waiter>?) = (nil, nil)
  // Its places among the members of the epoll, among the memberships of the file, and on the ready list.
  var previous: ID<EpollItem>?
  var next: ID<EpollItem>?
  var nextOfFile: ID<EpollItem>?
  var previousReady: ID<EpollItem>?
  var nextReady: ID<EpollItem>?
  var isReady = false
}

/// The events a member is asked about, and how. Linux: include/uapi/linux/eventpoll.h.
struct EpollInterest: OptionSet, Sendable {
  let rawValue: UInt32
  static let exclusive = EpollInterest(rawValue: 1 << 28), wakeUp = EpollInterest(rawValue: 1 << 29)
  static let oneShot = EpollInterest(rawValue: 1 << 30), edge = EpollInterest(rawValue: 1 << 31)
  /// EP_PRIVATE_BITS: what is not an event.
  static let modes: EpollInterest = [.exclusive, .wakeUp, .oneShot, .edge]
  /// EPOLLEXCLUSIVE_OK_BITS.
  static let allowedWithExclusive: EpollInterest = [
    .exclusive, .wakeUp, .edge, EpollInterest(rawValue: PollEvents([.input, .output, .error, .hangUp]).rawValue),
  ]

  var events: PollEvents { PollEvents(rawValue: subtracting(.modes).rawValue) }
  /// Neither error nor end can be left out.
  var withUnavoidable: EpollInterest { union(EpollInterest(rawValue: PollEvents([.error, .hangUp]).rawValue)) }
}

extension Kernel {
  // MARK: Members

  /// Linux: ep_find().
  func member(_ file: ID<OpenFile>, _ fd: Int32, of epoll: ID<Epoll>) -> ID<EpollItem>? {
    var next = files[file].firstEpollItem
    while let item = next {
      if epollItems[item].epoll == epoll, epollItems[item].fd == fd { return item }
      next = epollItems[item].nextOfFile
    }
    return nil
  }

  /// Linux: ep_insert().
  mutating func addMember(
    _ file: ID<OpenFile>, _ fd: Int32, _ interest: EpollInterest, _ data: UInt64, to epoll: ID<Epoll>, for me: TaskID
  ) {
    var item = EpollItem(epoll: epoll, file: file, fd: fd, interest: interest.withUnavoidable, data: data)
    item.previous = epolls[epoll].lastItem
    item.nextOfFile = files[file].firstEpollItem
    let id = epollItems.insert(item)
    if let last = item.previous { epollItems[last].next = id } else { epolls[epoll].firstItem = id }
    epolls[epoll].lastItem = id
    files[file].firstEpollItem = id
    let answer = poll(file, for: me)
    let isExclusive = interest.contains(.exclusive)
    func entry(_ queue: ID<WaitQueue>) -> Waiter {
      Waiter(owner: .epollItem(id), queue: queue, isExclusive: isExclusive, events: .all)
    }
    if let queue = answer.queues.0 { epollItems[id].waiters.0 = link(entry(queue)) }
    if let queue = answer.queues.1 { epollItems[id].waiters.1 = link(entry(queue)) }
    if !answer.events.isDisjoint(with: epollItems[id].interest.events) { announce(id) }
  }

  /// Linux: ep_modify().
  mutating func changeMember(_ item: ID<EpollItem>, _ interest: EpollInterest, _ data: UInt64, for me: TaskID) {
    epollItems[item].interest = interest.withUnavoidable
    epollItems[item].data = data
    if !events(of: item, for: me).isEmpty { announce(item) }
  }

  /// Linux: ep_remove().
  mutating func removeMember(_ item: ID<EpollItem>) {
    if epollItems[item].isReady { takeOffReady(item) }
    let gone = epollItems.remove(item)
    if let waiter = gone.waiters.0 { unlink(waiter) }
    if let waiter = gone.waiters.1 { unlink(waiter) }
    if let previous = gone.previous {
      epollItems[previous].next = gone.next
    } else {
      epolls[gone.epoll].firstItem = gone.next
    }
    if let next = gone.next {
      epollItems[next].previous = gone.previous
    } else {
      epolls[gone.epoll].lastItem = gone.previous
    }
    if files[gone.file].firstEpollItem == item {
      files[gone.file].firstEpollItem = gone.nextOfFile
    } else {
      var other = files[gone.file].firstEpollItem!
      while epollItems[other].nextOfFile != item { other = epollItems[other].nextOfFile! }
      epollItems[other].nextOfFile = gone.nextOfFile
    }
  }

  /// An open file ends, and with it its memberships. Linux: eventpoll_release().
  @inline(__always) mutating func removeMemberships(of file: ID<OpenFile>) {
    while let item = files[file].firstEpollItem { removeMember(item) }
  }

  /// The epoll's own file ends. Linux: ep_clear_and_put().
  mutating func release(_ epoll: ID<Epoll>) {
    while let item = epolls[epoll].firstItem { removeMember(item) }
    let ended = epolls.remove(epoll)
    removeQueue(ended.sleepers)
    removeQueue(ended.pollers)
  }

  // MARK: Readiness

  private mutating func putOnReady(_ item: ID<EpollItem>) {
    let epoll = epollItems[item].epoll, last = epolls[epoll].lastReady
    epollItems[item].isReady = true
    epollItems[item].previousReady = last
    epollItems[item].nextReady = nil
    if let last { epollItems[last].nextReady = item } else { epolls[epoll].firstReady = item }
    epolls[epoll].lastReady = item
  }

  private mutating func takeOffReady(_ item: ID<EpollItem>) {
    let epoll = epollItems[item].epoll
    let previous = epollItems[item].previousReady, next = epollItems[item].nextReady
    epollItems[item].isReady = false
    if let previous { epollItems[previous].nextReady = next } else { epolls[epoll].firstReady = next }
    if let next { epollItems[next].previousReady = previous } else { epolls[epoll].lastReady = previous }
  }

  /// What the member's file is ready for, of what is asked. Linux: ep_item_poll().
  private mutating func events(of item: ID<EpollItem>, for me: TaskID) -> PollEvents {
    let file = epollItems[item].file
    return poll(file, for: me).events.intersection(epollItems[item].interest.events)
  }

  /// A member was found ready: it goes on the list, and those who wait are told.
  private mutating func announce(_ item: ID<EpollItem>) {
    guard !epollItems[item].isReady else { return }
    let epoll = epollItems[item].epoll
    putOnReady(item)
    wake(epolls[epoll].sleepers)
    wake(epolls[epoll].pollers, .input)
  }

  /// Something happened on a member's file; an event of all bits is one that tells nothing in particular. Returns
  /// whether that counts as waking somebody, for EPOLLEXCLUSIVE. Linux: ep_poll_callback().
  mutating func memberEvent(_ item: ID<EpollItem>, _ events: PollEvents) -> Bool {
    let interest = epollItems[item].interest, epoll = epollItems[item].epoll
    let isExclusive = interest.contains(.exclusive)
    // A one-shot that was told has no events left; error and end, which all others have, went too.
    guard !interest.subtracting(.modes).isEmpty, !events.isDisjoint(with: interest.events) else { return !isExclusive }
    if !epollItems[item].isReady { putOnReady(item) }
    var hasWoken = false
    if !waitQueues[epolls[epoll].sleepers].isEmpty {
      switch events.intersection([.input, .output]) {
      case .input: hasWoken = interest.events.contains(.input)
      case .output: hasWoken = interest.events.contains(.output)
      case []: hasWoken = true
      default: hasWoken = events == .all
      }
      wake(epolls[epoll].sleepers)
    }
    wake(epolls[epoll].pollers, .input)
    return !isExclusive || hasWoken
  }

  /// Whether anything may be ready.
  func hasCandidates(_ epoll: ID<Epoll>) -> Bool { epolls[epoll].firstReady != nil }

  /// Appends up to `limit` events to the output, and returns how many. What is a level goes back to the end of the
  /// list, so that members take turns. Linux: ep_send_events().
  mutating func takeEvents(of epoll: ID<Epoll>, limit: Int, for me: TaskID) -> Int {
    var count = 0
    let last = epolls[epoll].lastReady
    while count < limit, let item = epolls[epoll].firstReady {
      takeOffReady(item)
      let events = events(of: item, for: me)
      if !events.isEmpty {
        output.append(events.rawValue)
        output.append(epollItems[item].data)
        count += 1
        let interest = epollItems[item].interest
        if interest.contains(.oneShot) {
          epollItems[item].interest = interest.intersection(.modes)
        } else if !interest.contains(.edge) {
          putOnReady(item)
        }
      }
      if item == last { break }
    }
    passOn(epoll)
    return count
  }

  /// When something is left, the next sleeper is to have it. Linux: ep_done_scan().
  private mutating func passOn(_ epoll: ID<Epoll>) {
    if hasCandidates(epoll) { wake(epolls[epoll].sleepers) }
  }

  /// An epoll is readable while it has something to tell. Linux: __ep_eventpoll_poll().
  mutating func poll(_ epoll: ID<Epoll>, for me: TaskID) -> PollAnswer {
    var answer = PollAnswer(events: [], queues: (epolls[epoll].pollers, nil))
    while let item = epolls[epoll].firstReady {
      if !events(of: item, for: me).isEmpty {
        answer.events = .readable
        break
      }
      takeOffReady(item)
    }
    passOn(epoll)
    return answer
  }

  // MARK: Nesting

  /// EP_MAX_NESTS: how many epolls may lie above or below one.
  private static var nestingLimit: Int { 4 }

  /// Whether `inner` may become a member of `outer`: neither a loop nor too deep a chain. Linux: ep_loop_check().
  func mayNest(_ inner: ID<Epoll>, in outer: ID<Epoll>) -> Bool {
    var known: [ID<Epoll>: Int] = [:]
    let below = depth(below: inner, 0, avoiding: outer, &known)
    if below > Kernel.nestingLimit { return false }
    return below + 1 + depth(above: outer) <= Kernel.nestingLimit
  }

  private func depth(below epoll: ID<Epoll>, _ level: Int, avoiding outer: ID<Epoll>, _ known: inout [ID<Epoll>: Int])
    -> Int
  {
    if let depth = known[epoll] { return depth }
    var deepest = 0
    var next = epolls[epoll].firstItem
    while let item = next, deepest <= Kernel.nestingLimit {
      next = epollItems[item].next
      guard case .epoll(let inner) = files[epollItems[item].file].object else { continue }
      if inner == outer || level > Kernel.nestingLimit {
        deepest = Kernel.nestingLimit + 1
      } else {
        deepest = max(deepest, depth(below: inner, level + 1, avoiding: outer, &known) + 1)
      }
    }
    known[epoll] = deepest
    return deepest
  }

  private func depth(above epoll: ID<Epoll>) -> Int {
    var highest = 0
    var next = epolls[epoll].file.flatMap { files[$0].firstEpollItem }
    while let item = next {
      next = epollItems[item].nextOfFile
      highest = max(highest, depth(above: epollItems[item].epoll) + 1)
    }
    return highest
  }
}

// What a kernel takes of its host's memory: a script that maps and writes without end is to end, and not the host.
//
// Linux has nothing of the kind, so nobody inside may notice: the page that is refused is the last thing that happens.

extension Kernel {
  /// Counts what is held, and says whether there may be one page more. Asked when so many pages were made that the
  /// limit could be reached; how many of them are left nobody keeps count of, since copies share them.
  @inline(never) mutating func mayHoldMore() -> Bool {
    let held = heldPages * Page.size
    isOutOfMemory = held >= memoryLimit
    // Not too often, for it takes its time.
    let step = 16 << 20
    pageAlarm = pagesMade + max(memoryLimit - held, step) / Page.size
    return !isOutOfMemory
  }

  /// The pages of files and mappings, each counted once.
  private var heldPages: Int {
    var pages: Set<ObjectIdentifier> = []
    for memory in memories.ids { memories[memory].bytes.collect(into: &pages) }
    for space in addressSpaces.ids {
      for area in addressSpaces[space].areas { area.ownPages.collect(into: &pages) }
    }
    return pages.count
  }
}

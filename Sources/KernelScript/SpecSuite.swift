import LinuxKernel

/// Many spec files: which of their cases run, in which order, on how many threads.
package struct SpecSuite: Sendable {
  /// What a run of cases is made of. The defaults take all.
  package struct Selection: Sendable {
    /// Texts of which a case's full name must hold one.
    package var filters: [String] = []
    /// Tags of which a case must have one, and those that it must not have; without their #.
    package var tags: [String] = []
    package var excludedTags: [String] = []
    /// Part `index` (from 1) of `count` parts: the cases are dealt out like cards.
    package var shard: (index: Int, count: Int)?
    /// Files, and the cases of each file, in an order drawn from the seed.
    package var isShuffled = false
    /// How often each case runs, with the seed, the next one, and so on.
    package var repetitions = 1
    package init() {}
  }

  /// One run of one case.
  package struct Job: Sendable {
    package let file: SpecFile
    package let testCase: SpecFile.Case
    package let options: Machine.Options
    package let checksLeaks: Bool
  }

  /// A run that has ended.
  package struct Entry: Sendable {
    package let job: Job
    package let result: SpecFile.Result
    package let nanoseconds: Int64
    /// What this machine's Linux made of it, where the cases are run on both.
    package let host: SpecHostHalf?

    init(job: Job, result: SpecFile.Result, nanoseconds: Int64, host: SpecHostHalf? = nil) {
      (self.job, self.result, self.nanoseconds, self.host) = (job, result, nanoseconds, host)
    }

    func with(_ host: SpecHostHalf, _ result: SpecFile.Result, _ moreNanoseconds: Int64) -> Entry {
      Entry(job: job, result: result, nanoseconds: nanoseconds + moreNanoseconds, host: host)
    }
  }

  /// How many cases the files hold, before the selection.
  package private(set) var caseCount = 0
  package private(set) var jobs: [Job] = []

  /// Loads every file, each in a machine of its own, to see its cases.
  package init(
    _ sources: [(target: SpecSearch.Target, text: [UInt8])], _ selection: Selection, _ options: Machine.Options,
    checksLeaks: Bool = false, threads: Int
  ) {
    let files = sources.map { SpecFile(path: $0.target.path, source: $0.text) }
    var perFile: [[Job]] = []
    OrderedWork.run(files, threads: threads, work: { $0.cases(options) }) { position, cases in
      caseCount += cases.count
      let wanted = SpecSuite.at(sources[position].target.lines, cases).filter { selection.takes($0) }
      perFile.append(
        wanted.map { testCase in
          Job(file: files[position], testCase: testCase, options: options, checksLeaks: checksLeaks)
        })
      return true
    }
    if let shard = selection.shard {
      var position = -1
      perFile = perFile.map { jobs in
        jobs.filter { _ in
          position += 1
          return position % shard.count == shard.index - 1
        }
      }
    }
    if selection.isShuffled {
      var generator = SplitMix(state: options.seed)
      perFile.shuffle(using: &generator)
      for index in perFile.indices { perFile[index].shuffle(using: &generator) }
    }
    jobs = perFile.flatMap { $0 }
    if selection.repetitions > 1 {
      jobs = jobs.flatMap { job in
        (0..<selection.repetitions).map { repetition in
          var options = job.options
          options.seed &+= UInt64(repetition)
          return Job(file: job.file, testCase: job.testCase, options: options, checksLeaks: job.checksLeaks)
        }
      }
    }
  }

  /// The cases that lines belong to: those that begin at the line, or else at the nearest line above it.
  private static func at(_ lines: [Int], _ cases: [SpecFile.Case]) -> [SpecFile.Case] {
    guard !lines.isEmpty else { return cases }
    let starts = lines.map { line in cases.map(\.line).filter { $0 <= line }.max() }
    return cases.filter { starts.contains($0.line) }
  }

  /// Runs all, and gives each result to `take` in the order of the jobs; false ends the run.
  package func run(threads: Int, take: (Entry) -> Bool) {
    OrderedWork.run(
      jobs, threads: threads,
      work: { job in
        let began = HostClock.now
        let result = job.file.run(job.testCase, job.options, checksLeaks: job.checksLeaks)
        return Entry(job: job, result: result, nanoseconds: HostClock.now - began)
      }, take: { take($1) })
  }
}

extension SpecSuite.Selection {
  func takes(_ testCase: SpecFile.Case) -> Bool {
    (filters.isEmpty || filters.contains { testCase.name.contains($0) })
      && (tags.isEmpty || tags.contains { testCase.tags.contains($0) })
      && !excludedTags.contains { testCase.tags.contains($0) }
  }
}

/// The order of a shuffle: the same on every machine.
private struct SplitMix: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ z >> 30) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ z >> 27) &* 0x94d0_49bb_1331_11eb
    return z ^ z >> 31
  }
}

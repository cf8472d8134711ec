import Glibc

/// Work done on several threads, whose results are taken on the caller's thread in the order of the inputs.
package enum OrderedWork {
  /// - Parameters:
  ///   - take: gets each result with its position; false ends the work early, and what was begun is thrown away.
  package static func run<Input: Sendable, Output: Sendable>(
    _ inputs: [Input], threads: Int, work: @escaping @Sendable (Input) -> Output, take: (Int, Output) -> Bool
  ) {
    guard threads > 1, inputs.count > 1 else {
      for (position, input) in inputs.enumerated() where !take(position, work(input)) { return }
      return
    }
    let shared = Shared(inputs, work)
    let handles = (0..<min(threads, inputs.count)).compactMap { _ in start { shared.serve() } }
    if handles.isEmpty { shared.serve() }  // no thread was to be had
    for position in inputs.indices where !take(position, shared.result(position)) { break }
    shared.stop()
    for handle in handles { pthread_join(handle, nil) }
  }

  /// The processors there are.
  package static var processorCount: Int { max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) }

  private final class Body {
    let run: @Sendable () -> Void
    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
  }

  /// Interpreters recurse in C: the threads get the stack that the main thread has.
  private static let stackSize = 8 << 20

  private static func start(_ run: @escaping @Sendable () -> Void) -> pthread_t? {
    var attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    defer { pthread_attr_destroy(&attributes) }
    pthread_attr_setstacksize(&attributes, stackSize)
    var handle = pthread_t()
    let body = Unmanaged.passRetained(Body(run))
    let status = pthread_create(
      &handle, &attributes,
      { pointer in
        Unmanaged<Body>.fromOpaque(pointer!).takeRetainedValue().run()
        return nil
      }, body.toOpaque())
    guard status == 0 else {
      body.release()
      return nil
    }
    return handle
  }

  /// What the threads share; everything that changes is touched with the lock held.
  private final class Shared<Input: Sendable, Output: Sendable>: @unchecked Sendable {
    private let inputs: [Input]
    private let work: @Sendable (Input) -> Output
    private let lock = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let changed = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var next = 0
    private var results: [Output?]

    init(_ inputs: [Input], _ work: @escaping @Sendable (Input) -> Output) {
      self.inputs = inputs
      self.work = work
      results = Array(repeating: nil, count: inputs.count)
      pthread_mutex_init(lock, nil)
      pthread_cond_init(changed, nil)
    }

    deinit {
      pthread_mutex_destroy(lock)
      pthread_cond_destroy(changed)
      lock.deallocate()
      changed.deallocate()
    }

    func serve() {
      pthread_mutex_lock(lock)
      while next < inputs.count {
        let position = next
        next += 1
        pthread_mutex_unlock(lock)
        let output = work(inputs[position])
        pthread_mutex_lock(lock)
        results[position] = output
        pthread_cond_broadcast(changed)
      }
      pthread_mutex_unlock(lock)
    }

    func result(_ position: Int) -> Output {
      pthread_mutex_lock(lock)
      defer { pthread_mutex_unlock(lock) }
      while true {
        if let output = results[position].take() { return output }
        pthread_cond_wait(changed, lock)
      }
    }

    func stop() {
      pthread_mutex_lock(lock)
      next = inputs.count
      pthread_mutex_unlock(lock)
    }
  }
}

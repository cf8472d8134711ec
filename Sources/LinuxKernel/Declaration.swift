// How a call is declared: one form for each number of parameters. A form with a parameter pack would be one instead of
// seven, but packs are not specialised: decoding three arguments then costs 25 ns, here 3. How a body ends is written
// out in each too: as one function that takes the body, it is called indirectly by all of them.

extension Syscall {
  init<R: Returned>(
    _ number: Int, _ name: String, _ summary: String, c prototype: String, raw: String? = nil,
    returns: String..., errors: KeyValuePairs<Errno, String> = [:],
    body: @escaping @Sendable (inout Kernel, TaskID) throws(Stop) -> R
  ) {
    self.init(
      number, name, summary, prototype, raw, [], R.results, returns, errors,
      body: { (k: inout Kernel, me: TaskID, _: Arguments) in
        do throws(Stop) { return try body(&k, me).end(&k) } catch { return error.end(&k) }
      }
    )
  }

  init<A: Argument, R: Returned>(
    _ number: Int, _ name: String, _ summary: String, c prototype: String, raw: String? = nil,
    _ a: Param<A>,
    returns: String..., errors: KeyValuePairs<Errno, String> = [:],
    body: @escaping @Sendable (inout Kernel, TaskID, A) throws(Stop) -> R
  ) {
    self.init(
      number, name, summary, prototype, raw, [a.parameter], R.results, returns, errors,
      body: { (k: inout Kernel, me: TaskID, x: Arguments) in
        do throws(Stop) {
          return try body(&k, me, try A.decode(x[0], &k, me)).end(&k)
        } catch { return error.end(&k) }
      }
    )
  }

  init<A: Argument, B: Argument, R: Returned>(
    _ number: Int, _ name: String, _ summary: String, c prototype: String, raw: String? = nil,
    _ a: Param<A>, _ b: Param<B>,
    returns: String..., errors: KeyValuePairs<Errno, String> = [:],
    body: @escaping @Sendable (inout Kernel, TaskID, A, B) throws(Stop) -> R
  ) {
    self.init(
      number, name, summary, prototype, raw, [a.parameter, b.parameter], R.results, returns, errors,
      body: { (k: inout Kernel, me: TaskID, x: Arguments) in
        do throws(Stop) {
          return try body(&k, me, try A.decode(x[0], &k, me), try B.decode(x[1], &k, me)).end(&k)
        } catch { return error.end(&k) }
      }
    )
  }

  init<A: Argument, B: Argument, C: Argument, R: Returned>(
    _ number: Int, _ name: String, _ summary: String, c prototype: String, raw: String? = nil,
    _ a: Param<A>, _ b: Param<B>, _ c: Param<C>,
    returns: String..., errors: KeyValuePairs<Errno, String> = [:],
    body: @escaping @Sendable (inout Kernel, TaskID, A, B, C) throws(Stop) -> R
  ) {
    self.init(
      number, name, summary, prototype, raw, [a.parameter, b.parameter, c.parameter], R.results, returns, errors,
      body: { (k: inout Kernel, me: TaskID, x: Arguments) in
        do throws(Stop) {
          return try body(
            &k, me,
            try A.decode(x[0], &k, me),
            try B.decode(x[1], &k, me),
            try C.decode(x[2], &k, me)
          ).end(&k)
        } catch { return error.end(&k) }
      }
    )
  }

  init<A: Argument, B: Argument, C: Argument, D: Argument, R: Returned>(
    _ number: Int, _ name: String, _ summary: String, c prototype: String, raw: String? = nil,
    _ a: Param<A>, _ b: Param<B>, _ c: Param<C>, _ d: Param<D>,
    returns: String..., errors: KeyValuePairs<Errno, String> = [:],
    body: @escaping @Sendable (inout Kernel, TaskID, A, B, C, D) throws(Stop) -> R
  ) {
    self.init(
      number, name, summary, prototype, raw, [a.parameter, b.parameter, c.parameter, d.parameter], R.results, returns,
      errors,
      body: { (k: inout Kernel, me: TaskID, x: Arguments) in
        do throws(Stop) {
          return try body(
            &k, me,
            try A.decode(x[0], &k, me),
            try B.decode(x[1], &k, me),
            try C.decode(x[2], &k, me),
            try D.decode(x[3], &k, me)
          ).end(&k)
        } catch { return error.end(&k) }
      }
    )
  }

  init<A: Argument, B: Argument, C: Argument, D: Argument, E: Argument, R: Returned>(
    _ number: Int, _ name: String, _ summary: String, c prototype: String, raw: String? = nil,
    _ a: Param<A>, _ b: Param<B>, _ c: Param<C>, _ d: Param<D>, _ e: Param<E>,
    returns: String..., errors: KeyValuePairs<Errno, String> = [:],
    body: @escaping @Sendable (inout Kernel, TaskID, A, B, C, D, E) throws(Stop) -> R
  ) {
    self.init(
      number, name, summary, prototype, raw, [a.parameter, b.parameter, c.parameter, d.parameter, e.parameter],
      R.results, returns, errors,
      body: { (k: inout Kernel, me: TaskID, x: Arguments) in
        do throws(Stop) {
          return try body(
            &k, me,
            try A.decode(x[0], &k, me),
            try B.decode(x[1], &k, me),
            try C.decode(x[2], &k, me),
            try D.decode(x[3], &k, me),
            try E.decode(x[4], &k, me)
          ).end(&k)
        } catch { return error.end(&k) }
      }
    )
  }

  init<A: Argument, B: Argument, C: Argument, D: Argument, E: Argument, F: Argument, R: Returned>(
    _ number: Int, _ name: String, _ summary: String, c prototype: String, raw: String? = nil,
    _ a: Param<A>, _ b: Param<B>, _ c: Param<C>, _ d: Param<D>, _ e: Param<E>, _ f: Param<F>,
    returns: String..., errors: KeyValuePairs<Errno, String> = [:],
    body: @escaping @Sendable (inout Kernel, TaskID, A, B, C, D, E, F) throws(Stop) -> R
  ) {
    self.init(
      number, name, summary, prototype, raw,
      [a.parameter, b.parameter, c.parameter, d.parameter, e.parameter, f.parameter], R.results, returns, errors,
      body: { (k: inout Kernel, me: TaskID, x: Arguments) in
        do throws(Stop) {
          return try body(
            &k, me,
            try A.decode(x[0], &k, me),
            try B.decode(x[1], &k, me),
            try C.decode(x[2], &k, me),
            try D.decode(x[3], &k, me),
            try E.decode(x[4], &k, me),
            try F.decode(x[5], &k, me)
          ).end(&k)
        } catch { return error.end(&k) }
      }
    )
  }

  init<A: Argument, B: Argument, C: Argument, D: Argument, E: Argument, F: Argument, G: Argument, R: Returned>(
    _ number: Int, _ name: String, _ summary: String, c prototype: String, raw: String? = nil,
    _ a: Param<A>, _ b: Param<B>, _ c: Param<C>, _ d: Param<D>, _ e: Param<E>, _ f: Param<F>, _ g: Param<G>,
    returns: String..., errors: KeyValuePairs<Errno, String> = [:],
    body: @escaping @Sendable (inout Kernel, TaskID, A, B, C, D, E, F, G) throws(Stop) -> R
  ) {
    self.init(
      number, name, summary, prototype, raw,
      [a.parameter, b.parameter, c.parameter, d.parameter, e.parameter, f.parameter, g.parameter], R.results, returns,
      errors,
      body: { (k: inout Kernel, me: TaskID, x: Arguments) in
        do throws(Stop) {
          return try body(
            &k, me,
            try A.decode(x[0], &k, me),
            try B.decode(x[1], &k, me),
            try C.decode(x[2], &k, me),
            try D.decode(x[3], &k, me),
            try E.decode(x[4], &k, me),
            try F.decode(x[5], &k, me),
            try G.decode(x[6], &k, me)
          ).end(&k)
        } catch { return error.end(&k) }
      }
    )
  }
}

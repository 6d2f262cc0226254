/** A subject that cannot be served at first. */
import { Effect, Exit, Scope } from "effect"
import { TestClock } from "effect/testing"
import { expect, it } from "vitest"
import { serveWhenPossible } from "../../../runtime/transport/ServeWhenPossible.ts"
import { RequestFailed, type TransportService } from "../../../runtime/transport/Transport.ts"
import { realDate } from "../../fixtures/time/RealDate.ts"

/** Refuses the first `refusedCount` times. */
const refusing = (refusedCount: number) => {
  const tries = { count: 0, served: 0 }
  const transport: TransportService = {
    messageBytesMax: 1_000,
    send: () => () => undefined,
    disconnectedAtMs: () => 0,
    refusedCount: () => 0,
    serve: (subject) =>
      Effect.suspend(() => {
        tries.count++
        if (tries.count <= refusedCount)
          return Effect.fail(new RequestFailed({ reason: "Disconnected", subject, detail: "no connection" }))
        tries.served++
        return Effect.void
      }),
  }
  return { transport, tries }
}

/** Serves on a transport that refuses at first; `end` closes the scope of the serving. Time is the test's own. */
const serving = (
  refusedCount: number,
  check: (given: {
    readonly tries: { readonly count: number; readonly served: number }
    readonly end: Effect.Effect<void>
  }) => Effect.Effect<void>,
) => {
  const { transport, tries } = refusing(refusedCount)
  const program = Effect.gen(function* () {
    const scope = yield* Scope.make()
    yield* Scope.provide(
      serveWhenPossible(transport, "ask.3", () => undefined),
      scope,
    )
    yield* check({ tries, end: Scope.close(scope, Exit.void) })
  })
  return Effect.runPromise(Effect.provide(program, realDate))
}

it("is served at once where that is possible, once", () =>
  serving(0, ({ tries }) =>
    Effect.gen(function* () {
      yield* TestClock.adjust("1 hour")
      expect(tries).toEqual({ count: 1, served: 1 })
    }),
  ))

it("is served as soon as it is possible", () =>
  serving(2, ({ tries }) =>
    Effect.gen(function* () {
      expect(tries).toEqual({ count: 1, served: 0 })
      yield* TestClock.adjust(600)
      expect(tries).toEqual({ count: 3, served: 1 })
      yield* TestClock.adjust("1 hour")
      expect(tries).toEqual({ count: 3, served: 1 })
    }),
  ))

it("is not tried for any more when it has ended", () =>
  serving(Number.POSITIVE_INFINITY, ({ tries, end }) =>
    Effect.gen(function* () {
      yield* TestClock.adjust(200)
      expect(tries.count).toBe(2)
      yield* end
      yield* TestClock.adjust("1 hour")
      expect(tries.count).toBe(2)
    }),
  ))

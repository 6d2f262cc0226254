/** A subject that cannot be served at first. */
import { Effect, Exit, Scope } from "effect"
import { expect, it } from "vitest"
import { serveWhenPossible } from "../../../runtime/transport/ServeWhenPossible.ts"
import { RequestFailed, type TransportService } from "../../../runtime/transport/Transport.ts"
import { eventually } from "../../fixtures/memory/MemorySystem.ts"

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

const begin = async (refusedCount: number) => {
  const { transport, tries } = refusing(refusedCount)
  const scope = await Effect.runPromise(Scope.make())
  await Effect.runPromise(
    Scope.provide(
      serveWhenPossible(transport, "ask.3", () => undefined),
      scope,
    ),
  )
  return { tries, end: () => Effect.runPromise(Scope.close(scope, Exit.void)) }
}

it("is served at once where that is possible, once", async () => {
  const { tries, end } = await begin(0)
  expect(tries).toEqual({ count: 1, served: 1 })
  await end()
})

it("is served as soon as it is possible", async () => {
  const { tries, end } = await begin(2)
  expect(tries).toEqual({ count: 1, served: 0 })
  await eventually(() => tries.served === 1)
  expect(tries.count).toBe(3)
  await end()
})

it("is not tried for any more when it has ended", async () => {
  const { tries, end } = await begin(Number.POSITIVE_INFINITY)
  await eventually(() => tries.count === 2)
  await end()
  const { count } = tries
  await new Promise((resolve) => setTimeout(resolve, 500))
  expect(tries.count).toBe(count)
})

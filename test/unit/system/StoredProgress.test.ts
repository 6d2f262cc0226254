/** How far projections are by what the stores hold, over stores of the test's own. */
import { Effect, Layer } from "effect"
import { expect, it } from "vitest"
import { NatsConnection } from "../../../infra/nats/connection/NatsConnection.ts"
import { jetStreamCode } from "../../../infra/nats/connection/NatsErrors.ts"
import { PostgresPool } from "../../../infra/postgres/PostgresPool.ts"
import { keepStoredProgress, storedProgressOf } from "../../../infra/system/StoredProgress.ts"
import { Checkpoints } from "../../../runtime/checkpoint/Checkpoints.ts"
import { Journal } from "../../../runtime/journal/Journal.ts"
import type { ActorSystemService } from "../../../runtime/system/ActorSystem.ts"
import { journalInMemory } from "../../fixtures/memory/JournalScripted.ts"
import { MessagingMemory } from "../../fixtures/memory/MessagingMemory.ts"
import { api, apiError, ServerScripted } from "../nats/ServerScripted.ts"

/** Sequence of the only record after the projections' offsets, of type `seat`. */
const NEWEST = 9
const OFFSET = 4

/** A server whose journal holds that record. */
const server = new ServerScripted(({ text }) => {
  const { next_by_subj } = JSON.parse(text)
  return next_by_subj === "shop.evt.*.seat.*"
    ? [api({ message: { subject: "shop.evt.0.seat.a", seq: NEWEST } })]
    : [apiError(jetStreamCode.noMessageFound)]
})

const pool = { query: () => Effect.succeed({ rows: [{ sequence: OFFSET }] }), table: (name: string) => name }

/** The lag of one version of `bookings`, of which nodes tell that version 1 reads desks, and version 2 reads seats. */
const lagOf = (version: number) =>
  Effect.gen(function* () {
    const projections = [
      { name: "bookings", version: 1, from: [{ type: "desk" }] },
      { name: "bookings", version: 2, from: [{ type: "seat" }] },
    ]
    const system = { given: { projections } } as unknown as ActorSystemService
    const journal = { ...journalInMemory(), lastSequence: () => Effect.succeed(NEWEST) }
    yield* keepStoredProgress(system, "shop").pipe(
      Effect.provide(
        Layer.mergeAll(
          Layer.succeed(NatsConnection, yield* server.connection),
          Layer.succeed(PostgresPool, pool as never),
          Layer.succeed(Journal, journal),
          Layer.succeed(Checkpoints, new MessagingMemory().checkpoints),
        ),
      ),
    )
    const read = storedProgressOf(system)?.ofProjection({ name: "bookings", version })
    return yield* read?.(0) ?? Effect.die("no reads are kept")
  }).pipe(Effect.scoped, Effect.runPromise)

it("each version of a projection is behind by the types that it reads itself", async () => {
  expect(await lagOf(1)).toEqual({ position: OFFSET, lag: 0 })
  expect(await lagOf(2)).toEqual({ position: OFFSET, lag: NEWEST - OFFSET })
})

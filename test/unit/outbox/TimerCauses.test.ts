/** The search for causes of timers: a journal that throws or hangs delays timers, and loses none. */
import { Effect, Fiber, References } from "effect"
import { TestClock } from "effect/testing"
import { expect, it } from "vitest"
import { addressOf } from "../../../runtime/address/ActorAddress.ts"
import type { PlacedItem } from "../../../runtime/commit/PlacedItem.ts"
import { type JournalService, JournalUnavailable } from "../../../runtime/journal/Journal.ts"
import { TimerCauses } from "../../../runtime/outbox/TimerCauses.ts"
import { realDate, START_MS } from "../../fixtures/time/RealDate.ts"

const from = addressOf("desk", "d", 8)
const item = { k: "timer", n: "bell", g: "1.0", at: START_MS, e: { type: "Rang" } } as const
const timers: ReadonlyArray<PlacedItem> = [
  { item, id: "t-1", from, sequence: 0, atMs: 1, metadata: undefined },
]

/** The commit that set the timer. */
const record = {
  key: from.key,
  sequence: 3,
  data: new TextEncoder().encode(
    JSON.stringify({
      ...{ v: 1, first: 1, at: START_MS, epoch: 1 },
      entries: [{ c: "set", fp: "9c1185a5c5e9fc54", ev: [], out: [item] }],
    }),
  ),
}

const causesOf = (causes: TimerCauses) =>
  Effect.map(causes.of(from, timers, 3), (found) => found.map(({ metadata }) => metadata?.causationId))

const searching = (read: JournalService["read"]) => new TimerCauses({ read })

const run = (body: Effect.Effect<void>): Promise<void> =>
  body.pipe(
    Effect.provide(realDate),
    Effect.provideService(References.MinimumLogLevel, "None"),
    Effect.runPromise,
  )

const failures: ReadonlyArray<readonly [string, JournalService["read"]]> = [
  ["is unavailable", () => Effect.fail(new JournalUnavailable({ reason: "Timeout", detail: "slow" }))],
  ["has a defect", () => Effect.die(new Error("broken"))],
  [
    "throws",
    () => {
      throw new Error("broken")
    },
  ],
  ["has a commit that cannot be read", () => Effect.succeed([{ ...record, data: new Uint8Array([1]) }])],
]

it.each(failures)("timers are sent without their causes where the journal %s", (_, read) =>
  run(
    Effect.gen(function* () {
      expect(yield* causesOf(searching(read))).toEqual([undefined])
    }),
  ),
)

it("a search that has waited for its turn has its whole time", () =>
  run(
    Effect.gen(function* () {
      let hangingCount = 4
      const causes = searching(() =>
        hangingCount-- > 0 ? Effect.never : Effect.delay(Effect.succeed([record]), "4 seconds"),
      )
      const searches = yield* Effect.forkChild(
        Effect.all(
          Array.from({ length: 5 }, () => causesOf(causes)),
          { concurrency: "unbounded" },
        ),
      )
      yield* TestClock.adjust("5 seconds")
      yield* TestClock.adjust("4 seconds")
      const nothing = [undefined]
      expect(yield* Fiber.join(searches)).toEqual([nothing, nothing, nothing, nothing, ["set"]])
    }),
  ))

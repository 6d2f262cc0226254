/** What a machine does by itself is announced to projections, reactors and sagas, and changes nothing in the machine. */
import { Effect, Schema } from "effect"
import { expect, it } from "vitest"
import { assign, fromPromise, setup } from "xstate"
import { addressOf } from "../../../runtime/address/ActorAddress.ts"
import { announce, defineActor, defineEvent, type EventOf } from "../../../runtime/index.ts"
import { decodeRecord } from "../../../runtime/projection/DecodedRecord.ts"
import { testActor } from "../../../runtime/testing.ts"
import { eventually, historyOf, SHARD_COUNT, startMemory } from "../../fixtures/memory/MemorySystem.ts"

const events = {
  Held: defineEvent(Schema.Struct({ by: Schema.String })),
  HoldExpired: defineEvent(Schema.Struct({ by: Schema.String })),
  ChargeFailed: defineEvent(Schema.Struct({ code: Schema.Number })),
  Counted: defineEvent(Schema.Struct({})),
}

interface Told {
  readonly context: { readonly by: string }
  readonly event: object
}

const seatMachine = (holdTime: number) =>
  setup({
    types: {
      context: {} as { by: string; holds: number },
      events: {} as EventOf<typeof events>,
      input: {} as { id: string },
    },
    delays: { holdTime },
    actors: { charge: fromPromise(() => Promise.reject({ code: 51 })) },
  }).createMachine({
    context: { by: "", holds: 0 },
    initial: "free",
    states: {
      free: {
        on: {
          Held: [
            { guard: ({ event }) => event.by === "card", target: "charging" },
            {
              target: "held",
              actions: [
                assign({ by: ({ event }) => event.by, holds: ({ context }) => context.holds + 1 }),
                announce("Counted"),
              ],
            },
          ],
        },
      },
      held: {
        after: {
          holdTime: {
            target: "free",
            actions: announce("HoldExpired", ({ context: { by } }) => ({ by })),
          },
        },
      },
      charging: {
        invoke: {
          src: "charge",
          onError: {
            target: "free",
            actions: announce("ChargeFailed", ({ event }: Told) => ({
              code: (event as { error: { code: number } }).error.code,
            })),
          },
        },
      },
    },
  })

const seat = (holdTime: number) =>
  defineActor({
    type: "seat",
    machine: seatMachine(holdTime),
    events,
    commands: {
      Hold: {
        schema: Schema.Struct({ by: Schema.String }),
        decide: ({ command }) => ({ type: "Held", by: command.by }),
      },
    },
  })

/** Events as a projection or reactor of the actor sees them. */
const readBy = async (
  journal: Awaited<ReturnType<typeof startMemory>>["journal"],
  Seat: ReturnType<typeof seat>,
) => {
  const address = addressOf("seat", "s", SHARD_COUNT)
  const records = await Effect.runPromise(journal.inner.read(address, { after: 0, upTo: 1_000 }))
  return records.flatMap((record) => decodeRecord(new Map([["seat", Seat]]), SHARD_COUNT, record).events)
}

it("the end of a timer and of a call, and what a command leads to, are events of read models", async () => {
  const Seat = seat(5)
  const { system, journal } = await startMemory({ actors: [Seat] })
  const ref = system.get(Seat, "s")
  expect((await ref.ask({ type: "Hold", by: "ann" })).version).toBe(2)
  await eventually(async () => (await ref.state()).version === 4)
  await ref.ask({ type: "Hold", by: "card" })
  await eventually(async () => (await ref.state()).version === 7)
  expect((await readBy(journal, Seat)).map(({ version, event }) => [version, event])).toEqual([
    [1, { type: "Held", by: "ann" }],
    [2, { type: "Counted" }],
    [4, { type: "HoldExpired", by: "ann" }],
    [5, { type: "Held", by: "card" }],
    [7, { type: "ChargeFailed", code: 51 }],
  ])
  const types = (await historyOf(journal.inner, Seat, "s")).map(({ event: { type } }) => type)
  expect(types).toHaveLength(7)
  expect(types[2]).toMatch(/^xstate\.after\.holdTime/)
  const live = await ref.state()
  expect(live.state).toMatchObject({ value: "free", context: { by: "ann", holds: 1 } })
  // Replay leaves the announced events to others, and so does a look at the past.
  const again = await startMemory({ actors: [Seat], journal })
  expect((await again.system.get(Seat, "s").state()).state.context).toEqual(live.state.context)
  expect(await ref.stateAt({ version: 2 })).toMatchObject({ version: 2, state: { value: "held" } })
  expect(await ref.stateAt({ version: 4 })).toMatchObject({ version: 4, state: { value: "free" } })
})

it("a scenario sees what a command announces, and one that does not fit its schema fails the command", async () => {
  testActor(seat(5))
    .when({ type: "Hold", by: "ann" })
    .then([{ type: "Held", by: "ann" }, { type: "Counted" }])
    .then({ state: "held", version: 2 })
  const Wrong = defineActor({
    type: "wrong",
    machine: setup({ types: { events: {} as { type: "Go" } } }).createMachine({
      on: { Go: { actions: announce("HoldExpired", () => ({ by: 7 })) } },
    }),
    events: { Go: defineEvent(Schema.Struct({})), HoldExpired: events.HoldExpired },
    commands: { Go: { schema: Schema.Struct({}), decide: () => ({ type: "Go" as const }) } },
  } as never)
  const { system, journal } = await startMemory({ actors: [Wrong] })
  await expect(system.get(Wrong, "w").ask({ type: "Go" } as never)).rejects.toMatchObject({
    _tag: "CommandFailed",
    reason: "NotSendable",
    detail: expect.stringMatching(/announced: HoldExpired: /),
  })
  expect(journal.counts.append).toBe(0)
})

it("a birth announces nothing, and says so", async () => {
  const Eager = defineActor({
    type: "eager",
    machine: setup({ types: { events: {} as { type: "Go" } } }).createMachine({
      initial: "a",
      states: { a: { entry: announce("Born"), on: { Go: "b" } }, b: {} },
    }),
  })
  const { system } = await startMemory({ actors: [Eager] })
  await expect(system.get(Eager, "e").ask({ type: "Go" })).rejects.toMatchObject({
    _tag: "CommandFailed",
    detail: expect.stringMatching(/announces "Born", and a birth is no event/),
  })
})

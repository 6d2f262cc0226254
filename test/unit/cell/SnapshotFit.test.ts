/** A snapshot that another code wrote is used only where it is the fold of the events as this code reads them. */
import { Effect, Logger, Schema } from "effect"
import { describe, expect, it } from "vitest"
import { assign, cancel, raise, setup } from "xstate"
import { addressOf } from "../../../runtime/address/ActorAddress.ts"
import { IGNORED_REASONS_LOGGED_MAX, IgnoredSnapshots } from "../../../runtime/cell/IgnoredSnapshots.ts"
import { type AnyActor, defineActor, defineCall, defineEvent } from "../../../runtime/index.ts"
import { Machine } from "../../../runtime/machine/Machine.ts"
import {
  eventually,
  type MemorySystem,
  SHARD_COUNT,
  startMemory,
} from "../../fixtures/memory/MemorySystem.ts"

interface Paid {
  readonly type: "Paid"
  readonly amount?: number
  readonly cents?: number
}

const Amount = Schema.Struct({ amount: Schema.Int })
const Cents = Schema.Struct({ cents: Schema.Int })
const PayCommand = Schema.Struct({ amount: Schema.Int })

const till = (name: string, state = "open") =>
  setup({ types: { context: {} as { cents: number }, events: {} as Paid } }).createMachine({
    id: name,
    context: { cents: 0 },
    initial: state,
    states: {
      [state]: {
        on: {
          Paid: {
            actions: assign({
              cents: ({ context, event }) => context.cents + (event.cents ?? event.amount ?? 0),
            }),
          },
        },
      },
    },
  })

/** Counts amounts as they come. */
const TillV1 = defineActor({
  type: "till",
  machine: till("till"),
  events: { Paid: defineEvent(Amount) },
  commands: {
    Pay: { schema: PayCommand, decide: ({ command }) => ({ type: "Paid", amount: command.amount }) },
  },
})

/** Has learned that amounts were of hundred cents each. */
const TillV2 = defineActor({
  type: "till",
  machine: till("till"),
  events: {
    Paid: defineEvent({
      version: 2,
      schema: Cents,
      upcast: { 1: (old: { readonly amount: number }) => ({ cents: old.amount * 100 }) },
    }),
  },
  commands: {
    Pay: { schema: PayCommand, decide: ({ command }) => ({ type: "Paid", cents: command.amount }) },
  },
})

/** The same events as the first, and a state that is called otherwise. */
const TillRenamed = defineActor({
  type: "till",
  machine: till("till", "ready"),
  events: { Paid: defineEvent(Amount) },
  commands: {
    Pay: { schema: PayCommand, decide: ({ command }) => ({ type: "Paid", amount: command.amount }) },
  },
})

/** What a system on the same stores says of the actor, and how often it reads the journal for that. */
const visit = async ({ journal, snapshots }: MemorySystem, actor: AnyActor) => {
  const memory = await startMemory({ actors: [actor], journal, snapshots, drainMs: 5_000 })
  const readsBefore = journal.counts.read
  const { state, version } = await memory.system.get(actor, "a").state()
  const readCount = journal.counts.read - readsBefore
  const { cents } = state.context as { cents: number }
  const { ignoredCount } = (await memory.system.status()).snapshots
  await memory.system.stop()
  return { value: state.value, cents, version, readCount, ignoredCount }
}

/** Three payments, and the snapshot that the end of the system left. */
const paidThreeTimes = async (): Promise<MemorySystem> => {
  const memory = await startMemory({ actors: [TillV1], drainMs: 5_000 })
  for (let index = 0; index < 3; index++) await memory.system.get(TillV1, "a").ask({ type: "Pay", amount: 5 })
  await memory.system.stop()
  expect(memory.snapshots.rows.get("till/a")?.version).toBe(3)
  return memory
}

describe("a snapshot of another code", () => {
  it("FAULT 75: is not used where an upcaster changed what the events mean", async () => {
    const memory = await paidThreeTimes()
    expect(await visit(memory, TillV2)).toMatchObject({ cents: 1_500, version: 3, ignoredCount: 1 })
  })

  it("FAULT 75: is not used by a code that reads older events", async () => {
    const memory = await paidThreeTimes()
    const text = JSON.stringify({ Paid: 2 })
    memory.snapshots.damage("till/a", ({ state }) => ({
      state: state.replace('{"Paid":1}', text).replace('"cents":15', '"cents":1500'),
    }))
    expect(await visit(memory, TillV1)).toMatchObject({ cents: 15, ignoredCount: 1 })
  })

  it("FAULT 75: is not used where the machine has other states, though it would fit one of them", async () => {
    const memory = await paidThreeTimes()
    memory.snapshots.damage("till/a", ({ state }) => ({ state: state.replace('"open"', '"ready"') }))
    memory.snapshots.damage("till/a", ({ state }) => ({ state: state.replace('"cents":15', '"cents":7') }))
    expect(await visit(memory, TillRenamed)).toMatchObject({ value: "ready", cents: 15, ignoredCount: 1 })
  })

  it("FAULT 75: costs one replay: the next look is at a snapshot of the code's own", async () => {
    const memory = await paidThreeTimes()
    expect(await visit(memory, TillV2)).toMatchObject({ readCount: 1, ignoredCount: 1 })
    expect(await visit(memory, TillV2)).toMatchObject({ cents: 1_500, readCount: 0, ignoredCount: 0 })
    // A shard that goes back to a node of the former release is replayed there once, too.
    expect(await visit(memory, TillV1)).toMatchObject({ cents: 15, readCount: 1, ignoredCount: 1 })
    expect(await visit(memory, TillV1)).toMatchObject({ cents: 15, readCount: 0, ignoredCount: 0 })
  })

  it("is used where it was written before machines had fingerprints", async () => {
    const memory = await paidThreeTimes()
    memory.snapshots.damage("till/a", ({ state }) => {
      const { machine, ...body } = JSON.parse(state)
      expect(machine).toMatch(/^[0-9a-f]{16,}$/)
      return { state: JSON.stringify(body) }
    })
    expect(await visit(memory, TillV1)).toMatchObject({ cents: 15, readCount: 0, ignoredCount: 0 })
  })

  it("is used by the same code", async () => {
    const memory = await paidThreeTimes()
    expect(await visit(memory, TillV1)).toMatchObject({ cents: 15, readCount: 0, ignoredCount: 0 })
  })

  it("is not used at a raised snapshotVersion, for any number of actors", async () => {
    const first = await startMemory({ actors: [TillV1], drainMs: 5_000 })
    const ids = Array.from({ length: 50 }, (_, index) => `t${index}`)
    await Promise.all(ids.map((id) => first.system.get(TillV1, id).ask({ type: "Pay", amount: 1 })))
    await first.system.stop()
    await eventually(() => first.snapshots.rows.size === 50)
    const { journal, snapshots } = first
    const raised = { ...TillV1, snapshotVersion: 2 }
    const later = await startMemory({ actors: [raised], journal, snapshots })
    await Promise.all(ids.map((id) => later.system.get(raised, id).state()))
    expect((await later.system.status()).snapshots.ignoredCount).toBe(50)
  })
})

describe("the log", () => {
  const linesOf = async (run: (ignored: IgnoredSnapshots) => Effect.Effect<void>) => {
    const lines: Array<string> = []
    const logger = Logger.make(({ message }) => void lines.push(String(message)))
    const ignored = new IgnoredSnapshots()
    await Effect.runPromise(run(ignored).pipe(Effect.provide(Logger.layer([logger]))))
    return { lines, count: ignored.count }
  }
  const address = (type: string, index: number) => addressOf(type, `a${index}`, SHARD_COUNT)

  it("FAULT 75: has one line for a reason, however many actors it is about", async () => {
    const { lines, count } = await linesOf((ignored) =>
      Effect.forEach(
        Array.from({ length: 500 }, (_, index) => index),
        (index) => ignored.add(address(index % 2 === 0 ? "till" : "purse", index), "another codec"),
        { discard: true },
      ),
    )
    expect(count).toBe(500)
    expect(lines).toHaveLength(2)
    expect(lines[0]).toContain(
      'Snapshots of "till" are ignored and the actors replayed, till/a0 first: another',
    )
  })

  it("is bounded where every row has a reason of its own", async () => {
    const { lines, count } = await linesOf((ignored) =>
      Effect.forEach(
        Array.from({ length: 500 }, (_, index) => index),
        (index) => ignored.add(address("till", index), `damage ${index}`),
        { discard: true },
      ),
    )
    expect(count).toBe(500)
    expect(lines).toHaveLength(IGNORED_REASONS_LOGGED_MAX)
  })
})

describe("a machine's fingerprint", () => {
  const machine = ({
    target = "held",
    guard = "isRich",
    action = "note",
    delay = "patience",
    actor = "charge",
    raised = "Chime",
    entry = "greet",
    extra = {},
    description = "",
  } = {}) =>
    new Machine(
      "seat",
      setup({
        guards: { isRich: () => true, isPoor: () => true },
        actions: {
          note: () => undefined,
          tell: () => undefined,
          greet: () => undefined,
          nod: () => undefined,
        },
        delays: { patience: 10, haste: 10 },
        actors: { charge: defineCall(() => 1), refund: defineCall(() => 1) },
      }).createMachine({
        initial: "free",
        description,
        states: {
          free: {
            on: {
              Held: { target, guard: guard as "isRich", actions: action as "note" },
              Rung: {
                actions: [
                  raise({ type: raised } as never, { delay: delay as "patience", id: "bell" }),
                  cancel("bell"),
                ],
              },
            },
          },
          held: { after: { [delay]: "busy" }, entry: entry as "greet" },
          busy: { invoke: { src: actor as "charge", id: "pay", onDone: "free", onError: "free" } },
          ...extra,
        },
      }),
    ).fingerprint

  it("is the same for the same machine, and does not depend on what people only read", () => {
    expect(machine()).toBe(machine())
    expect(machine({ description: "for the drawing" })).toBe(machine())
  })

  it.each([
    ["a target", {}, { target: "busy" }],
    ["a guard", {}, { guard: "isPoor" }],
    ["an action", {}, { action: "tell" }],
    ["an entry action", {}, { entry: "nod" }],
    ["a delay's name", {}, { delay: "haste" }],
    ["an actor's name", {}, { actor: "refund" }],
    ["the event of a timer", {}, { raised: "Gong" }],
    ["one more state", {}, { extra: { lost: {} } }],
    ["a state's type", { extra: { lost: {} } }, { extra: { lost: { type: "final" } } }],
  ])("FAULT 75: changes with %s", (_, before, after) => {
    expect(machine(after)).not.toBe(machine(before))
  })

  it("does not depend on the order of states and events", () => {
    const build = (states: ReadonlyArray<string>) =>
      new Machine(
        "seat",
        setup({}).createMachine({
          initial: "one",
          states: Object.fromEntries(states.map((state) => [state, { on: { [`To${state}`]: "one" } }])),
        }),
      ).fingerprint
    expect(build(["one", "two", "three"])).toBe(build(["three", "one", "two"]))
  })
})

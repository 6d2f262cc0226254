/**
 * The checkers check: each test breaks exactly one promise, by as little as can be, and no other. A checker that is
 * weakened does not find it any more.
 */
import { Effect, Schema } from "effect"
import { afterEach, describe, expect, it, vi } from "vitest"
import { assign, setup } from "xstate"
import { Order } from "../../actors/order/Order.ts"
import { OrderSummary } from "../../actors/projections/OrderSummary.ts"
import { defineActor, defineEvent } from "../../runtime/index.ts"
import type { JournalService } from "../../runtime/journal/Journal.ts"
import { Machine } from "../../runtime/machine/Machine.ts"
import type { StoredSnapshot } from "../../runtime/snapshot/SnapshotStore.ts"
import {
  INVARIANTS,
  type PortDoubles,
  PROMISES,
  type Request,
  type SimulateOptions,
  SimulationFailed,
  simulate,
} from "../../runtime/testing.ts"
import { Counter } from "../fixtures/memory/Counter.ts"
import { Reminder } from "./Reminder.ts"
import { orderWorkload } from "./scenarios/OrderWorkload.ts"

const encoder = new TextEncoder()
const decoder = new TextDecoder()

/** What runs find wrong: one promise, the same in all of them. */
const broken = async (options: SimulateOptions): Promise<{ promise: string; message: string }> => {
  const outcome = await simulate({
    nodes: 1,
    twice: 0,
    faults: "none",
    shrinks: false,
    seed: 1,
    runs: 3,
    ...options,
  }).then(
    () => undefined,
    (error: unknown) => error,
  )
  if (!(outcome instanceof SimulationFailed)) throw outcome ?? new Error("nothing was found")
  return { promise: outcome.regression.promise, message: outcome.message }
}

/** The same requests, one after the other. */
const requests = (...given: ReadonlyArray<Request>) =>
  function* () {
    yield* given
  }

const add = (by: number): Request => ({ actor: Counter, id: "a", command: { type: "Add", by } })

/** Remembers the latest command; closes once, and takes notes open or closed. */
const Forgetful = {
  ...defineActor({
    type: "door",
    machine: setup({
      types: { context: {} as { notes: number }, events: {} as { type: "Noted" | "Closed" } },
    }).createMachine({
      context: { notes: 0 },
      initial: "open",
      on: { Noted: { actions: assign({ notes: ({ context }) => context.notes + 1 }) } },
      states: { open: { on: { Closed: "closed" } }, closed: {} },
    }),
    events: { Noted: defineEvent(Schema.Struct({})), Closed: defineEvent(Schema.Struct({})) },
    commands: {
      Note: { schema: Schema.Struct({}), decide: () => ({ type: "Noted" }) },
      Close: { schema: Schema.Struct({}), decide: () => ({ type: "Closed" }) },
    },
  }),
  commandsRememberedCount: 1,
}

const door = (type: "Note" | "Close", commandId?: string): Request => ({
  actor: Forgetful,
  id: "d",
  command: { type },
  ...(commandId === undefined ? {} : { commandId }),
})

/** Every commit as it is stored, changed on its way. */
const storing = (change: (text: string, index: number) => string): PortDoubles => {
  let index = 0
  return {
    journal: (journal: JournalService) => ({
      ...journal,
      append: (address, expected, data) =>
        journal.append(address, expected, encoder.encode(change(decoder.decode(data), index++))),
    }),
  }
}

/** Every snapshot as it is saved, with another total. */
const withAnotherTotal = (row: StoredSnapshot): StoredSnapshot => ({
  ...row,
  state: row.state.replace(/"total":\d+/, '"total":4711'),
})

afterEach(() => {
  vi.restoreAllMocks()
})

/** What of a commit the test below changes. */
interface StoredCommit {
  readonly entries: ReadonlyArray<{ readonly out?: ReadonlyArray<{ readonly k: string; at: number }> }>
}

describe("the simulator finds", () => {
  it("a timer that is early, by less than half a second", async () => {
    // The journal says 400 ms later than what the runtime acts on.
    const later = (data: Uint8Array): Uint8Array => {
      const commit = JSON.parse(new TextDecoder().decode(data)) as StoredCommit
      for (const { out = [] } of commit.entries) {
        for (const item of out) if (item.k === "timer") item.at += 400
      }
      return new TextEncoder().encode(JSON.stringify(commit))
    }
    const doubles: PortDoubles = {
      journal: (journal) => ({
        ...journal,
        append: (address, expected, data) => journal.append(address, expected, later(data)),
      }),
    }
    // It rings before the first look for lost schedules, which would take the journal's word.
    const remind = { actor: Reminder, id: "r", command: { type: "Remind", afterMs: 500 } }
    const { promise, message } = await broken({ actors: [Reminder], workload: requests(remind), doubles })
    expect(promise).toBe(PROMISES.pending)
    expect(message).toMatch(/came [1-9]\d* ms early/)
  })

  it("a command that is refused though it is stored", async () => {
    const workload = requests(door("Note"), door("Close", "close"), door("Note"), door("Close", "close"))
    const { promise, message } = await broken({ actors: [Forgetful], workload, clients: 1 })
    expect(promise).toBe(PROMISES.refused)
    expect(message).toMatch(/was refused .*, and is stored/)
  })

  it("a broken assertion, though the runtime survives it", async () => {
    const doubles: PortDoubles = {
      journal: (journal) => ({
        ...journal,
        append: (...given) => Effect.as(journal.append(...given), 0),
      }),
    }
    const { promise, message } = await broken({ actors: [Counter], workload: requests(add(1)), doubles })
    expect(promise).toBe(PROMISES.invariants)
    expect(message).toContain(`${INVARIANTS.commitsAscend}: {"key":"counter/a","before":0,"stored":0}`)
  })

  it("a row that is missing in a read model", async () => {
    let missing: string | undefined
    const doubles: PortDoubles = {
      readModel: (readModel) => ({
        ...readModel,
        apply: (projection, batch) => {
          missing ??= batch.events[0]?.id
          return readModel.apply(projection, {
            ...batch,
            events: batch.events.filter(({ id }) => id !== missing),
          })
        },
      }),
    }
    const { promise, message } = await broken({
      actors: [Order],
      projections: [OrderSummary],
      workload: orderWorkload(4, 40),
      doubles,
    })
    expect(promise).toBe(PROMISES.readModel)
    expect(message).toMatch(/has \d+ rows, the journal gives \d+/)
  })

  it("a row that is wrong in a read model", async () => {
    const doubles: PortDoubles = {
      readModel: (readModel) => ({
        ...readModel,
        // The last event of each batch is left out, the row of its actor is there.
        apply: (projection, batch) =>
          readModel.apply(projection, {
            ...batch,
            events: batch.events.filter(({ version }) => version !== 2),
          }),
      }),
    }
    const { promise, message } = await broken({
      actors: [Order],
      projections: [OrderSummary],
      workload: orderWorkload(4, 40),
      doubles,
    })
    expect(promise).toBe(PROMISES.readModel)
    expect(message).toContain("the journal gives [")
  })

  it("an epoch that goes back", async () => {
    const doubles = storing((text, index) => text.replace(/"epoch":\d+/, `"epoch":${1_000 - index}`))
    const { promise, message } = await broken({
      actors: [Counter],
      workload: requests(add(1), add(2)),
      placement: "leases",
      clients: 1,
      doubles,
    })
    expect(promise).toBe(PROMISES.epochs)
    expect(message).toContain("has a commit of epoch 999 after one of 1000")
  })

  it("an event that the machine does not accept", async () => {
    const doubles = storing((text, index) =>
      index === 0 ? text.replaceAll('"t":"Added"', '"t":"Nonsense"') : text,
    )
    const { promise } = await broken({ actors: [Counter], workload: requests(add(1)), doubles })
    expect(promise).toBe(PROMISES.accepted)
  })

  it("a snapshot that is no fold of the events", async () => {
    const doubles: PortDoubles = {
      snapshots: (snapshots) => ({
        ...snapshots,
        save: (rows) => snapshots.save(rows.map(withAnotherTotal)),
        load: () => Effect.undefined,
      }),
    }
    const workload = requests(...Array.from({ length: 30 }, () => add(1)))
    const { promise } = await broken({ actors: [Counter], workload, doubles })
    expect(promise).toBe(PROMISES.snapshot)
  })

  it("a state that is no fold of the events", async () => {
    const doubles: PortDoubles = {
      snapshots: (snapshots) => ({
        ...snapshots,
        load: (key) =>
          Effect.map(snapshots.load(key), (row) => (row === undefined ? undefined : withAnotherTotal(row))),
      }),
    }
    const read: Request = { actor: Counter, id: "a" }
    const workload = requests(
      ...Array.from({ length: 30 }, () => add(1)),
      ...Array.from({ length: 60 }, () => read),
    )
    const { promise } = await broken({
      actors: [Counter],
      workload,
      faults: "none",
      always: { "node crashes": 4 },
      runs: 10,
      doubles,
    })
    expect([PROMISES.fold, PROMISES.acknowledged]).toContain(promise)
  })

  it("FAULT 73: a state through which a caller changes the actor", async () => {
    const { transition } = Machine.prototype
    vi.spyOn(Machine.prototype, "transition").mockImplementation(function (this: Machine, ...given) {
      const next = transition.apply(this, given)
      return next === undefined ? undefined : ({ ...next } as typeof next)
    })
    const read: Request = { actor: Counter, id: "a" }
    const { promise } = await broken({
      actors: [Counter],
      workload: requests(add(1), read, read, add(1), read),
      clients: 1,
    })
    expect([PROMISES.fold, PROMISES.accepted]).toContain(promise)
  })

  it("a command that is applied twice", async () => {
    const workload = requests(door("Note"), door("Note", "once"), door("Note"), door("Note", "once"))
    const { promise } = await broken({ actors: [Forgetful], workload, clients: 1 })
    expect(promise).toBe(PROMISES.once)
  })

  it("a node that does not start", async () => {
    // Two definitions of one type: which of them is meant nobody can say.
    const { promise } = await broken({ actors: [Counter, { ...Counter }], workload: requests(add(1)) })
    expect(promise).toBe(PROMISES.starts)
  })
})

/** What an actor's birth asks for is stored with its first event, and happens; what is stored earlier keeps its meaning. */
import { Effect, Exit, Schema } from "effect"
import { TestClock } from "effect/testing"
import { describe, expect, it } from "vitest"
import { type AnyStateMachine, createMachine, emit, enqueueActions, fromPromise, raise, setup } from "xstate"
import { addressOf } from "../../../runtime/address/ActorAddress.ts"
import { unborn } from "../../../runtime/cell/Fold.ts"
import { playRound } from "../../../runtime/cell/Round.ts"
import { WaitingCommand } from "../../../runtime/cell/Waiting.ts"
import { commandOf } from "../../../runtime/command/Ask.ts"
import { type CommitFormat, decodeCommit, encodeCommit } from "../../../runtime/commit/Commit.ts"
import { type ActorDefinition, type AnyActor, defineActor } from "../../../runtime/definition/Actor.ts"
import { defineIntegrationEvent, dispatch, send } from "../../../runtime/index.ts"
import { JournalScripted } from "../../fixtures/memory/JournalScripted.ts"
import { SHARD_COUNT, startMemory, virtually } from "../../fixtures/memory/MemorySystem.ts"

const poke = { Poke: { actions: () => undefined } }

/** A state that waits for a second, and the one that it leads to. */
const waiting = { w: { after: { 1000: "done" }, on: poke }, done: {} }

/** Every way on which an actor can come to ask for something at its birth. */
const births: ReadonlyArray<readonly [string, AnyStateMachine]> = [
  ["the initial state itself", createMachine({ initial: "w", states: waiting })],
  [
    "raise",
    createMachine({
      initial: "a",
      states: { a: { entry: raise({ type: "GO" }), on: { GO: "w" } }, ...waiting },
    }),
  ],
  [
    "onDone of a state that begins at its end",
    createMachine({
      initial: "a",
      states: { a: { initial: "f", states: { f: { type: "final" } }, onDone: "w" }, ...waiting },
    }),
  ],
  [
    "a history state's default",
    createMachine({
      initial: "h",
      states: { h: { type: "history", target: "w" }, ...waiting },
    } as never),
  ],
  [
    "enqueueActions",
    createMachine({
      initial: "w",
      states: {
        w: {
          entry: enqueueActions(({ enqueue }) => enqueue.raise({ type: "T" }, { delay: 1_000 })),
          on: { T: "done", ...poke },
        },
        done: {},
      },
    }),
  ],
  [
    "an action of always",
    createMachine({
      initial: "a",
      states: {
        a: { always: { target: "w", actions: raise({ type: "T" }, { delay: 1_000, id: "t" }) } },
        w: { on: { T: "done", ...poke } },
        done: {},
      },
    }),
  ],
  [
    "a call",
    createMachine({
      initial: "w",
      states: {
        w: {
          on: poke,
          invoke: { id: "charge", src: fromPromise(async () => 1), onDone: "done", onError: "done" },
        },
        done: {},
      },
    }),
  ],
]

const defined = (machine: AnyStateMachine): ActorDefinition => defineActor({ type: "born", machine } as never)

const address = addressOf("born", "a", SHARD_COUNT)

describe("FAULT 84: a birth", () => {
  it.each(births)("that asks for something by way of %s gets it, after a crash, too", async (_, machine) => {
    const Born = defined(machine)
    const journal = new JournalScripted()
    await virtually({ actors: [Born], journal }, ({ system }) =>
      Effect.gen(function* () {
        const born = system.get(Born, "a")
        expect(yield* born.state()).toMatchObject({ version: 0, isBorn: false })
        expect(yield* born.ask({ type: "Poke" } as never)).toMatchObject({ version: 1 })
        expect(yield* born.state()).toMatchObject({ version: 1, isBorn: true })
      }),
    )
    await virtually({ actors: [Born], journal }, ({ system }) =>
      Effect.gen(function* () {
        yield* TestClock.adjust("1 minute")
        const { state } = yield* system.get(Born, "a").state()
        expect(state).toMatchObject({ value: "done" })
      }),
    )
  })

  it("is stored in the commit of the first event, before it and without a version", async () => {
    const Born = defined(births[0]?.[1] as AnyStateMachine)
    const { system, journal } = await startMemory({ actors: [Born] })
    await system.get(Born, "a").ask({ type: "Poke" } as never)
    const record = await Effect.runPromise(journal.inner.last(address))
    const { v, first, b, entries } = decodeCommit(record as never)
    expect([v, first, entries.length]).toEqual([3, 1, 1])
    expect(b?.out).toMatchObject([{ k: "timer", n: "xstate.after.1000.(machine).w", g: "0.0" }])
    expect(b?.st).toBeUndefined()
  })

  it("that asks for nothing leaves no trace in the commit", async () => {
    const Born = defined(createMachine({ context: () => ({ n: 1 }), on: poke }))
    const { system, journal } = await startMemory({ actors: [Born] })
    await system.get(Born, "a").ask({ type: "Poke" } as never)
    const { v, b } = decodeCommit((await Effect.runPromise(journal.inner.last(address))) as never)
    expect([v, b]).toEqual([2, undefined])
  })

  it("does not come of a refused command", async () => {
    const Born = defined(births[0]?.[1] as AnyStateMachine)
    const { system, journal } = await startMemory({ actors: [Born] })
    const born = system.get(Born, "a")
    await expect(born.ask({ type: "Unknown" } as never)).rejects.toMatchObject({ _tag: "CommandRejected" })
    expect(await born.state()).toMatchObject({ version: 0, isBorn: false })
    expect(await Effect.runPromise(journal.inner.last(address))).toBeUndefined()
  })

  it("sends and publishes what it says, once", async () => {
    const OrderBorn = defineIntegrationEvent({
      type: "order.born",
      schema: Schema.Struct({ by: Schema.String }),
      description: "An order is born.",
    })
    const Born = defineActor({
      type: "born",
      publishes: [OrderBorn],
      machine: createMachine({
        entry: [dispatch(() => send.publish(OrderBorn, { by: "dispatch" })) as never],
        initial: "a",
        states: {
          a: { always: { target: "b", actions: emit({ type: "order.born", by: "emit" }) } },
          b: { on: poke },
        },
      }),
    } as never) as ActorDefinition
    const { system, journal } = await startMemory({ actors: [Born] })
    await system.get(Born, "a").ask({ type: "Poke" } as never)
    const { b } = decodeCommit((await Effect.runPromise(journal.inner.last(address))) as never)
    expect(b?.out).toMatchObject([
      { k: "publish", d: { by: "dispatch" } },
      { k: "publish", d: { by: "emit" } },
    ])
  })

  it("of which an earlier release stored nothing stays without what it asked for", async () => {
    const Born = defined(births[0]?.[1] as AnyStateMachine)
    const journal = new JournalScripted()
    const entry = { c: "old", fp: "", ev: [{ t: "Poke", v: 1, d: {} }] }
    const data = encodeCommit({ format: 2, first: 1, at: 1_000, epoch: 1 }, [JSON.stringify(entry)])
    await Effect.runPromise(journal.inner.append(address, 0, data))
    await virtually({ actors: [Born], journal }, ({ system }) =>
      Effect.gen(function* () {
        const born = system.get(Born, "a")
        yield* born.ask({ type: "Poke" } as never)
        yield* TestClock.adjust("1 minute")
        expect(yield* born.state()).toMatchObject({ version: 2, isBorn: true, state: { value: "w" } })
      }),
    )
  })
})

describe("a birth that looks at a clock or draws on chance", () => {
  const machine = setup({
    types: { context: {} as { readonly at: number; readonly seed: number; readonly at2: string } },
  }).createMachine({
    context: () => ({ at: Date.now(), seed: Math.random(), at2: new Date().toISOString() }),
    on: { Poke: { actions: () => undefined } },
  } as never)

  it("gives the same state for ever: it is stored", async () => {
    const Born = defined(machine as never)
    const { system, journal, crash } = await startMemory({ actors: [Born] })
    await system.get(Born, "a").ask({ type: "Poke" } as never)
    const { context } = (await system.get(Born, "a").state()).state as { context: { seed: number } }
    await crash()
    const later = await startMemory({ actors: [Born], journal })
    expect((await later.system.get(Born, "a").state()).state).toMatchObject({ context })
    const past = await later.system.get(Born, "a").stateAt({ version: 0 })
    expect(past.state).toMatchObject({ context })
  })
})

describe("a cluster with a node of an earlier release", () => {
  const played = (definition: ActorDefinition, format: CommitFormat, type: string) => {
    const answers: Array<unknown> = []
    const command = commandOf(definition, address, { type }, { commandId: "c" }, () => "c")
    const waiting = new WaitingCommand(command, undefined, (exit) =>
      answers.push(Exit.isSuccess(exit) ? "done" : exit.cause.reasons[0]),
    )
    const limits = { commitBytesMax: 1_000_000, format, nowMs: 1_000 }
    const before = unborn(definition, address.id)
    const round = playRound(definition, address, before, [waiting], limits)
    for (const answer of round.answers) answer(before)
    return { round, answers }
  }

  it.each<CommitFormat>([1, 2])("gets no birth that must be stored, in format %i", (format) => {
    const { round, answers } = played(defined(births[0]?.[1] as AnyStateMachine), format, "Poke")
    expect(round.entries).toEqual([])
    expect(answers).toMatchObject([{ error: { _tag: "Unavailable", stored: "No" } }])
  })

  it("has actors born whose birth asks for nothing", () => {
    const { round, answers } = played(defined(createMachine({ on: poke })), 2, "Poke")
    expect(round.needsFormat3).toBe(false)
    expect(answers).toEqual(["done"])
  })

  it.each<readonly [string, AnyStateMachine]>([
    [
      "call whose input",
      createMachine({
        initial: "a",
        states: {
          a: { on: { Poke: "b" } },
          b: { invoke: { src: fromPromise(async () => 1), input: () => new Date(0) as never } },
        },
      }),
    ],
    [
      "timer whose event",
      createMachine({ on: { Poke: { actions: raise({ type: "T", n: 1n } as never, { delay: 5 }) } } }),
    ],
  ])("gets no %s has a form in no earlier format", (_, machine) => {
    const Asking = defined(machine)
    expect(played(Asking, 2, "Poke").answers).toMatchObject([
      { error: { _tag: "Unavailable", stored: "No" } },
    ])
    const { round, answers } = played(Asking, 3, "Poke")
    expect(round.needsFormat3).toBe(true)
    expect(answers).toEqual(["done"])
  })

  it("gets no message with input", () => {
    const Sender = defined(
      createMachine({
        on: {
          Poke: {
            actions: dispatch(() => ({
              ...send.tell({ actor: Receiver, id: "r", command: { type: "Poke" } as never }),
              input: { a: 1 },
            })) as never,
          },
        },
      }),
    )
    const Receiver = defined(createMachine({ on: poke })) as never
    expect(played(Sender, 2, "Poke").answers).toMatchObject([{ error: { _tag: "Unavailable" } }])
    expect(played(Sender, 3, "Poke").round.needsFormat3).toBe(true)
  })
})

describe("a journal", () => {
  const append = (journal: JournalScripted, after: number, b: string, first = 1) => {
    const data = encodeCommit({ format: 3, first, at: 1_000, epoch: 1, b }, [])
    return Effect.runPromise(journal.inner.append(address, after, data))
  }

  it.each([
    ["a second birth", ["{}", "{}"], "VersionGap"],
    ["a birth with input that is no object", ['{"in":5}'], "CommitUnreadable"],
    ["a birth with items that are none", ['{"out":[{"k":"timer"}]}'], "CommitUnreadable"],
    ["a birth with a state that is none", ['{"st":"x"}'], "CommitUnreadable"],
    [
      "a birth with a state of another machine",
      ['{"st":{"status":"active","value":"x","context":{}}}'],
      "CommitUnreadable",
    ],
  ])("with %s quarantines the actor", async (_, commits, reason) => {
    const journal = new JournalScripted()
    let last = 0
    for (const b of commits) last = await append(journal, last, b)
    const Born = defined(births[0]?.[1] as AnyStateMachine)
    const { system } = await startMemory({ actors: [Born], journal })
    await expect(system.get(Born, "a").state()).rejects.toMatchObject({ _tag: "ActorQuarantined", reason })
  })

  it("may tell of refused messages before a birth", async () => {
    const journal = new JournalScripted()
    const receipt = '{"c":"m","fp":"","ev":[],"no":true}'
    const data = encodeCommit({ format: 2, first: 1, at: 1_000, epoch: 1 }, [receipt])
    const after = await Effect.runPromise(journal.inner.append(address, 0, data))
    const Born = defined(births[0]?.[1] as AnyStateMachine)
    const { system } = await startMemory({ actors: [Born], journal })
    expect(await system.get(Born, "a").state()).toMatchObject({ isBorn: false, sequence: after })
    await append(journal, after, "{}")
    expect(await system.spawn(Born as AnyActor, "a", {})).toMatchObject({ isNew: false })
  })
})

describe("a child of a context", () => {
  it("is refused for its logic, whatever its systemId", () => {
    const Parent = defineActor({
      type: "parent",
      machine: createMachine({
        context: ({ spawn }) => ({ kid: spawn(createMachine({}), { systemId: "kid" }) }),
      }),
    } as never) as ActorDefinition
    for (const id of ["a", "b"]) {
      expect(() => Parent.machine.initial(id)).toThrow(/spawned without a name for its logic/)
    }
  })
})

/** Input: given by the first command, by a spawn or a message, checked, stored with the birth, and the same for ever. */
import { Effect, Schema } from "effect"
import { describe, expect, it } from "vitest"
import { assign, setup } from "xstate"
import { addressOf } from "../../../runtime/address/ActorAddress.ts"
import { unborn } from "../../../runtime/cell/Fold.ts"
import { decodeSnapshot, encodeSnapshot } from "../../../runtime/cell/Snapshot.ts"
import { decodeCommit } from "../../../runtime/commit/Commit.ts"
import { accept, defineActor, defineEvent, send } from "../../../runtime/index.ts"
import { testActor } from "../../../runtime/testing.ts"
import { ClusterMemory } from "../../fixtures/memory/ClusterMemory.ts"
import { JournalScripted } from "../../fixtures/memory/JournalScripted.ts"
import { eventually, SHARD_COUNT, startMemory } from "../../fixtures/memory/MemorySystem.ts"

const Plan = Schema.Struct({ plan: Schema.String, seats: Schema.Number })

const machine = setup({
  types: {} as {
    context: { id: string; plan: string; seats: number }
    events: { type: "Added"; seats: number }
    input: { id: string; plan: string; seats: number }
  },
}).createMachine({
  context: ({ input }) => ({ id: input.id, plan: input.plan.toUpperCase(), seats: input.seats }),
  initial: "open",
  states: {
    open: {
      after: { 3600000: "over" },
      on: { Added: { actions: assign({ seats: ({ context, event }) => context.seats + event.seats }) } },
    },
    over: {},
  },
})

const Account = defineActor({
  type: "account",
  machine,
  input: Plan,
  events: { Added: defineEvent(Schema.Struct({ seats: Schema.Number })) },
  commands: {
    Add: {
      schema: Schema.Struct({ seats: Schema.Number }),
      decide: ({ command, state }) =>
        state.context.seats + command.seats > 10
          ? []
          : accept({ type: "Added", seats: command.seats }, { reply: state.context.seats }),
    },
  },
})

const basic = { plan: "basic", seats: 2 }
const add = { type: "Add", seats: 1 } as const

const firstCommit = async (journal: JournalScripted, id: string) => {
  const record = await Effect.runPromise(journal.inner.last(addressOf("account", id, SHARD_COUNT)))
  return record === undefined ? undefined : decodeCommit(record)
}

describe("an actor with input", () => {
  it("is born with what its first command gives, also for a node that was not there", async () => {
    const { system, journal, crash } = await startMemory({ actors: [Account] })
    const account = system.get(Account, "a")
    expect(await account.ask(add, { input: basic })).toMatchObject({ version: 1, reply: 2 })
    expect((await firstCommit(journal, "a"))?.b).toMatchObject({ in: basic, out: [{ k: "timer" }] })
    await crash()
    const later = await startMemory({ actors: [Account], journal })
    const { state } = await later.system.get(Account, "a").state()
    expect(state.context).toEqual({ id: "a", plan: "BASIC", seats: 3 })
    const born = await later.system.get(Account, "a").stateAt({ version: 0 })
    expect(born.state.context).toEqual({ id: "a", plan: "BASIC", seats: 2 })
  })

  it("keeps its own when a later command gives another", async () => {
    const { system } = await startMemory({ actors: [Account] })
    const account = system.get(Account, "a")
    await account.ask(add, { input: basic })
    await account.ask(add, { input: { plan: "gold", seats: 9 } })
    expect((await account.state()).state.context).toEqual({ id: "a", plan: "BASIC", seats: 4 })
  })

  it("has no state before its birth, and no birth without input", async () => {
    const { system, journal } = await startMemory({ actors: [Account] })
    const account = system.get(Account, "a")
    await expect(account.state()).rejects.toMatchObject({ _tag: "ActorUnborn", kind: "rejection" })
    await expect(account.stateAt({ version: 0 })).rejects.toMatchObject({ _tag: "ActorUnborn" })
    const refused = account.ask(add)
    await expect(refused).rejects.toMatchObject({
      _tag: "InvalidCommand",
      issues: [{ path: "input" }, { path: "input.plan" }, { path: "input.seats" }],
    })
    await expect(system.spawn(Account, "a", undefined as never)).rejects.toMatchObject({
      _tag: "InvalidCommand",
    })
    expect(await firstCommit(journal, "a")).toBeUndefined()
    expect(await account.ask(add, { input: basic })).toMatchObject({ version: 1 })
  })

  it.each<readonly [string, unknown, string]>([
    ["of another shape", { plan: 1, seats: 2 }, "input.plan"],
    ["that is no plain JSON", { plan: new Date(0), seats: 2 }, "input.plan"],
  ])("is not born with input %s", async (_, input, path) => {
    const { system } = await startMemory({ actors: [Account] })
    const asked = system.get(Account, "a").ask(add, { input: input as never })
    await expect(asked).rejects.toMatchObject({
      _tag: "InvalidCommand",
      issues: [expect.objectContaining({ path })],
    })
  })

  it("takes no id but its own", async () => {
    const Named = defineActor({
      type: "named",
      machine: setup({ types: {} as { events: { type: "Go" } } }).createMachine({
        on: { Go: { actions: () => undefined } },
      }),
      input: Schema.Struct({ id: Schema.String }),
    })
    const { system } = await startMemory({ actors: [Named] })
    const other = system.get(Named, "a").ask({ type: "Go" }, { input: { id: "b" } })
    await expect(other).rejects.toMatchObject({ issues: [expect.objectContaining({ path: "input.id" })] })
    expect(await system.get(Named, "a").ask({ type: "Go" }, { input: { id: "a" } })).toMatchObject({
      version: 1,
    })
  })

  it("is not born of a command that stores nothing, and decides the next one on the input of that", async () => {
    const { system, journal } = await startMemory({ actors: [Account] })
    const account = system.get(Account, "a")
    await account.ask({ type: "Add", seats: 100 }, { input: basic })
    expect(await firstCommit(journal, "a")).toBeUndefined()
    expect(await account.ask(add, { input: { plan: "gold", seats: 5 } })).toMatchObject({ reply: 5 })
  })

  it("is born with input though its schema lets less pass than its machine needs", async () => {
    const Loose = defineActor({
      type: "loose",
      machine: setup({
        types: {} as {
          context: { name: string }
          events: { type: "Go" }
          input: { person: { name: string } }
        },
      }).createMachine({
        context: ({ input }) => ({ name: input.person.name }),
        on: { Go: { actions: () => undefined } },
      }),
      input: Schema.Any,
    } as never)
    const { system } = await startMemory({ actors: [Loose] })
    const loose = system.get(Loose, "a")
    await expect(loose.state()).rejects.toMatchObject({ _tag: "ActorUnborn" })
    await expect(loose.ask({ type: "Go" } as never)).rejects.toMatchObject({
      _tag: "InvalidCommand",
      issues: [{ path: "input", message: expect.stringMatching(/cannot begin without: .*reading 'name'/) }],
    })
    await loose.ask({ type: "Go" } as never, { input: { person: { name: "Ann" } } } as never)
    expect((await loose.state()).state.context).toEqual({ name: "Ann" })
  })

  it("has a snapshot before its birth that tells of no state", () => {
    const address = addressOf("account", "a", SHARD_COUNT)
    const before = { ...unborn(Account, "a"), sequence: 3 }
    const row = encodeSnapshot(Account, address, before)
    expect(JSON.parse(row.state)).toMatchObject({ state: null })
    expect(decodeSnapshot(Account, address, row)).toMatchObject({ standing: before.standing, sequence: 3 })
  })

  it("is a scenario's, too", () => {
    testActor(Account, "a", { input: basic }).when(add).then({ type: "Added", seats: 1 }).thenReply(2)
    testActor(Account, "a", { input: basic })
      .given({ type: "Added", seats: 4 })
      .when(add)
      .then({ state: "open", context: { plan: "BASIC", seats: 7 } })
      .thenSchedules()
    testActor(Account, "a").when(add).thenInvalid("input.plan")
    expect(() => testActor(Account, "a", { input: { plan: 1 } as never })).toThrow("input.plan")
  })
})

describe("an actor without input", () => {
  it("refuses what it is given", async () => {
    const Bare = defineActor({
      type: "bare",
      machine: setup({ types: {} as { events: { type: "Go" } } }).createMachine({
        on: { Go: { actions: () => undefined } },
      }),
    })
    const { system } = await startMemory({ actors: [Bare] })
    const asked = system.get(Bare, "a").ask({ type: "Go" }, { input: {} as never })
    await expect(asked).rejects.toMatchObject({ _tag: "InvalidCommand", issues: [{ path: "input" }] })
    expect(await system.spawn(Bare, "a")).toEqual({ version: 0, sequence: 1, isNew: true })
    expect(await system.get(Bare, "a").state()).toMatchObject({ isBorn: true, version: 0 })
    expect(await system.get(Bare, "a").ask({ type: "Go" }, { ifVersion: 0 })).toMatchObject({ version: 1 })
  })
})

describe("a spawn", () => {
  it("brings an actor about once, and finds it then", async () => {
    const { system, journal, snapshots, crash } = await startMemory({ actors: [Account] })
    expect(await system.spawn(Account, "a", { input: basic })).toMatchObject({ version: 0, isNew: true })
    expect(await system.spawn(Account, "a", { input: basic })).toMatchObject({ version: 0, isNew: false })
    const other = system.spawn(Account, "a", { input: { plan: "gold", seats: 2 } })
    await expect(other).rejects.toMatchObject({ _tag: "ActorExists", kind: "conflict" })
    await system.cluster.passivate(Account, "a")
    await eventually(() => snapshots.rows.has("account/a"))
    await crash()
    const later = await startMemory({ actors: [Account], journal, snapshots })
    expect(await later.system.get(Account, "a").state()).toMatchObject({ version: 0, isBorn: true })
    expect(await later.system.spawn(Account, "a", { input: basic })).toMatchObject({ isNew: false })
    await expect(later.system.spawn(Account, "a", { input: { ...basic, seats: 9 } })).rejects.toMatchObject({
      _tag: "ActorExists",
    })
    expect(await later.system.get(Account, "a").ask(add)).toMatchObject({ version: 1, reply: 2 })
  })

  it("without input finds an actor that its first command gave none", async () => {
    const Free = defineActor({
      type: "free",
      machine: setup({
        types: {} as { events: { type: "Go" }; input: { id: string; plan?: string } },
      }).createMachine({ on: { Go: { actions: () => undefined } } }),
      input: Schema.Struct({ plan: Schema.optionalKey(Schema.String) }),
    })
    const { system } = await startMemory({ actors: [Free] })
    await system.get(Free, "a").ask({ type: "Go" })
    expect(await system.spawn(Free, "a")).toMatchObject({ version: 1, isNew: false })
    expect(await system.spawn(Free, "a", { input: {} })).toMatchObject({ isNew: false })
    const other = system.spawn(Free, "a", { input: { plan: "gold" } })
    await expect(other).rejects.toMatchObject({ _tag: "ActorExists" })
  })

  it("under one commandId is one spawn", async () => {
    const { system } = await startMemory({ actors: [Account] })
    const options = { input: basic, commandId: "s" }
    expect(await system.spawn(Account, "a", options)).toMatchObject({ isNew: true })
    expect(await system.spawn(Account, "a", options)).toMatchObject({ isNew: false })
    const reused = system.spawn(Account, "a", { input: { ...basic, seats: 9 }, commandId: "s" })
    await expect(reused).rejects.toMatchObject({ _tag: "CommandIdReused" })
  })

  it("and input come to the node that has the actor", async () => {
    const cluster = await Effect.runPromise(ClusterMemory.make)
    const journal = new JournalScripted()
    const options = { actors: [Account], journal, cluster }
    const first = await startMemory(options)
    const second = await startMemory(options)
    const { system } = first
    await eventually(async () => (await system.cluster.status()).members.length === 2)
    for (let index = 0; index < 8; index++) {
      expect(await second.system.spawn(Account, `s${index}`, { input: basic })).toMatchObject({ isNew: true })
      expect(await system.spawn(Account, `s${index}`, { input: basic })).toMatchObject({ isNew: false })
      const asked = await second.system.get(Account, `a${index}`).ask(add, { input: basic })
      expect(asked).toMatchObject({ version: 1, reply: 2 })
      expect(await system.get(Account, `a${index}`).state()).toMatchObject({ isBorn: true })
    }
  })
})

describe("a message", () => {
  it("brings input to an actor that it is the first command of", async () => {
    const Sender = defineActor({
      type: "sender",
      machine: setup({
        types: {} as { events: { type: "Sent" } | { type: "everstate.answered"; as: string } },
      }).createMachine({
        initial: "idle",
        states: {
          idle: { on: { Sent: { actions: () => undefined }, "everstate.answered": "answered" } },
          answered: {},
        },
      }),
      events: { Sent: defineEvent(Schema.Struct({})) },
      commands: {
        Send: {
          schema: Schema.Struct({}),
          decide: () =>
            accept(
              { type: "Sent" },
              {
                send: [
                  send.tell({ actor: Account, id: "told", command: { type: "Add", seats: 1 }, input: basic }),
                  send.request({
                    actor: Account,
                    id: "asked",
                    command: { type: "Add", seats: 1 },
                    as: "add",
                    input: basic,
                  }),
                ],
              },
            ),
        },
      },
    })
    const { system } = await startMemory({ actors: [Account, Sender] })
    await system.get(Sender, "s").ask({ type: "Send" })
    await system.get(Account, "outside").tell(add, { input: basic })
    for (const id of ["told", "asked", "outside"]) {
      await eventually(async () => {
        const now = await system
          .get(Account, id)
          .state()
          .catch(() => undefined)
        return now?.state.context.seats === 3
      })
    }
    await eventually(async () => (await system.get(Sender, "s").state()).state.value === "answered")
  })
})

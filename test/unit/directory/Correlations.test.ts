import { Effect, Schema } from "effect"
import { TestClock } from "effect/testing"
import { expect, test } from "vitest"
import { assign, setup } from "xstate"
import {
  CORRELATIONS_PRUNE_PAUSE_MS,
  type CorrelatedCommand,
} from "../../../runtime/directory/Correlations.ts"
import { type Answered, accept, defineActor, defineCall, dispatch, send } from "../../../runtime/index.ts"
import { undecidedAnswer } from "../../../runtime/outbox/Dispatcher.ts"
import { eventually, startMemory, virtually } from "../../fixtures/memory/MemorySystem.ts"

const Clerk = defineActor({
  type: "clerk",
  machine: setup({ types: {} as { events: { type: "Judge"; ok: boolean } } }).createMachine({
    initial: "idle",
    states: { idle: { on: { Judge: { actions: () => undefined } } } },
  }),
  events: { Judge: { version: 1, schema: Schema.Struct({ ok: Schema.Boolean }), upcast: {} } },
  commands: {
    Judge: {
      schema: Schema.Struct({ ok: Schema.Boolean }),
      decide: ({ payload }) => accept({ type: "Judge" as const, ...payload }, { reply: { done: true } }),
    },
  },
})

/** Asks a clerk, waits for a timer, makes a call, and tells a clerk at last. */
const Claim = defineActor({
  type: "claim",
  machine: setup({
    types: {} as { context: { output: string }; events: { type: "File" } | Answered },
    actors: { look: defineCall(async () => "seen") },
  }).createMachine({
    context: { output: "" },
    initial: "new",
    states: {
      new: { on: { File: "asked" } },
      asked: {
        entry: dispatch(() =>
          send.request({ actor: Clerk, id: "ann", command: { type: "Judge", ok: true }, as: "judged" }),
        ),
        on: { "everstate.answered": "waiting" },
      },
      waiting: { after: { 10: "calling" } },
      calling: {
        invoke: {
          src: "look",
          onDone: { target: "told", actions: assign({ output: ({ event }) => String(event.output) }) },
          onError: {},
        },
      },
      told: {
        entry: dispatch(() => send.tell({ actor: Clerk, id: "bob", command: { type: "Judge", ok: false } })),
      },
    },
  }),
})

const actors = [Clerk, Claim]

const told = ({ type, id, events }: CorrelatedCommand) => `${type}/${id} ${events.join(",")}`

test("one request is followed over requests, answers, timers, calls and messages", async () => {
  const { system } = await startMemory({ actors, directory: true })
  const metadata = { correlationId: "r-1", user: "kim" }
  await system.get(Claim, "c").ask({ type: "File" }, { commandId: "file-1", metadata })
  await system.get(Claim, "d").ask({ type: "File" }, { commandId: "file-2" })
  const commandsOf = async (id: string) => (await system.correlation(id)).commands
  await eventually(async () => (await commandsOf("r-1")).some(({ id }) => id === "bob"))
  await eventually(async () => (await commandsOf("file-2")).some(({ id }) => id === "bob"))
  const commands = await commandsOf("r-1")
  expect(commands.map(told)).toEqual([
    "claim/c File",
    "clerk/ann Judge",
    "claim/c everstate.answered",
    expect.stringMatching(/^claim\/c xstate\.after\./),
    expect.stringMatching(/^claim\/c xstate\.done\.actor\./),
    "clerk/bob Judge",
  ])
  expect(commands[0]).toMatchObject({ commandId: "file-1", user: "kim", versions: { first: 1, last: 1 } })
  expect(commands[0]).not.toHaveProperty("causationId")
  for (const [index, command] of commands.entries()) {
    if (index > 0) expect(commands.map(({ commandId }) => commandId)).toContain(command.causationId)
    expect(command.user).toBe("kim")
  }
  expect((await commandsOf("file-2")).map(({ type, id }) => `${type}/${id}`)).toEqual([
    "claim/d",
    "clerk/ann",
    "claim/d",
    "claim/d",
    "claim/d",
    "clerk/bob",
  ])
})

test("an answer that says that a request is abandoned is of the request's correlation", () => {
  const asker = { key: "claim/c", as: "judged", requestId: "r" }
  const metadata = { correlationId: "r-1", causationId: "file-1" }
  const { data } = undecidedAnswer(asker, "Unroutable", "no such type", 8, metadata)
  expect(JSON.parse(new TextDecoder().decode(data))).toMatchObject({ k: "answer", m: metadata })
})

test("gives pages, and refuses what is no correlation", async () => {
  const { system } = await startMemory({ actors, directory: true })
  const metadata = { correlationId: "x".repeat(300) }
  for (let index = 0; index < 5; index++) {
    await system.get(Clerk, "ann").ask({ type: "Judge", ok: true }, { metadata })
  }
  const read = (options = {}) => system.correlation(metadata.correlationId, options)
  await eventually(async () => (await read()).commands.length === 5)
  const seen: Array<number> = []
  let cursor: string | undefined
  do {
    const page = await read({ limit: 2, ...(cursor && { cursor }) })
    seen.push(...page.commands.map(({ versions }) => versions?.first ?? 0))
    cursor = page.next
  } while (cursor !== undefined)
  expect(seen).toEqual([1, 2, 3, 4, 5])
  expect((await system.correlation("unheard")).commands).toEqual([])
  await expect(system.correlation("a\0")).rejects.toMatchObject({ _tag: "InvalidListing" })
  await expect(read({ cursor: "first" })).rejects.toMatchObject({ option: "cursor" })
  await expect(read({ limit: 0 })).rejects.toMatchObject({ option: "limit" })
})

test("keeps no index where it is turned off, alone or with the directory", async () => {
  for (const directory of [false, { correlationsKeptMs: 0 }]) {
    const { system } = await startMemory({ actors, directory })
    await expect(system.correlation("r-1")).rejects.toMatchObject({ _tag: "DirectoryOff" })
    expect((await system.status()).projections).toHaveLength(directory === false ? 0 : 1)
  }
})

test("removes what is older than it keeps", () =>
  virtually({ actors, directory: { correlationsKeptMs: 60_000 } }, ({ system }) =>
    Effect.gen(function* () {
      const judge = system.get(Clerk, "ann").ask({ type: "Judge", ok: true }, { commandId: "j-1" })
      yield* judge
      yield* TestClock.adjust("1 second")
      expect((yield* system.correlation("j-1")).commands).toHaveLength(1)
      yield* TestClock.adjust(CORRELATIONS_PRUNE_PAUSE_MS)
      expect((yield* system.correlation("j-1")).commands).toHaveLength(0)
    }),
  ))

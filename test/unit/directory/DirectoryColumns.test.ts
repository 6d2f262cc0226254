import { Schema } from "effect"
import { expect, test } from "vitest"
import { assign, setup } from "xstate"
import {
  ActorsTable,
  DirectoryOff,
  defineActor,
  defineEvent,
  type EventOf,
  InvalidDefinition,
  LIMITS,
} from "../../../runtime/index.ts"
import { eventually, startMemory } from "../../fixtures/memory/MemorySystem.ts"

const events = { Set: defineEvent(Schema.Struct({ customer: Schema.Unknown, size: Schema.Number })) }

const machine = setup({
  types: { context: {} as { customer: unknown; size: number }, events: {} as EventOf<typeof events> },
}).createMachine({
  context: { customer: "none", size: 0 },
  initial: "open",
  states: { open: { on: { Set: { actions: assign(({ event }) => ({ ...event })) } } } },
})

type Context = { readonly customer: unknown; readonly size: number }

const boxOf = (columns: (context: Context) => object, version?: number) =>
  defineActor({
    type: "box",
    machine,
    events,
    commands: {
      Set: {
        schema: Schema.Struct({ customer: Schema.Unknown, size: Schema.Number }),
        decide: ({ payload }) => ({ type: "Set" as const, ...payload }),
      },
    },
    directory: {
      columns: ({ context }) => columns(context) as { readonly customer: string; readonly size: number },
      ...(version === undefined ? {} : { version }),
    },
  })

const Box = boxOf(({ customer, size }) => ({ customer, size }))

type SystemOfBoxes = Awaited<ReturnType<typeof startMemory>>["system"]

const set = async (system: SystemOfBoxes, box: typeof Box, id: string, customer: unknown, size = 1) =>
  system.waitFor(ActorsTable, await system.get(box, id).ask({ type: "Set", customer, size }))

const start = (box = Box, more: Parameters<typeof startMemory>[0] = {}) =>
  startMemory({ actors: [box], directory: true, ...more })

test("finds actors by columns of their context", async () => {
  const { system } = await start()
  await set(system, Box, "a", "ann", 1)
  await set(system, Box, "b", "bob", 1)
  await set(system, Box, "c", "ann", 2)
  const list = async (where: { customer?: string; size?: number }) =>
    (await system.actors.list({ type: Box, where })).actors.map(({ id }) => id)
  expect(await list({ customer: "ann" })).toEqual(["a", "c"])
  expect(await list({ customer: "ann", size: 2 })).toEqual(["c"])
  expect(await list({})).toEqual(["a", "b", "c"])
  await set(system, Box, "a", "bob", 1)
  expect(await list({ customer: "ann" })).toEqual(["c"])
  const [a] = (await system.actors.list({ type: Box, idPrefix: "a" })).actors
  expect(a?.columns).toEqual({ customer: "bob", size: 1 })
})

test.each([
  [
    "throws",
    () => {
      throw new Error("no")
    },
  ],
  ["gives a list", () => ({ customer: ["a"] })],
  ["gives a date", () => ({ customer: new Date(0) })],
  ["gives no number", () => ({ size: Number.NaN })],
  ["gives text that is too long", () => ({ customer: "x".repeat(LIMITS.directoryTextLength + 1) })],
  ["gives text with U+0000", () => ({ customer: "\0" })],
  ["gives half a character", () => ({ customer: "\ud83e" })],
  ["gives a name that is too long", () => ({ ["n".repeat(LIMITS.directoryColumnNameLength + 1)]: 1 })],
  [
    "gives too many columns",
    () =>
      Object.fromEntries(Array.from({ length: LIMITS.directoryColumnCount + 1 }, (_, at) => [`c${at}`, 1])),
  ],
  [
    "gives too many bytes",
    () => Object.fromEntries(Array.from({ length: 16 }, (_, at) => [`c${at}`, "한".repeat(200)])),
  ],
  ["gives nothing", () => undefined as never],
])(
  "leaves the columns of an actor out if their function %s; the actor and the directory go on",
  async (_, columns) => {
    const logs: Array<string> = []
    const box = boxOf(columns)
    const { system } = await start(box, { logs })
    for (const size of [1, 2, 3]) await set(system, box, "a", "ann", size)
    const [a] = (await system.actors.list({ type: box })).actors
    expect(a).toMatchObject({ state: "open", version: 3 })
    expect(a).not.toHaveProperty("columns")
    expect((await system.status()).directory).toEqual({ filledCount: 0, columnsFailedCount: 3 })
    expect(logs.filter((line) => line.includes("box/a has no columns"))).toHaveLength(1)
  },
)

test("computes the columns of stored actors again when their version is raised", async () => {
  const first = await start()
  await set(first.system, Box, "a", "ann", 1)
  await set(first.system, Box, "b", "bob", 2)
  await first.crash()
  const Bigger = boxOf(({ size }) => ({ size: size * 10 }), 2)
  const { system } = await start(Bigger, { journal: first.journal })
  await eventually(
    async () => (await system.actors.list({ type: Bigger, where: { size: 20 } })).actors.length > 0,
  )
  const { actors } = await system.actors.list({ type: "box" })
  expect(actors).toMatchObject([
    { id: "a", version: 1, columns: { size: 10 } },
    { id: "b", version: 1, columns: { size: 20 } },
  ])
  expect((await system.status()).directory.filledCount).toBe(2)
})

test("refuses a search by a value that no column can hold", async () => {
  const { system } = await start()
  const refused = (where: unknown) =>
    expect(system.actors.list({ type: Box, where: where as object })).rejects
  await refused({ customer: { a: 1 } }).toMatchObject({ _tag: "InvalidListing", option: "where.customer" })
  await refused({ customer: "\0" }).toMatchObject({ option: "where.customer" })
  await refused("customer").toMatchObject({ option: "where" })
})

test("refuses a definition whose columns are no function, or have no version", () => {
  const define = (directory: unknown) => () =>
    defineActor({ type: "box", machine, directory: directory as { columns: () => { size: number } } })
  expect(define({})).toThrow(InvalidDefinition)
  expect(define({ columns: () => ({}), version: 0 })).toThrow(InvalidDefinition)
  expect(define({ columns: () => ({}), version: 2 ** 31 })).toThrow(InvalidDefinition)
  expect(define(null)).toThrow(InvalidDefinition)
  expect(new DirectoryOff().hint).toContain("directory: false")
})

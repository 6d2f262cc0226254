/** FAULT 77: a stage whose requests do not fit into one commit fails, and what was done before is undone. */
import { Schema } from "effect"
import { describe, expect, test } from "vitest"
import { type AnySaga, defineSaga, type SagaLedger, send } from "../../../runtime/index.ts"
import { Clerk } from "../../fixtures/memory/Desk.ts"
import { eventually, startMemory } from "../../fixtures/memory/MemorySystem.ts"

const LETTERS_COUNT = 300

/** 1.5 MB, more than a commit takes. */
const LONG = "x".repeat(5_000)

const stamp = (id: string, sheet: string) =>
  ({ actor: Clerk, id, command: { type: "Stamp", sheet } }) as const

const Input = Schema.Struct({ count: Schema.Int })

/** Numbers of the letters that are sent in the second stage. */
const numbers = ({ input }: { readonly input: typeof Input.Type }) =>
  Array.from({ length: input.count }, (_, index) => `n${index}`)

const Mailing = defineSaga({
  type: "mailing",
  input: Input,
  timeoutMs: 60_000,
  steps: (saga) =>
    saga
      .step("begin", { request: () => stamp("log", "begin"), compensate: () => stamp("log", "undo begin") })
      .forEach("send", {
        items: numbers,
        key: (number) => number,
        request: ({ item }) => stamp(item, LONG),
      }),
})

/** Everything at the end is told at once. */
const Telling = defineSaga({
  type: "telling",
  input: Input,
  steps: (saga) =>
    saga.step("begin", {
      request: () => stamp("log", "begin"),
      compensate: () => stamp("log", "undo begin"),
    }),
  completed: (args) =>
    numbers(args).map((id) => send.tell({ actor: Clerk, id, command: { type: "Stamp", sheet: LONG } })),
})

const run = async (saga: AnySaga, count: number, end: string) => {
  const { system } = await startMemory({ actors: [Clerk], sagas: [saga] })
  await system.get(saga, "s").ask({ type: "Start", input: { count } } as never)
  const book = async () => (await system.get(saga, "s").state()).state.context as SagaLedger
  await eventually(async () => (await book()).at === end)
  const log = (await system.get(Clerk, "log").state()).state.context.sheets
  return { system, book: await book(), log }
}

describe("a saga that would send more at once than a commit can hold", () => {
  test.each([
    ["a stage", Mailing, "send"],
    ["its end", Telling, null],
  ])("turns back where that is %s, and says how much it is", async (_, saga, item) => {
    const { system, book, log } = await run(saga, LETTERS_COUNT, "compensated")
    expect(book.cause).toMatchObject({ kind: "CommitTooLarge", item })
    expect(book.cause?.reason).toMatch(/^1\d{6} bytes to send at once, and a commit may take 10\d{5}$/)
    expect(log).toEqual(["begin", "undo begin"])
    expect((await system.get(Clerk, "n0").state()).version).toBe(0)
    // What is stored is read again as it was decided.
    const mailing = system.get(saga.actor, "s")
    const states = await mailing.stateAt({ version: (await mailing.state()).version })
    expect((states.state.context as SagaLedger).cause).toEqual(book.cause)
    expect((await system.status()).messages.deadLetterCount).toBe(0)
  })

  test("goes on where it fits", async () => {
    const { log } = await run(Mailing, 20, "completed")
    expect(log).toEqual(["begin"])
  })

  test("is not started where its first stage is too large", async () => {
    const First = defineSaga({
      type: "first",
      input: Input,
      steps: (saga) =>
        saga.forEach("send", {
          items: numbers,
          key: (number) => number,
          request: ({ item }) => stamp(item, LONG),
        }),
    })
    const { system } = await startMemory({ actors: [Clerk], sagas: [First] })
    const started = system.get(First, "s").ask({ type: "Start", input: { count: LETTERS_COUNT } })
    await expect(started).rejects.toMatchObject({ _tag: "PayloadTooLarge" })
  })

  test("is stuck where that is a compensation", async () => {
    const Huge = defineSaga({
      type: "huge",
      input: Input,
      steps: (saga) =>
        saga
          .step("begin", {
            request: () => stamp("log", "begin"),
            compensate: () => stamp("log", "x".repeat(1_100_000)),
          })
          .step("no", { request: () => stamp("log", "blank") }),
    })
    const { book } = await run(Huge, 0, "stuck")
    expect(book.stuck).toMatchObject({ item: "begin" })
    expect(book.stuck?.reason).toMatch(/bytes to send at once/)
  })
})

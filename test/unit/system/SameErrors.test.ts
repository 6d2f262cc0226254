/** Outputs and errors of calls, and machines that end in an error: the same as in XState, before and after any recovery. */
import { Effect } from "effect"
import { beforeEach, describe, expect, it } from "vitest"
import { type AnyStateMachine, assign, createMachine, fromPromise, setup } from "xstate"
import { addressOf } from "../../../runtime/address/ActorAddress.ts"
import { decodeCommit } from "../../../runtime/commit/Commit.ts"
import { type CallArgs, defineActor, defineCall } from "../../../runtime/index.ts"
import { eventually, SHARD_COUNT, startMemory } from "../../fixtures/memory/MemorySystem.ts"
import { MessagingMemory } from "../../fixtures/memory/MessagingMemory.ts"
import { factsOf, twins } from "../../fixtures/memory/Twin.ts"

class Money {
  readonly minor = 5
}

class HttpError extends Error {
  readonly code: string
  constructor(code: string) {
    super(`it answered ${code}`)
    this.name = "HttpError"
    this.code = code
  }
}

/** Calls `fetch` once, and goes where the error says. */
const fetching = (fetch: object, onError?: unknown): AnyStateMachine =>
  (setup({ actors: { fetch: fetch as never } }).createMachine as (config: unknown) => AnyStateMachine)({
    context: { error: null, output: null },
    initial: "idle",
    states: {
      idle: { on: { Go: "busy" } },
      busy: {
        tags: ["busy"],
        invoke: {
          src: "fetch",
          id: "fetch",
          onDone: {
            target: "done",
            actions: assign({
              output: ({ event }: { event: { output?: unknown } }) => event.output,
            }),
          },
          ...(onError === undefined ? {} : { onError }),
        },
      },
      done: {},
      gone: {},
      failed: {},
    },
  } as never)

const isSettled = ({ value, status }: { value: unknown; status: string }) =>
  status !== "active" || !["idle", "busy"].includes(String(value))

const storeError = assign({ error: ({ event }: { event: { error?: unknown } }) => event.error } as never)

const handled = [
  {
    guard: ({ event }: never) => (event as { error: { code?: string } }).error?.code === "404",
    target: "gone",
    actions: storeError,
  },
  { target: "failed", actions: storeError },
]

describe("event.error is what was thrown", () => {
  it.each<readonly [string, unknown]>([
    [
      "an error with a code",
      Object.assign(new TypeError("gone", { cause: new Error("why") }), { code: "404" }),
    ],
    ["a plain object", { code: "404", list: [1], at: new Date(1), nothing: undefined }],
    ["text", "no"],
    ["nothing", undefined],
    ["null", null],
  ])("%s", async (_, thrown) => {
    const machine = fetching(
      fromPromise(() => Promise.reject(thrown)),
      handled,
    )
    const { plain, live, replayed, restored } = await twins(machine, [{ type: "Go" }], isSettled)
    for (const facts of [live, replayed, restored]) expect(facts).toStrictEqual(plain)
  })

  it("of a user's class: its fields, as an Error", async () => {
    const machine = fetching(
      fromPromise(() => Promise.reject(new HttpError("404"))),
      handled,
    )
    const all = await twins(machine, [{ type: "Go" }], isSettled)
    for (const { value, context } of [all.plain, all.live, all.replayed, all.restored]) {
      const { error } = context as { error: HttpError }
      expect(value).toBe("gone")
      expect(error).toBeInstanceOf(Error)
      expect({ ...error, text: String(error) }).toEqual({
        name: "HttpError",
        code: "404",
        text: "HttpError: it answered 404",
      })
    }
  })

  it("an output that is no plain JSON arrives as it is", async () => {
    const machine = fetching(fromPromise(async () => new Map([["at", [new Date(5), undefined, 7n]]])))
    const { plain, live, replayed, restored } = await twins(machine, [{ type: "Go" }], isSettled)
    for (const facts of [live, replayed, restored]) expect(facts).toStrictEqual(plain)
  })

  it("an output that cannot be kept is an error with the path", async () => {
    const Fetch = defineActor({
      type: "fetch",
      machine: fetching(
        fromPromise(async () => ({ list: [new Money()] })),
        handled,
      ),
    } as never)
    const { system } = await startMemory({ actors: [Fetch] })
    await system.get(Fetch, "f").ask({ type: "Go" } as never)
    await eventually(async () => isSettled((await system.get(Fetch, "f").state()).state as never))
    const { state } = await system.get(Fetch, "f").state()
    expect(String((state as { context: { error: unknown } }).context.error)).toMatch(
      /the output\.list\[0\] cannot be stored: it is an instance of Money/,
    )
  })
})

describe("an error that nothing handles", () => {
  it("ends the machine in status error, as in XState", async () => {
    const thrown = Object.assign(new Error("down"), { code: 5 })
    const machine = fetching(fromPromise(() => Promise.reject(thrown)))
    const { plain, live, replayed, restored } = await twins(machine, [{ type: "Go" }], isSettled)
    expect(plain).toMatchObject({ status: "error", value: "busy", error: thrown, tags: ["busy"] })
    for (const facts of [live, replayed, restored]) expect(facts).toStrictEqual(plain)
  })

  it("is told by its commit", async () => {
    const machine = fetching(fromPromise(() => Promise.reject(new Error("down"))))
    const Fragile = defineActor({ type: "fragile", machine } as never)
    const { system, journal } = await startMemory({ actors: [Fragile] })
    await system.get(Fragile, "f").ask({ type: "Go" } as never)
    await eventually(async () => (await system.get(Fragile, "f").state()).state.status === "error")
    const last = await Effect.runPromise(journal.inner.last(addressOf("fragile", "f", SHARD_COUNT)))
    expect(last && decodeCommit(last)).toMatchObject({ v: 2, s: "busy", failed: true })
  })

  it("has its timers cancelled and further commands rejected, which say so", async () => {
    const machine = createMachine({
      initial: "idle",
      states: {
        idle: { on: { Go: "busy" } },
        busy: {
          after: { 3600000: "idle" },
          on: { Go: "idle" },
          invoke: { src: fromPromise(() => Promise.reject(new Error("down"))) },
        },
      },
    })
    const Fragile = defineActor({ type: "fragile", machine } as never)
    const messaging = new MessagingMemory()
    const { system } = await startMemory({ actors: [Fragile], messaging })
    const fragile = system.get(Fragile, "f")
    await fragile.ask({ type: "Go" } as never)
    await eventually(async () => (await fragile.state()).state.status === "error")
    await expect(fragile.ask({ type: "Go" } as never)).rejects.toMatchObject({
      _tag: "CommandRejected",
      reason: "NotAccepted",
      state: "busy",
      version: 2,
      detail: { event: "Go", status: "error", error: "down" },
    })
    await eventually(() => [...messaging.mailbox.contents.messages].length === 0)
    expect((await fragile.state()).version).toBe(2)
  })

  it("of a call that is tried again: after the last attempt, with what it threw", async () => {
    let attemptCount = 0
    const charge = defineCall(
      () => {
        attemptCount++
        throw new HttpError("503")
      },
      { attemptsMax: 2, pauseFirstMs: 1 },
    )
    const Charge = defineActor({ type: "charge", machine: fetching(charge as never) } as never)
    expect(Charge.warnings).toEqual([
      expect.stringMatching(/nothing handles the failure of the call "fetch"/),
    ])
    const { system } = await startMemory({ actors: [Charge] })
    await system.get(Charge, "c").ask({ type: "Go" } as never)
    await eventually(async () => (await system.get(Charge, "c").state()).state.status === "error")
    expect(attemptCount).toBe(2)
    const { error } = factsOf((await system.get(Charge, "c").state()).state as never) as {
      error: { thrown: HttpError }
    }
    expect(error).toMatchObject({ reason: "Failed", message: "it answered 503", attemptCount: 2 })
    expect(error.thrown).toBeInstanceOf(Error)
    expect(error.thrown.code).toBe("503")
  })
})

it("what the end of a call or timer would put into the context and cannot be kept is refused", async () => {
  const keep = { target: "done", actions: assign({ output: () => new Money() } as never) }
  const machine = fetching(
    fromPromise(async () => "ok"),
    { target: "failed", actions: storeError },
  )
  const Strict = defineActor({
    type: "strict",
    machine: createMachine({
      ...machine.config,
      states: {
        ...machine.config.states,
        busy: {
          ...machine.config.states?.["busy"],
          invoke: {
            src: fromPromise(async () => "ok"),
            id: "fetch",
            onDone: keep,
            onError: { target: "failed", actions: storeError },
          },
        },
      },
    } as never),
  } as never)
  const { system } = await startMemory({ actors: [Strict] })
  await system.get(Strict, "s").ask({ type: "Go" } as never)
  await eventually(async () => (await system.get(Strict, "s").state()).state.value === "failed")
  const { error } = (await system.get(Strict, "s").state()).state.context as { error: Error }
  expect(error.message).toMatch(/NotStorable.*context\.output cannot be stored: it is an instance of Money/)
})

let made: Array<string> = []
beforeEach(() => {
  made = []
})

describe("a plain promise", () => {
  it("is made once, and again only where its node went down", async () => {
    const slow = Promise.withResolvers<string>()
    const machine = fetching(
      fromPromise((args) => {
        made.push((args as unknown as CallArgs<unknown>).idempotencyKey)
        return made.length === 1 ? new Promise(() => undefined) : slow.promise
      }),
      handled,
    )
    const Once = defineActor({ type: "once", machine } as never)
    const messaging = new MessagingMemory()
    const first = await startMemory({ actors: [Once], messaging })
    await first.system.get(Once, "o").ask({ type: "Go" } as never)
    await eventually(() => made.length === 1)
    await first.crash()
    const { system } = await startMemory({ actors: [Once], messaging, journal: first.journal })
    await eventually(() => made.length === 2)
    slow.reject(new Error("no"))
    await eventually(async () => (await system.get(Once, "o").state()).state.value === "failed")
    expect(made).toEqual(["once/o/fetch/1.0", "once/o/fetch/1.0"])
  })

  it("is given the dates and maps of its input each time", async () => {
    const input = { at: new Date(5), by: new Map([["n", 1n]]) }
    const machine = createMachine({
      initial: "idle",
      states: {
        idle: { on: { Go: "busy" } },
        busy: {
          invoke: {
            id: "fetch",
            input,
            src: fromPromise(({ input: given }: { input: unknown }) => {
              expect(given).toStrictEqual(input)
              ;(given as typeof input).by.clear()
              made.push("made")
              return made.length === 1 ? new Promise(() => undefined) : Promise.resolve()
            }),
            onDone: "over",
          },
        },
        over: {},
      },
    } as never)
    const Dated = defineActor({ type: "dated", machine } as never)
    const messaging = new MessagingMemory()
    const first = await startMemory({ actors: [Dated], messaging })
    await first.system.get(Dated, "d").ask({ type: "Go" } as never)
    await eventually(() => made.length === 1)
    await first.crash()
    const { system } = await startMemory({ actors: [Dated], messaging, journal: first.journal })
    await eventually(async () => (await system.get(Dated, "d").state()).state.value === "over")
  })

  it("is given its own actor, which ignores what it is sent, and emits to nobody", async () => {
    const machine = fetching(
      fromPromise(async ({ self, emit, input }) => {
        self.send({ type: "Go" } as never)
        emit({ type: "progress" } as never)
        const { status } = self.getSnapshot()
        made.push(JSON.stringify({ self, id: self.id, src: self.src, status, input }))
        throw new Error("enough")
      }),
      handled,
    )
    const Using = defineActor({ type: "using", machine } as never)
    const { system } = await startMemory({ actors: [Using] })
    await system.get(Using, "u").ask({ type: "Go" } as never)
    await eventually(async () => (await system.get(Using, "u").state()).state.value === "failed")
    const self = { xstate$$type: 1, id: "fetch" }
    expect(made.map((text) => JSON.parse(text))).toEqual([
      { self, id: "fetch", src: "fetch", status: "active" },
    ])
  })

  it.each<[string, (args: FromPromise) => unknown]>([
    ["system.get", ({ system }) => system.get("clock")],
    ["system.getAll", ({ system }) => system.getAll()],
    ["system.inspect", ({ system }) => system.inspect(() => undefined)],
    ["system.get", ({ self }) => self.system.get("clock")],
    ["self.subscribe", ({ self }) => self.subscribe(() => undefined)],
    ["self.on", ({ self }) => self.on("*", () => undefined)],
    ["self._parent", ({ self }) => self._parent],
  ])("that uses %s fails, and says what to use instead", async (name, use) => {
    const machine = fetching(
      fromPromise(async (args) => use({ ...args })),
      handled,
    )
    const Using = defineActor({ type: "using", machine } as never)
    const { system } = await startMemory({ actors: [Using] })
    await system.get(Using, "u").ask({ type: "Go" } as never)
    await eventually(async () => (await system.get(Using, "u").state()).state.value === "failed")
    const { error } = (await system.get(Using, "u").state()).state.context as { error: Error }
    expect(error.message).toMatch(new RegExp(`A promise of a durable actor has no "${name}"\\. \\w`))
    expect(error).toMatchObject({ reason: "NotInACall", detail: { name } })
  })
})

// biome-ignore lint/suspicious/noExplicitAny: the types of the promise are not the subject
type FromPromise = Parameters<Parameters<typeof fromPromise<unknown, any, any>>[0]>[0]

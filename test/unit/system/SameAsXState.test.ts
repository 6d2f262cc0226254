/** Values in contexts, errors of calls and the end in an error: the same as in XState, before and after any recovery. */
import { Effect } from "effect"
import { beforeEach, describe, expect, it } from "vitest"
import { type AnyStateMachine, assign, createMachine, fromPromise, setup } from "xstate"
import { addressOf } from "../../../runtime/address/ActorAddress.ts"
import { decodeCommit } from "../../../runtime/commit/Commit.ts"
import { type CallArgs, call, defineActor } from "../../../runtime/index.ts"
import { eventually, SHARD_COUNT, startMemory } from "../../fixtures/memory/MemorySystem.ts"
import { MessagingMemory } from "../../fixtures/memory/MessagingMemory.ts"
import { factsOf, twins } from "../../fixtures/memory/Twin.ts"

const DEFAULTS = { limit: 10, note: "none" }

/** A machine that puts what `make` gives into its context, and reads it again at the next event. */
const keeping = (make: () => unknown) =>
  setup({
    types: {
      context: {} as { kept: unknown; seen: unknown },
      events: {} as { type: "Keep" } | { type: "Look" },
    },
  }).createMachine({
    context: { kept: null, seen: null },
    on: {
      Keep: { actions: assign({ kept: make }) },
      Look: { actions: assign({ seen: ({ context }) => ({ ...DEFAULTS, ...(context.kept as object) }) }) },
    },
  })

describe("a context comes back as it was", () => {
  it.each<readonly [string, () => unknown]>([
    ["undefined", () => ({ note: undefined, list: [undefined, 1] })],
    ["a date", () => new Date(86_400_000)],
    ["a map and a set", () => new Map([["a", new Set([1n, -0, Number.NaN, Number.POSITIVE_INFINITY])]])],
    ["an error", () => Object.assign(new RangeError("far", { cause: { at: new Date(1) } }), { code: "E1" })],
    ["a pattern and bytes", () => ({ pattern: /^a+$/giu, bytes: new Uint8Array([0, 255]) })],
    ["an object without a prototype", () => Object.assign(Object.create(null), { a: 1 })],
    ["a user's key that looks like one of ours", () => ({ $: ["Date", 1], deep: { $: 1 } })],
  ])("with %s", async (_, make) => {
    const { plain, live, replayed, restored } = await twins(keeping(make), [
      { type: "Keep" },
      { type: "Look" },
    ])
    expect(live).toStrictEqual(plain)
    expect(replayed).toStrictEqual(live)
    expect(restored).toStrictEqual(live)
  })

  it("after a map was changed in place, which changes no state of before", async () => {
    const machine = setup({
      types: { context: {} as { seats: Map<string, number> }, events: {} as { type: "Take"; seat: string } },
    }).createMachine({
      context: () => ({ seats: new Map() }),
      on: {
        Take: {
          actions: assign({
            seats: ({ context: { seats }, event: { seat } }) => seats.set(seat, seats.size),
          }),
        },
      },
    })
    const events = ["a", "b", "c"].map((seat) => ({ type: "Take", seat }))
    const { plain, live, replayed, restored } = await twins(machine, events)
    expect(plain.context).toEqual({
      seats: new Map([
        ["a", 0],
        ["b", 1],
        ["c", 2],
      ]),
    })
    for (const facts of [live, replayed, restored]) expect(facts).toStrictEqual(plain)
    const Seats = defineActor({ type: "seats", machine })
    const before = Seats.machine.initial("x")
    Seats.machine.transition(before, { type: "Take", seat: "a" })
    expect(before.context).toEqual({ seats: new Map() })
  })
})

class Money {
  readonly minor = 5
}

describe("a command is refused whose event would put into the context what cannot be kept", () => {
  it.each<readonly [string, () => unknown, RegExp]>([
    [
      "an instance of a class",
      () => [{ price: new Money() }],
      /context\.kept\[0\]\.price cannot be stored: it is an instance of Money\. A state holds/,
    ],
    ["a function", () => () => 1, /context\.kept cannot be stored: it is a function/],
    ["a function in a map", () => new Map([[1, { f: () => 1 }]]), /context\.kept\.values\(\)\[0\]\.f/],
    [
      "a value inside itself",
      () => {
        const loop: { self?: unknown } = {}
        loop.self = loop
        return loop
      },
      /inside itself/,
    ],
    ["the actor itself", () => undefined, /context\.kept cannot be stored: it is an instance of Actor/],
  ])("%s", async (name, make, detail) => {
    const Keeper = defineActor({
      type: "keeper",
      machine: keeping(make).provide({}) as never,
    } as never)
    const Selfish = defineActor({
      type: "keeper",
      machine: createMachine({
        context: { kept: null },
        on: { Keep: { actions: assign({ kept: ({ self }) => self }) }, Look: {} },
      } as never),
    } as never)
    const actor = name === "the actor itself" ? Selfish : Keeper
    const { system, journal } = await startMemory({ actors: [actor] })
    for (let time = 0; time < 2; time++) {
      await expect(system.get(actor, "k").ask({ type: "Keep" } as never)).rejects.toMatchObject({
        _tag: "CommandFailed",
        reason: "NotStorable",
        detail: expect.stringMatching(detail),
      })
    }
    expect(journal.counts.append).toBe(0)
    expect((await system.get(actor, "k").state()).version).toBe(0)
  })
})

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
    const charge = call(
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

  it.each(["self", "system", "emit"])("that uses %s fails, and says what to use instead", async (name) => {
    const machine = fetching(
      fromPromise(async (args) => {
        made.push(Object.keys({ ...args }).join())
        return (args as unknown as Record<string, unknown>)[name]
      }),
      handled,
    )
    const Using = defineActor({ type: "using", machine } as never)
    const { system } = await startMemory({ actors: [Using] })
    await system.get(Using, "u").ask({ type: "Go" } as never)
    await eventually(async () => (await system.get(Using, "u").state()).state.value === "failed")
    const { error } = (await system.get(Using, "u").state()).state.context as { error: Error }
    expect(error.message).toMatch(new RegExp(`A promise of a durable actor has no "${name}"\\. \\w`))
    expect(error).toMatchObject({ reason: "NotInACall", detail: { name } })
    expect(made).toEqual(["input,idempotencyKey,heartbeat,attempt,signal"])
  })
})

it("the machine that was given stays as it was: its own bound of microsteps, too", async () => {
  const machine = createMachine({
    initial: "a",
    states: { a: { on: { Go: "b" } }, b: { always: "c" }, c: { always: "b" } },
  })
  const Loop = defineActor({ type: "loop", machine } as never)
  expect(machine.options.maxIterations).toBe(Number.POSITIVE_INFINITY)
  const { system } = await startMemory({ actors: [Loop] })
  await expect(system.get(Loop, "l").ask({ type: "Go" } as never)).rejects.toMatchObject({
    _tag: "CommandFailed",
    detail: expect.stringMatching(/more than 1000 microsteps/),
  })
})

/** Messages, answers, timers and calls, from one actor to another, in memory. */
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { beforeEach, describe, expect, it } from "vitest"
import { assign, raise, setup } from "xstate"
import { addressOf } from "../../../runtime/address/ActorAddress.ts"
import { ATTEMPTS_MAX } from "../../../runtime/inbox/AttemptCounts.ts"
import { CallRefused, defineActor } from "../../../runtime/index.ts"
import { Clerk, Desk, deskCall } from "../../fixtures/memory/Desk.ts"
import { JournalScripted } from "../../fixtures/memory/JournalScripted.ts"
import { eventually, SHARD_COUNT, startMemory, virtually } from "../../fixtures/memory/MemorySystem.ts"
import { MessagingMemory } from "../../fixtures/memory/MessagingMemory.ts"
import { post } from "../../fixtures/memory/Post.ts"

const actors = [Desk, Clerk]
const sheetsOf = async (system: Awaited<ReturnType<typeof startMemory>>["system"], id: string) =>
  (await system.get(Clerk, id).state()).state.context.sheets

describe("tell", () => {
  it("is applied once, in the order of the sender, however often it is sent", async () => {
    const { system } = await startMemory({ actors })
    const clerk = system.get(Clerk, "c")
    for (const sheet of ["1", "2", "3"]) await clerk.tell({ type: "Stamp", sheet }, { commandId: sheet })
    expect(await clerk.tell({ type: "Stamp", sheet: "2" }, { commandId: "2" })).toEqual({ commandId: "2" })
    await eventually(async () => (await sheetsOf(system, "c")).length === 3)
    expect(await sheetsOf(system, "c")).toEqual(["1", "2", "3"])
    await clerk.ask({ type: "Stamp", sheet: "2" }, { commandId: "2" })
    expect(await sheetsOf(system, "c")).toEqual(["1", "2", "3"])
  })

  it("FAULT 39: that is rejected, fails or is malformed becomes a dead letter; the next message proceeds", async () => {
    const messaging = new MessagingMemory()
    const { system } = await startMemory({ actors, messaging })
    const clerk = system.get(Clerk, "c")
    for (const sheet of ["blank", "broken", "good"]) await clerk.tell({ type: "Stamp", sheet })
    await expect(clerk.tell({ type: "Stamp" } as never)).rejects.toMatchObject({ _tag: "InvalidCommand" })
    await eventually(async () => (await sheetsOf(system, "c")).length === 1)
    const letters = async () => Effect.runPromise(messaging.deadLetters.list({ after: 0, limit: 10 }))
    await eventually(async () => (await letters()).length === 2)
    expect((await letters()).map(({ reason }) => reason).sort()).toEqual(["Failed", "Rejected"])
    await eventually(async () => (await system.status()).messages.openCount === 0)
  })

  it("FAULT 6: the same commandId to two actors applies to both", async () => {
    const { system } = await startMemory({ actors })
    await system.get(Clerk, "a").tell({ type: "Stamp", sheet: "x" }, { commandId: "same" })
    await system.get(Clerk, "b").tell({ type: "Stamp", sheet: "x" }, { commandId: "same" })
    await eventually(
      async () => (await sheetsOf(system, "a")).length + (await sheetsOf(system, "b")).length === 2,
    )
  })

  it("from a statechart's actions keeps its order", async () => {
    const { system } = await startMemory({ actors })
    const sheets = Array.from({ length: 20 }, (_, index) => String(index))
    await system.get(Desk, "d").ask({ type: "Tell", clerk: "c", sheets: sheets.slice(0, 10) })
    await system.get(Desk, "d").ask({ type: "Tell", clerk: "c", sheets: sheets.slice(10) })
    await eventually(async () => (await sheetsOf(system, "c")).length === 20)
    expect(await sheetsOf(system, "c")).toEqual(sheets)
  })
})

describe("request", () => {
  const answersOf = async (system: Awaited<ReturnType<typeof startMemory>>["system"]) =>
    (await system.get(Desk, "d").state()).state.context.answers

  it.each([
    ["good", { ok: true, reply: 1 }],
    ["blank", { ok: false, reason: "Blank", isRejection: true }],
    ["broken", { ok: false, reason: "Failed", isRejection: false }],
  ])("of %j comes back as %j, once", async (sheet, expected) => {
    const { system } = await startMemory({ actors })
    await system.get(Desk, "d").ask({ type: "Ask", clerk: "c", sheet })
    await eventually(async () => (await answersOf(system)).length === 1)
    expect(await answersOf(system)).toEqual([{ as: "stamp", answer: expect.objectContaining(expected) }])
  })

  it("is answered when the receiver says so", async () => {
    const { system } = await startMemory({ actors })
    await system.get(Desk, "d").ask({ type: "AskToShelve", clerk: "c" })
    await eventually(async () => (await system.get(Clerk, "c").state()).version === 1)
    expect(await answersOf(system)).toEqual([])
    await system.get(Clerk, "c").ask({ type: "Fetch" })
    await eventually(async () => (await answersOf(system)).length === 1)
    expect(await answersOf(system)).toEqual([{ as: "shelve", answer: { ok: true, reply: "fetched" } }])
  })
})

describe("a request to an actor type that no node has", () => {
  it("is answered, leaves no dead letter, and is warned of once", async () => {
    const messaging = new MessagingMemory()
    const logs: Array<string> = []
    const { system } = await startMemory({ actors: [Desk], messaging, logs })
    const answersOf = async () => (await system.get(Desk, "d").state()).state.context.answers
    for (const sheet of ["1", "2"]) await system.get(Desk, "d").ask({ type: "Ask", clerk: "c", sheet })
    await eventually(async () => (await answersOf()).length === 2)
    const detail = 'no node has the actor type "clerk"'
    const answer = { ok: false, reason: "Unroutable", detail, isRejection: false }
    expect(await answersOf()).toEqual([
      { as: "stamp", answer },
      { as: "stamp", answer },
    ])
    expect(await Effect.runPromise(messaging.deadLetters.list({ after: 0, limit: 10 }))).toEqual([])
    expect(logs.filter((line) => line.includes(detail))).toHaveLength(1)
  })

  it("is a dead letter where nobody waits for the answer, or the asker's name is none", async () => {
    const messaging = new MessagingMemory()
    const { system } = await startMemory({ actors: [Desk], messaging })
    const address = addressOf("clerk", "c", SHARD_COUNT)
    const send = (id: string, fields: object) => {
      const message = { v: 1, k: "command", id, c: { type: "Stamp", sheet: "x" }, ...fields }
      const data = new TextEncoder().encode(JSON.stringify(message))
      return Effect.runPromise(messaging.mailbox.publish({ address, id, data }))
    }
    await send("tell", {})
    await send("junk", { from: "no key", n: "stamp" })
    const letters = () => Effect.runPromise(messaging.deadLetters.list({ after: 0, limit: 10 }))
    await eventually(async () => (await letters()).length === 2)
    expect((await letters()).map(({ reason }) => reason)).toEqual(["Unroutable", "Malformed"])
    await eventually(async () => (await system.status()).messages.openCount === 0)
  })
})

describe("FAULT 41: a message that takes the process down each time", () => {
  it("is counted across crashes and becomes a dead letter", async () => {
    const messaging = new MessagingMemory()
    const journal = new JournalScripted()
    const letters = () => Effect.runPromise(messaging.deadLetters.list({ after: 0, limit: 10 }))
    const first = await startMemory({ actors, messaging, journal })
    await first.system.get(Clerk, "killer").ask({ type: "Stamp", sheet: "0" })
    await first.crash()
    let lifeCount = 0
    while ((await letters()).length === 0) {
      lifeCount++
      // Nobody survives its append.
      const release = journal.hold()
      const { crash } = await startMemory({ actors, messaging, journal })
      if (lifeCount === 1) {
        await Effect.runPromise(post(messaging, Clerk, "killer", { type: "Stamp", sheet: "x" }, "killer"))
      }
      await eventually(async () => journal.heldCount > 0 || (await letters()).length > 0)
      await crash()
      release()
    }
    expect(await letters()).toMatchObject([{ reason: "AttemptsExhausted", key: "clerk/killer" }])
    expect(lifeCount).toBe(ATTEMPTS_MAX + 1)
  })
})

describe("a message that waits while nodes come and go", () => {
  it("is not held to account for it: only what is taken up is counted", async () => {
    const messaging = new MessagingMemory()
    const { shard } = addressOf("clerk", "patient", SHARD_COUNT)
    const first = await startMemory({ actors, messaging })
    const release = first.journal.hold()
    await Effect.runPromise(post(messaging, Clerk, "patient", { type: "Stamp", sheet: "x" }))
    await eventually(async () => (await first.system.status()).messages.openCount === 1)
    await first.crash()
    const [{ sequence } = { sequence: 0 }] = [...messaging.mailbox.contents.messages]
    // Suspected enough to let others through first.
    await Effect.runPromise(
      messaging.checkpoints.write(`attempts.2.shard.${shard}`, [[sequence, ATTEMPTS_MAX / 2]]),
    )
    // Held all the time: a life that is long enough to take it up must not finish it.
    for (let life = 0; life < ATTEMPTS_MAX; life++) {
      const { system, crash } = await startMemory({ actors, messaging, journal: first.journal })
      await eventually(async () => (await system.status()).messages.receivedCount > 0)
      await crash()
    }
    release()
    expect(await Effect.runPromise(messaging.deadLetters.list({ after: 0, limit: 10 }))).toEqual([])
    const { system } = await startMemory({ actors, messaging, journal: first.journal })
    await eventually(async () => (await sheetsOf(system, "patient")).length === 1)
  })
})

describe("FAULT 62: a crash between commit and send", () => {
  it("is made good by the next start", async () => {
    const messaging = new MessagingMemory({ isMailboxOnly: true })
    const first = await startMemory({ actors, messaging })
    const { publish } = messaging.mailbox
    Object.assign(messaging.mailbox, { publish: () => Effect.never })
    await first.system.get(Desk, "d").ask({ type: "Tell", clerk: "c", sheets: ["1", "2"] })
    await first.crash()
    Object.assign(messaging.mailbox, { publish })
    messaging.isMailboxOnly = false
    const { system } = await startMemory({ actors, messaging, journal: first.journal })
    await eventually(async () => (await sheetsOf(system, "c")).length === 2)
    // What may have been taken up before takes the mailbox, where its attempts are counted.
    const { recoveredCount, parkedCount, directCount } = (await system.status()).outbox
    expect({ recoveredCount, parkedCount, directCount }).toEqual({
      recoveredCount: 1,
      parkedCount: 2,
      directCount: 0,
    })
  })
})

describe("after", () => {
  const program = (
    body: (
      move: (by: string) => Effect.Effect<void>,
      alarms: Effect.Effect<number>,
      ask: (type: "Open" | "Close") => Effect.Effect<unknown>,
    ) => Effect.Effect<void, unknown>,
    messaging = new MessagingMemory(),
  ) =>
    virtually({ actors, messaging }, ({ system }) => {
      const desk = system.get(Desk, "d")
      const alarms = Effect.map(Effect.orDie(desk.state()), ({ state }) => state.context.alarms)
      return body(
        (by) => TestClock.adjust(by as "1 second"),
        alarms,
        (type) => Effect.orDie(type === "Open" ? desk.ask({ type, sheet: "s" }) : desk.ask({ type })),
      )
    })

  it("fires once, not early", () =>
    program((move, alarms, ask) =>
      Effect.gen(function* () {
        yield* ask("Open")
        yield* move("59 seconds")
        expect(yield* alarms).toBe(0)
        yield* move("2 seconds")
        expect(yield* alarms).toBe(1)
        yield* move("1 hour")
        expect(yield* alarms).toBe(1)
      }),
    ))

  it("does not fire when the state was left, and starts anew when it is entered again", () =>
    program((move, alarms, ask) =>
      Effect.gen(function* () {
        yield* ask("Open")
        yield* move("40 seconds")
        yield* ask("Close")
        yield* ask("Open")
        yield* move("40 seconds")
        expect(yield* alarms).toBe(0)
        yield* move("21 seconds")
        expect(yield* alarms).toBe(1)
      }),
    ))
})

describe("invoke", () => {
  beforeEach(() => {
    deskCall.run = () => "done"
  })
  const outcomeOf = async (system: Awaited<ReturnType<typeof startMemory>>["system"]) =>
    (await system.get(Desk, "d").state()).state.context.outcome

  it("stores what the call gives", async () => {
    deskCall.run = ({ input, idempotencyKey }) => `${input} ${idempotencyKey}`
    const { system } = await startMemory({ actors })
    await system.get(Desk, "d").ask({ type: "Open", sheet: "file:1" })
    await eventually(async () => (await outcomeOf(system)) !== undefined)
    expect(await outcomeOf(system)).toBe("file:1 desk/d/file/1.1")
  })

  it("tries again, and stores why it failed for good", async () => {
    const attempts: Array<number> = []
    deskCall.run = ({ attempt }) => {
      attempts.push(attempt)
      throw new Error("busy")
    }
    const { system } = await startMemory({ actors })
    await system.get(Desk, "d").ask({ type: "Open", sheet: "file:1" })
    await eventually(async () => (await outcomeOf(system)) !== undefined)
    expect(attempts).toEqual([1, 2, 3])
    const thrown = new Error("busy")
    expect(await outcomeOf(system)).toEqual({ reason: "Failed", message: "busy", attemptCount: 3, thrown })
  })

  it("has failed, and was not refused, when it was cut off too often", async () => {
    deskCall.run = () => new Promise(() => undefined)
    const messaging = new MessagingMemory()
    const first = await startMemory({ actors, messaging })
    await first.system.get(Desk, "d").ask({ type: "Open", sheet: "file:1" })
    await eventually(async () => (await first.system.status()).calls.runningCount === 1)
    await first.crash()
    const [message] = [...messaging.mailbox.contents.messages]
    if (message === undefined) throw new Error("the call is gone")
    const taken = [[message.sequence, ATTEMPTS_MAX]]
    await Effect.runPromise(messaging.checkpoints.write(`attempts.2.shard.${message.shard}`, taken))
    const { system } = await startMemory({ actors, messaging, journal: first.journal })
    await eventually(async () => (await outcomeOf(system)) !== undefined)
    expect(await outcomeOf(system)).toMatchObject({ reason: "Failed", attemptCount: ATTEMPTS_MAX })
  })

  it("does not try again what the other side refused", async () => {
    deskCall.run = () => {
      throw new CallRefused("Declined", { code: 51 })
    }
    const { system } = await startMemory({ actors })
    await system.get(Desk, "d").ask({ type: "Open", sheet: "file:1" })
    await eventually(async () => (await outcomeOf(system)) !== undefined)
    expect(await outcomeOf(system)).toMatchObject({
      reason: "Declined",
      detail: { code: 51 },
      attemptCount: 1,
    })
  })

  it("is aborted when the state is left", async () => {
    let wasAborted = false
    deskCall.run = ({ signal }) =>
      new Promise(() => {
        signal.addEventListener("abort", () => {
          wasAborted = true
        })
      })
    const { system } = await startMemory({ actors })
    await system.get(Desk, "d").ask({ type: "Open", sheet: "file:1" })
    await eventually(async () => (await system.status()).calls.runningCount === 1)
    await system.get(Desk, "d").ask({ type: "Close" })
    await eventually(() => wasAborted)
    expect((await system.status()).calls).toMatchObject({ runningCount: 0, abortedCount: 1 })
    await eventually(async () => (await system.status()).messages.openCount === 0)
  })

  it("is made again by the next start when a crash cut it off, with the same key", async () => {
    const keys: Array<string> = []
    deskCall.run = ({ idempotencyKey }) => {
      keys.push(idempotencyKey)
      return keys.length === 1 ? new Promise(() => undefined) : "second"
    }
    const messaging = new MessagingMemory()
    const first = await startMemory({ actors, messaging })
    await first.system.get(Desk, "d").ask({ type: "Open", sheet: "file:1" })
    await eventually(() => keys.length === 1)
    await first.crash()
    const { system } = await startMemory({ actors, messaging, journal: first.journal })
    await eventually(async () => (await outcomeOf(system)) === "second")
    expect(new Set(keys).size).toBe(1)
  })
})

it("publishes what a commit carries as a CloudEvent", async () => {
  const messaging = new MessagingMemory()
  const { system } = await startMemory({ actors, messaging })
  await system.get(Desk, "d").ask({ type: "Open", sheet: "s" }, { commandId: "c-1" })
  await eventually(() => messaging.publisher.events.length === 1)
  expect(JSON.parse(new TextDecoder().decode(messaging.publisher.events[0]?.data))).toMatchObject({
    type: "desk.opened",
    source: "/everstate/desk/d",
    causationid: "c-1",
    data: { sheet: "s" },
  })
})

it("delayed raises without an id fire each", () => {
  const Bell = defineActor({
    type: "bell",
    machine: setup({
      types: { context: {} as { rings: number }, events: {} as { type: "Set" } | { type: "Ring" } },
    }).createMachine({
      context: { rings: 0 },
      on: {
        Set: {
          actions: [raise({ type: "Ring" }, { delay: 1_000 }), raise({ type: "Ring" }, { delay: 2_000 })],
        },
        Ring: { actions: assign({ rings: ({ context }) => context.rings + 1 }) },
      },
    }),
  })
  return virtually({ actors: [Bell] }, ({ system }) =>
    Effect.gen(function* () {
      const bell = system.get(Bell, "b")
      yield* bell.ask({ type: "Set" })
      yield* TestClock.adjust("3 seconds")
      expect((yield* bell.state()).state.context.rings).toBe(2)
    }),
  )
})

it("an actor that only says no has snapshots, too: its answers are replayed like events", async () => {
  const { system, snapshots } = await startMemory({ actors })
  for (let index = 0; index < 120; index++) {
    await system.get(Desk, "d").ask({ type: "Ask", clerk: "c", sheet: "blank" })
    await eventually(async () => (await system.status()).messages.openCount === 0)
  }
  await eventually(() => snapshots.rows.has("clerk/c"))
})

/** What commits carry leaves in the order of their actor, whatever happened to an append, a port or a place in line. */
import { Effect, Latch } from "effect"
import { TestClock } from "effect/testing"
import { describe, expect, it } from "vitest"
import { addressOf } from "../../../runtime/address/ActorAddress.ts"
import { decodeCommit, ERA_MIN, encodeCommit } from "../../../runtime/commit/Commit.ts"
import { INTEGRATION_DATA_BYTES_MAX } from "../../../runtime/integration/PublishItem.ts"
import { MailboxRefused, type OutboundMessage } from "../../../runtime/mailbox/Mailbox.ts"
import { decodeMessage } from "../../../runtime/mailbox/Message.ts"
import { OUTBOX_ITEMS_MAX } from "../../../runtime/outbox/Sending.ts"
import { Clerk, Desk } from "../../fixtures/memory/Desk.ts"
import { JournalScripted } from "../../fixtures/memory/JournalScripted.ts"
import { eventually, SHARD_COUNT, startMemory, virtually } from "../../fixtures/memory/MemorySystem.ts"
import { MessagingMemory } from "../../fixtures/memory/MessagingMemory.ts"

const actors = [Clerk, Desk]

/** A journal that notes the sheets that clerks have stamped, in the order in which that is stored. */
const watched = () => {
  const journal = new JournalScripted()
  const { append } = journal.inner
  const sheets: Array<string> = []
  Object.assign(journal.inner, {
    append: (...of: Parameters<typeof append>) =>
      Effect.tap(append(...of), () =>
        Effect.sync(() => {
          const [{ key, type }, , data] = of
          if (type !== "clerk") return
          const { entries } = decodeCommit({ key, sequence: 0, data })
          for (const { ev } of entries) {
            for (const { t, d } of ev) if (t === "Stamped") sheets.push((d as { sheet: string }).sheet)
          }
        }),
      ),
  })
  return { journal, sheets }
}

/** How often a message was given to the mailbox from now on. */
const publishCounted = ({ mailbox }: MessagingMemory) => {
  const { publish } = mailbox
  const counted = { count: 0 }
  Object.assign(mailbox, {
    publish: (message: Parameters<typeof publish>[0]) =>
      Effect.suspend(() => {
        counted.count++
        return publish(message)
      }),
  })
  return counted
}

/** Where Desk `d` is, and another Desk in its shard. */
const address = addressOf("desk", "d", SHARD_COUNT)
const mate =
  Array.from({ length: 100 }, (_, index) => `m${index}`).find(
    (id) => addressOf("desk", id, SHARD_COUNT).shard === address.shard,
  ) ?? ""

/** The journal cannot be read for longer than a caller waits. */
const unavailable = () => Array.from({ length: 6 }, () => "unavailable" as const)

const told = (sheet: string) => ({ type: "Tell", clerk: "c", sheets: [sheet] }) as const

describe("what a commit carries", () => {
  it("leaves before that of the next commit when the acknowledgement of the first was lost", async () => {
    const { journal, sheets } = watched()
    const { system } = await startMemory({ actors, journal })
    const desk = system.get(Desk, "d")
    await desk.ask(told("0"))
    await eventually(() => sheets.length === 1)
    journal.script.append = ["lostAck"]
    await desk.ask(told("1"))
    await desk.ask(told("2"))
    await eventually(() => sheets.length >= 3)
    expect(sheets).toEqual(["0", "1", "2"])
  })

  it("leaves before that of the next commit when a crash came in between", async () => {
    const messaging = new MessagingMemory({ isMailboxOnly: true })
    const { journal, sheets } = watched()
    const first = await startMemory({ actors, messaging, journal })
    const { publish } = messaging.mailbox
    Object.assign(messaging.mailbox, { publish: () => Effect.never })
    await first.system.get(Desk, "d").ask(told("1"))
    await first.crash()
    Object.assign(messaging.mailbox, { publish })
    // The second could go straight to the clerk; the first takes the mailbox, since nobody knows how often it was tried.
    messaging.isMailboxOnly = false
    // The new life looks for its watermark while commands come in.
    const { position } = messaging.checkpoints
    let finish: () => void = () => undefined
    const gate = new Promise<void>((resolve) => {
      finish = resolve
    })
    Object.assign(messaging.checkpoints, {
      position: (name: string) =>
        Effect.andThen(
          Effect.promise(() => gate),
          position(name),
        ),
    })
    const { system } = await startMemory({ actors, messaging, journal })
    await system.get(Desk, "d").ask(told("2"))
    finish()
    await eventually(() => sheets.includes("1") && sheets.includes("2"))
    expect(sheets).toEqual(["1", "2"])
  })

  it("leaves after a crash though the next owner wrote before it knew where to begin, and a position misleads it", async () => {
    const messaging = new MessagingMemory()
    const journal = new JournalScripted()
    const first = await startMemory({ actors, messaging, journal })
    const { publish } = messaging.publisher
    Object.assign(messaging.publisher, { publish: () => Effect.never })
    await first.system.get(Desk, "d").ask({ type: "Open", sheet: "1" })
    await first.crash()
    const published: Array<string> = []
    Object.assign(messaging.publisher, {
      publish: (event: Parameters<typeof publish>[0]) =>
        Effect.tap(publish(event), () => Effect.sync(() => published.push(event.id))),
    })
    await Effect.runPromise(messaging.checkpoints.advance(`outbox.shard.${address.shard}`, 100))
    const { position } = messaging.checkpoints
    const gate = Latch.makeUnsafe(false)
    Object.assign(messaging.checkpoints, {
      position: (name: string) => Effect.andThen(gate.await, position(name)),
    })
    const { system } = await startMemory({ actors, messaging, journal })
    await system.get(Desk, mate).ask({ type: "Open", sheet: "2" })
    gate.openUnsafe()
    await eventually(() => new Set(published).size === 2)
  })

  it("leaves soon when the acknowledgement of a lone commit was lost after a quiet hour", () => {
    const { journal, sheets } = watched()
    return virtually({ actors, journal, idleMs: 7_200_000 }, ({ system }) =>
      Effect.gen(function* () {
        yield* system.get(Desk, "d").ask(told("0"))
        yield* TestClock.adjust("1 hour")
        journal.script.append = ["lostAck"]
        yield* Effect.forkChild(system.get(Desk, "d").ask(told("1")))
        yield* TestClock.adjust("5 seconds")
        expect(sheets).toEqual(["0", "1"])
      }),
    )
  })

  it("leaves soon when nobody waits any more for its append, whose acknowledgement was lost in a quiet hour", () => {
    const { journal, sheets } = watched()
    return virtually({ actors, journal, idleMs: 7_200_000 }, ({ system }) =>
      Effect.gen(function* () {
        yield* system.get(Desk, "d").ask(told("0"))
        yield* TestClock.adjust("1 hour")
        journal.script.append = ["lostAck"]
        journal.script.last = unavailable()
        yield* Effect.forkChild(Effect.exit(system.get(Desk, "d").ask(told("1"), { deadlineMs: 100 })))
        yield* TestClock.adjust("15 seconds")
        expect(sheets).toEqual(["0", "1"])
      }),
    )
  })
})

describe("an append of unknown outcome for which nobody waits any more", () => {
  it("is not stored later: another commit takes its place, so that nothing is stored that nobody knows of", () => {
    const { journal, sheets } = watched()
    return virtually({ actors, journal, idleMs: 7_200_000 }, ({ system }) =>
      Effect.gen(function* () {
        yield* system.get(Desk, "d").ask(told("0"))
        yield* TestClock.adjust("1 second")
        expect(sheets).toEqual(["0"])
        journal.script.append = ["landsLater"]
        journal.script.last = unavailable()
        yield* Effect.forkChild(Effect.exit(system.get(Desk, "d").ask(told("1"), { deadlineMs: 100 })))
        yield* TestClock.adjust("5 seconds")
        yield* journal.land
        yield* system.get(Desk, "d").ask(told("2"))
        yield* TestClock.adjust("5 seconds")
        expect(sheets).toEqual(["0", "2"])
        expect((yield* system.get(Desk, "d").state()).version).toBe(2)
      }),
    )
  })
})

describe("a commit whose acknowledgement was lost, and that is in a snapshot of another node", () => {
  it("is sent by the owner that wrote it", async () => {
    const { journal, sheets } = watched()
    const { system, snapshots } = await startMemory({ actors, journal })
    const desk = system.get(Desk, "d")
    await desk.ask(told("0"))
    journal.script.append = ["lostAck"]
    journal.script.last = unavailable()
    await desk.ask(told("1"), { deadlineMs: 100 }).catch(() => undefined)
    // It hosts no clerks, and sends nothing to them.
    const other = { actors: [Desk], journal: new JournalScripted(journal.inner), snapshots, drainMs: 5_000 }
    const second = await startMemory(other)
    expect((await second.system.get(Desk, "d").state()).version).toBe(2)
    await second.system.stop()
    expect(snapshots.rows.get(address.key)).toMatchObject({ version: 2 })
    journal.script.last = []
    await eventually(() => sheets.length === 2)
    expect(sheets).toEqual(["0", "1"])
  })
})

describe("an actor whose snapshot is gone", () => {
  it("is read from its beginning, and nothing that was sent long ago is sent again", () => {
    const messaging = new MessagingMemory()
    const { journal, sheets } = watched()
    const published = publishCounted(messaging)
    return virtually({ actors, messaging, journal }, ({ system, snapshots }) =>
      Effect.gen(function* () {
        for (const sheet of ["0", "1"]) yield* system.get(Desk, "d").ask(told(sheet))
        yield* TestClock.adjust("1 hour")
        snapshots.rows.clear()
        yield* system.get(Desk, "d").ask(told("2"))
        yield* TestClock.adjust("1 minute")
        expect(sheets).toEqual(["0", "1", "2"])
        const { sentCount, directCount, recoveredCount } = (yield* system.status).outbox
        expect({ sentCount, directCount, recoveredCount, published }).toEqual({
          sentCount: 3,
          directCount: 3,
          recoveredCount: 0,
          published: { count: 0 },
        })
      }),
    )
  })

  it("sends what a former owner's append brought while the shard was too busy to be looked at", () => {
    const { journal, sheets } = watched()
    return virtually({ actors, journal }, ({ system }) =>
      Effect.gen(function* () {
        const keepBusy = Effect.gen(function* () {
          for (let turn = 0; turn < 100; turn++) {
            yield* system.get(Desk, mate).ask(told("busy"))
            yield* TestClock.adjust("2 seconds")
          }
        })
        yield* system.get(Desk, "d").ask(told("0"))
        yield* keepBusy
        const first = yield* journal.inner.last(address)
        const text = new TextDecoder().decode(first?.data)
        const late = text
          .replace(/"first":\d+/, '"first":2')
          .replace(/"epoch":\d+/, '"epoch":0')
          .replace(/"era":\d+/, `"era":${ERA_MIN}`)
          .replace('"sheet":"0"', '"sheet":"late"')
          .replace(/"c":"[^"]+"/, '"c":"late"')
        yield* journal.inner.append(address, first?.sequence ?? 0, new TextEncoder().encode(late))
        yield* keepBusy
        expect(sheets).not.toContain("late")
        yield* system.get(Desk, "d").ask(told("1"))
        yield* TestClock.adjust("1 minute")
        expect(sheets.filter((sheet) => sheet !== "busy")).toEqual(["0", "late", "1"])
      }),
    )
  })
})

describe("a commit of a newer format", () => {
  it("keeps the watermark before it, for a node that can read it, and holds up nothing", () => {
    const messaging = new MessagingMemory()
    const { journal, sheets } = watched()
    return virtually({ actors, messaging, journal }, ({ system }) =>
      Effect.gen(function* () {
        const text = '{"v":4,"first":1,"at":0,"epoch":0,"entries":[]}'
        const sequence = yield* Effect.orDie(journal.inner.append(address, 0, new TextEncoder().encode(text)))
        yield* TestClock.adjust("10 minutes")
        yield* system.get(Desk, mate).ask(told("1"))
        yield* TestClock.adjust("1 minute")
        expect(sheets).toEqual(["1"])
        const position = yield* Effect.orDie(messaging.checkpoints.position(`outbox.shard.${address.shard}`))
        expect(position).toBe(sequence - 1)
      }),
    )
  })
})

describe("a message to an actor whose type is paused", () => {
  it("takes the mailbox, and is not overtaken by the next one", async () => {
    const messaging = new MessagingMemory()
    const { journal, sheets } = watched()
    const { system } = await startMemory({ actors, messaging, journal })
    const desk = system.get(Desk, "d")
    const outbox = async () => (await system.status()).outbox
    await system.cluster.pause(Clerk)
    await eventually(async () => (await system.cluster.status()).paused.includes("clerk"))
    await desk.ask(told("1"))
    await eventually(async () => (await outbox()).parkedCount === 1)
    expect(sheets).toEqual([])
    await system.cluster.resume(Clerk)
    await desk.ask(told("2"))
    await eventually(() => sheets.length === 2)
    expect(sheets).toEqual(["1", "2"])
  })
})

describe("more than fits into memory", () => {
  it("is read back from the journal, in order and once", async () => {
    const messaging = new MessagingMemory({ isMailboxOnly: true })
    const sheets: Array<string> = []
    const gate = Latch.makeUnsafe(false)
    // As if other nodes had the receivers: what the mailbox takes stays there.
    Object.assign(messaging.mailbox, {
      publish: ({ data }: OutboundMessage) =>
        Effect.map(gate.await, () => {
          const message = decodeMessage(data)
          if (message.k === "command") sheets.push(message.c.sheet as string)
          return sheets.length
        }),
      acknowledged: () => Effect.succeed({ first: 1, last: Number.MAX_SAFE_INTEGER }),
    })
    const { system } = await startMemory({ actors, messaging })
    const desk = system.get(Desk, "d")
    const expected = Array.from({ length: OUTBOX_ITEMS_MAX + 22 }, (_, index) => String(index))
    const pending = async () => (await system.status()).outbox.pendingCount
    await desk.ask(told("0"))
    await eventually(async () => (await pending()) === 1)
    for (const sheet of expected.slice(1, -2)) await desk.ask(told(sheet))
    expect(await pending()).toBe(OUTBOX_ITEMS_MAX)
    gate.openUnsafe()
    // There is room again, and older ones are still to be read.
    await eventually(async () => (await pending()) < OUTBOX_ITEMS_MAX)
    for (const sheet of expected.slice(-2)) await desk.ask(told(sheet))
    await eventually(() => sheets.length >= expected.length)
    expect(sheets).toEqual(expected)
    expect((await system.status()).outbox.parkedCount).toBe(expected.length)
  })
})

describe("an item that cannot even be tried", () => {
  it("FAULT 70: becomes a dead letter, and what comes after it leaves", async () => {
    const messaging = new MessagingMemory()
    const journal = new JournalScripted()
    // As an earlier release, or anybody who may write there, stored it: to a key that is none, under no type, too much.
    const items = [
      { k: "answer", to: "desk/%", n: "x", re: "bad", a: { ok: true } },
      { k: "publish", t: "no. type\r\n", v: 1, d: {} },
      { k: "publish", t: "x".repeat(5_000), v: 1, d: {} },
      { k: "publish", t: "desk.much", v: 1, d: "x".repeat(2 * INTEGRATION_DATA_BYTES_MAX) },
      { k: "tell", to: "clerk/d", c: { type: "Stamp", sheet: "x" } },
    ]
    const entry = JSON.stringify({ c: "bad", fp: "", ev: [], out: items })
    const commit = encodeCommit({ first: 1, at: 0, epoch: 1 }, [entry])
    await Effect.runPromise(journal.inner.append(addressOf("clerk", "c", SHARD_COUNT), 0, commit))
    const { system } = await startMemory({ actors, messaging, journal })
    const letters = () => Effect.runPromise(messaging.deadLetters.list({ after: 0, limit: 10 }))
    await eventually(async () => (await letters()).length === items.length - 1)
    const refused = { key: "clerk/c", reason: "Refused" }
    expect(await letters()).toMatchObject(Array.from({ length: items.length - 1 }, () => refused))
    await eventually(async () => (await system.get(Clerk, "d").state()).version === 1)
    await eventually(async () => (await system.status()).outbox.pendingCount === 0)
  })
})

describe("a request that the mailbox will never take", () => {
  it("is answered all the same", async () => {
    const messaging = new MessagingMemory({ isMailboxOnly: true })
    const { publish } = messaging.mailbox
    Object.assign(messaging.mailbox, {
      publish: (message: Parameters<typeof publish>[0]) =>
        decodeMessage(message.data).k === "command"
          ? Effect.fail(new MailboxRefused({ reason: "TooLarge", detail: "large", hint: "Send less." }))
          : publish(message),
    })
    const { system } = await startMemory({ actors, messaging })
    const desk = system.get(Desk, "d")
    await desk.ask({ type: "Ask", clerk: "c", sheet: "x" })
    await eventually(async () => (await desk.state()).state.context.answers.length === 1)
    expect((await desk.state()).state.context.answers).toMatchObject([
      { as: "stamp", answer: { ok: false, reason: "Refused", isRejection: false } },
    ])
  })
})

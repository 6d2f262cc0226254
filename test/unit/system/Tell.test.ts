/** The roads of a tell: to the cell of this node, to the mailbox, from the one to the other; and what its caller is told. */
import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import { addressOf } from "../../../runtime/address/ActorAddress.ts"
import { shardSlot } from "../../../runtime/cluster/Slot.ts"
import { DeadLettersUnavailable } from "../../../runtime/deadletter/DeadLetters.ts"
import { MailboxRefused, MailboxUnavailable } from "../../../runtime/mailbox/Mailbox.ts"
import { decodeMessage } from "../../../runtime/mailbox/Message.ts"
import { node, shared } from "../../fixtures/memory/ClusterNodes.ts"
import { Clerk } from "../../fixtures/memory/Desk.ts"
import {
  eventually,
  type MemoryOptions,
  SHARD_COUNT,
  startMemory,
} from "../../fixtures/memory/MemorySystem.ts"
import { MessagingMemory } from "../../fixtures/memory/MessagingMemory.ts"

const stamp = (sheet: string) => ({ type: "Stamp", sheet }) as const

/** A system whose published messages are noted. */
const start = async (options: MemoryOptions = {}) => {
  const messaging = new MessagingMemory()
  const { publish } = messaging.mailbox
  const published: Array<unknown> = []
  const script: { before: Effect.Effect<void, MailboxRefused | MailboxUnavailable> } = { before: Effect.void }
  Object.assign(messaging.mailbox, {
    publish: (message: Parameters<typeof publish>[0]) => {
      const { c } = decodeMessage(message.data) as unknown as { readonly c: { readonly sheet: string } }
      published.push(c.sheet)
      return Effect.andThen(script.before, publish(message))
    },
  })
  const given = await startMemory({ actors: [Clerk], messaging, ...options })
  const clerk = given.system.get(Clerk, "c")
  const sheets = async () => (await clerk.state()).state.context.sheets
  const pause = async () => {
    await given.system.cluster.pause(Clerk)
    await eventually(async () => (await given.system.cluster.status()).paused.includes("clerk"))
  }
  const resume = async () => {
    await given.system.cluster.resume(Clerk)
    await eventually(async () => (await given.system.cluster.status()).paused.length === 0)
  }
  const { letters } = messaging.deadLetters
  return { ...given, messaging, clerk, sheets, pause, resume, published, script, letters }
}

describe("a tell to an actor of this node", () => {
  it("is applied when it is accepted, and is never in the mailbox", async () => {
    const { clerk, sheets, published } = await start()
    expect(await clerk.tell(stamp("1"), { commandId: "one" })).toEqual({ commandId: "one" })
    expect(await sheets()).toEqual(["1"])
    expect(await clerk.tell(stamp("1"), { commandId: "one" })).toEqual({ commandId: "one" })
    expect(await sheets()).toEqual(["1"])
    expect(published).toEqual([])
  })

  it.each([
    ["blank", "Rejected"],
    ["broken", "Failed"],
  ])("%s is one dead letter (%s) when it is accepted, and is never in the mailbox", async (sheet, reason) => {
    const { clerk, letters, published, system } = await start()
    const metadata = { correlationId: "order-7" }
    await clerk.tell(stamp(sheet), { commandId: "no", metadata })
    expect([...letters.values()]).toMatchObject([
      { key: "clerk/c", reason, attemptCount: 1, messageId: expect.stringMatching(/^no@/) },
    ])
    const [{ original } = { original: "" }] = letters.values()
    const message = { v: 1, k: "command", id: "no", c: stamp(sheet), m: metadata }
    expect(JSON.parse(original)).toEqual(message)
    expect(published).toEqual([])
    expect((await system.status()).messages.deadLetterCount).toBe(1)
  })

  it("under the id of another command is a dead letter", async () => {
    const { clerk, letters, sheets } = await start()
    await clerk.ask(stamp("1"), { commandId: "one" })
    await clerk.tell(stamp("2"), { commandId: "one" })
    expect([...letters.values()]).toMatchObject([{ reason: "Refused" }])
    expect(await sheets()).toEqual(["1"])
  })

  it("whose dead letter cannot be stored in time may be stored, and is not decided again", async () => {
    const { clerk, messaging, published } = await start()
    const add = () => Effect.fail(new DeadLettersUnavailable({ detail: "down" }))
    Object.assign(messaging.deadLetters, { add })
    const told = clerk.tell(stamp("blank"), { deadlineMs: 100 })
    await expect(told).rejects.toMatchObject({ _tag: "Unavailable", stored: "Unknown" })
    expect(published).toEqual([])
  })

  it("whose append has no outcome by the deadline may be stored, and is not published", async () => {
    const { clerk, journal, published, sheets } = await start()
    await clerk.ask(stamp("0"))
    const release = journal.hold()
    const told = clerk.tell(stamp("1"), { deadlineMs: 100 })
    await expect(told).rejects.toMatchObject({ _tag: "Unavailable", stored: "Unknown" })
    release()
    await eventually(async () => (await sheets()).length === 2)
    expect(published).toEqual([])
  })

  it("that waits behind an append goes to the mailbox, and those behind it in order", async () => {
    const { clerk, journal, published, sheets, system } = await start()
    await clerk.ask(stamp("0"))
    const release = journal.hold()
    const asked = clerk.ask(stamp("1"))
    await eventually(() => journal.heldCount > 0)
    const all = ["2", "3", "4"].map((sheet) => clerk.tell(stamp(sheet), { deadlineMs: 60_000 }))
    await Promise.all(all)
    expect(published).toEqual(["2", "3", "4"])
    // While they are there, a later one takes the same road.
    await clerk.tell(stamp("5"))
    expect(published).toEqual(["2", "3", "4", "5"])
    release()
    await asked
    await eventually(async () => (await sheets()).length === 6)
    expect(await sheets()).toEqual(["0", "1", "2", "3", "4", "5"])
    await eventually(async () => (await system.status()).messages.openCount === 0)
    await clerk.tell(stamp("6"))
    expect(published).toHaveLength(4)
  })

  it("waits for an earlier one that may be stored, and then goes to the mailbox", async () => {
    const { clerk, journal, published, sheets } = await start()
    await clerk.ask(stamp("0"))
    const release = journal.hold()
    const first = clerk.tell(stamp("1"), { deadlineMs: 60_000 })
    await eventually(() => journal.heldCount > 0)
    const second = clerk.tell(stamp("2"), { deadlineMs: 100 })
    await expect(second).rejects.toMatchObject({ _tag: "Unavailable", stored: "No" })
    release()
    await first
    expect(await sheets()).toEqual(["0", "1"])
    expect(published).toEqual([])
  })

  it("that finds no room in the cell's queue takes the mailbox, and none overtakes it", async () => {
    const { clerk, journal, sheets, published } = await start()
    await clerk.ask(stamp("first"))
    const release = journal.hold()
    const asked = clerk.ask(stamp("begun"))
    await eventually(() => journal.heldCount > 0)
    const count = 1_100
    const tells = Array.from({ length: count }, (_, n) => clerk.tell(stamp(`${n}`), { deadlineMs: 60_000 }))
    release()
    await asked
    await Promise.all(tells)
    await eventually(async () => (await sheets()).length === count + 2)
    expect((await sheets()).slice(2)).toEqual(Array.from({ length: count }, (_, n) => `${n}`))
    expect(published.length).toBeGreaterThan(0)
  })
})

describe("a tell to a paused type", () => {
  it("waits in the mailbox; tells before it and after it keep their order", async () => {
    const { clerk, pause, resume, published, sheets } = await start()
    const sent: Array<Promise<unknown>> = []
    const send = (from: number, to: number) => {
      for (let n = from; n < to; n++) sent.push(clerk.tell(stamp(`${n}`), { deadlineMs: 60_000 }))
    }
    send(0, 100)
    await pause()
    send(100, 200)
    await eventually(() => published.length === 100)
    await resume()
    send(200, 300)
    await Promise.all(sent)
    await eventually(async () => (await sheets()).length === 300)
    expect(await sheets()).toEqual(Array.from({ length: 300 }, (_, n) => `${n}`))
  })

  it("that the mailbox refuses after an attempt without an answer may have been stored", async () => {
    const { clerk, messaging, pause, resume, script, sheets } = await start()
    const { publish } = messaging.mailbox
    let attemptCount = 0
    Object.assign(messaging.mailbox, {
      publish: (message: Parameters<typeof publish>[0]) => {
        const noAnswer = new MailboxUnavailable({ reason: "Timeout", detail: "no answer" })
        if (++attemptCount === 1) return Effect.andThen(publish(message), Effect.fail(noAnswer))
        return publish(message)
      },
    })
    await pause()
    const told = clerk.tell(stamp("stored"))
    await eventually(() => attemptCount === 1)
    script.before = Effect.fail(
      new MailboxRefused({ reason: "NotPermitted", detail: "no rights", hint: "Wait." }),
    )
    await expect(told).rejects.toMatchObject({ _tag: "Unavailable", stored: "Unknown" })
    // With the first attempt already it is known that nothing was stored.
    const refused = clerk.tell(stamp("refused"))
    await expect(refused).rejects.toMatchObject({ _tag: "Unavailable", stored: "No" })
    await resume()
    await eventually(async () => (await sheets()).length === 1)
  })
})

it("a tell to another node's actor is not overtaken when the shard has come here", async () => {
  const on = await shared()
  const one = await node("one", on, { actors: [Clerk] })
  const two = await node("two", on, { actors: [Clerk] })
  const slot = shardSlot(undefined, addressOf("clerk", "c", SHARD_COUNT).shard)
  const isAt = async ({ system }: typeof one) =>
    (await system.cluster.status()).slots.some(
      (each) => each.slot === slot && each.member === system.cluster.memberId(),
    )
  await eventually(async () => (await isAt(one)) !== (await isAt(two)))
  if (await isAt(one)) await one.system.cluster.move(slot, "two")
  await eventually(() => isAt(two))
  for (const { system } of [one, two]) {
    await one.system.cluster.pause(Clerk)
    await eventually(async () => (await system.cluster.status()).paused.includes("clerk"))
  }
  const clerk = one.system.get(Clerk, "c")
  await clerk.tell(stamp("1"))
  expect([...on.messaging.mailbox.contents.messages]).toHaveLength(1)
  await one.system.cluster.move(slot, "one")
  await eventually(() => isAt(one))
  await one.system.cluster.resume(Clerk)
  await eventually(async () => (await one.system.cluster.status()).paused.length === 0)
  await clerk.tell(stamp("2"))
  const sheets = async () => (await clerk.state()).state.context.sheets
  await eventually(async () => (await sheets()).length === 2)
  expect(await sheets()).toEqual(["1", "2"])
})

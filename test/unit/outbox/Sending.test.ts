/** What could not be sent is owed: said in the log once, listed with its reason, and said again when it is sent after all. */
import { Effect, Logger } from "effect"
import { TestClock } from "effect/testing"
import { expect, it } from "vitest"
import { addressOf } from "../../../runtime/address/ActorAddress.ts"
import { itemsOf } from "../../../runtime/commit/PlacedItem.ts"
import { CurrentSampledLogs, SAMPLED_LOG_PAUSE_MS, SampledLogs } from "../../../runtime/log/SampledLog.ts"
import { MailboxRefused } from "../../../runtime/mailbox/Mailbox.ts"
import { makeSending } from "../../../runtime/outbox/Sending.ts"
import { ShardOutbox } from "../../../runtime/outbox/ShardOutbox.ts"
import { MessagingMemory } from "../../fixtures/memory/MessagingMemory.ts"
import { realDate } from "../../fixtures/time/RealDate.ts"

const from = addressOf("desk", "d", 8)

const setUp = () => {
  const { mailbox, publisher, deadLetters } = new MessagingMemory()
  const { publish } = mailbox
  const refused = new MailboxRefused({ reason: "Full", detail: "the mailbox is full", hint: "Wait." })
  let isFull = true
  Object.assign(mailbox, {
    publish: (message: Parameters<typeof publish>[0]) =>
      Effect.suspend(() => (isFull ? Effect.fail(refused) : publish(message))),
  })
  const slot = `shard.${from.shard}`
  const identity = { shardIndex: 0, shard: from.shard, slot, epoch: 1, era: 2 ** 48 }
  const shard = new ShardOutbox({ ...identity, types: new Set(["desk"]) })
  shard.start(0, 0, 0)
  /** The items of a commit that tells a clerk each of the sheets. */
  const commitOf = (sequence: number, sheets: ReadonlyArray<string>) => {
    const out = sheets.map((sheet) => ({ k: "tell", to: "clerk/c", c: { type: "Stamp", sheet } }) as const)
    return itemsOf(
      from,
      sequence,
      7,
      { born: undefined, entries: [{ c: "x", fp: "", ev: [], out }] },
      { source: slot, era: identity.era },
    )
  }
  return {
    ports: { mailbox, publisher, deadLetters, namespace: "shop", shardCount: 8 },
    shard,
    commitOf,
    empty: () => {
      isFull = false
    },
  }
}

/** Sends all messages through the mailbox, because no member takes them straight. */
const sendingThrough = (ports: ReturnType<typeof setUp>["ports"]) =>
  makeSending({
    ports,
    deliver: () => expect.unreachable("no member takes messages straight"),
    isDirect: () => false,
    parked: () => undefined,
    scheduled: () => undefined,
  })

it("is said to be owed once and why, however often it fails, and said to be sent in the end", async () => {
  const { ports, shard, commitOf, empty } = setUp()
  const logs: Array<string> = []
  const logger = Logger.layer([Logger.make(({ message }) => void logs.push(String(message)))])
  const said = () => logs.filter((line) => /owed/i.test(line))
  const program = Effect.gen(function* () {
    const sending = yield* sendingThrough(ports)
    sending.open(shard)
    const items = commitOf(5, ["1"])
    sending.send(shard, shard.begin(5, 1), items, false)
    yield* TestClock.adjust("1 minute")
    const id = items[0]?.id
    expect(said()).toEqual([
      `Owed, and tried again: tell ${id} of desk/d to clerk/c. It could not be sent: ${shard.exceptions.owed[0]?.reason}`,
    ])
    expect(shard.exceptions.owed).toMatchObject([{ id, from: "desk/d", to: "clerk/c", kind: "tell" }])
    expect(said()[0]).toContain("the mailbox is full")
    expect(sending.itemCount()).toBe(0)
    empty()
    yield* TestClock.adjust("10 seconds")
    expect(said().slice(1)).toEqual([`No longer owed: tell ${id} of desk/d to clerk/c.`])
    expect([shard.exceptions.owed, sending.counts.parkedCount]).toEqual([[], 1])
  })
  await Effect.runPromise(Effect.provide(Effect.scoped(program), [logger, realDate]))
})

it("is said of a few only where many are owed at once, and the others are counted", async () => {
  const { ports, shard, commitOf } = setUp()
  const logs: Array<string> = []
  const logger = Logger.layer([Logger.make(({ message }) => void logs.push(String(message)))])
  const program = Effect.gen(function* () {
    const sending = yield* sendingThrough(ports)
    sending.open(shard)
    sending.send(shard, shard.begin(5, 3), commitOf(5, ["1", "2", "3"]), false)
    yield* TestClock.adjust(2 * SAMPLED_LOG_PAUSE_MS)
    sending.send(shard, shard.begin(6, 1), commitOf(6, ["4"]), false)
    yield* TestClock.adjust("1 second")
    const said = logs.filter((line) => line.startsWith("Owed"))
    expect(said).toHaveLength(2)
    expect(said[1]).toMatch(/earlier item .* is owed \(2 more like this since the last line\)$/)
    expect(shard.exceptions.owed).toHaveLength(4)
  })
  const sampled = Effect.provideService(Effect.scoped(program), CurrentSampledLogs, new SampledLogs())
  await Effect.runPromise(Effect.provide(sampled, [logger, realDate]))
})

/** One message of the server is lost, or comes from a replica that lags: each guard meets exactly what it is there for. */
import { Effect, Stream } from "effect"
import { describe, expect, it } from "vitest"
import type { JournalRecord } from "../../../runtime/journal/Journal.ts"
import { type CarriedMessage, headerOf, lossyWire } from "./LossyWire.ts"
import { MESSAGES_STREAM, openMailbox, receiver, send, takeMany, textsOf, until } from "./MailboxFixture.ts"
import { bytes, eventually, freshServer, openJournal, order, run, STREAM, text } from "./NatsFixture.ts"

const actor = order("a")
const COUNT = 10

/** A reply of a direct get; the end of its batch has no `Nats-Sequence`. */
const isDirect = (message: CarriedMessage): boolean =>
  headerOf(message, "Nats-Last-Sequence") !== undefined || message.headers.includes(" 404 ")

const directSequence = (message: CarriedMessage): number => Number(headerOf(message, "Nats-Sequence") ?? 0)

/** Journal behind a lossy wire, with `COUNT` commits of one actor. */
const journalBehindWire = Effect.gen(function* () {
  const server = yield* freshServer()
  const wire = yield* lossyWire(server.url)
  const { journal, connection } = yield* openJournal({ url: wire.url })
  const sequences: Array<number> = []
  for (let index = 1; index <= COUNT; index++) {
    sequences.push(yield* journal.append(actor, sequences.at(-1) ?? 0, bytes(`e${index}`)))
  }
  const range = { after: 0, upTo: sequences.at(-1) ?? 0 }
  return { wire, journal, connection, range }
})

const textsOfRecords = (records: ReadonlyArray<JournalRecord>) => records.map(({ data }) => text(data))
const all = Array.from({ length: COUNT }, (_, index) => `e${index + 1}`)

describe("a page of the journal", () => {
  it.each([
    ["the first reply", (message: CarriedMessage) => directSequence(message) === 1],
    ["one in the middle", (message: CarriedMessage) => directSequence(message) === 5],
    ["the last one", (message: CarriedMessage) => directSequence(message) === COUNT],
    ["all but the end", (message: CarriedMessage) => directSequence(message) > 0],
  ])("is not read where %s of its batch is lost, and is whole when it is read again", (_, isLost) =>
    run(
      Effect.gen(function* () {
        const { wire, journal, range } = yield* journalBehindWire
        const reads = {
          read: journal.read(actor, range),
          scan: journal.scan(range),
          shard: journal.scan({ ...range, shard: actor.shard }),
        }
        for (const [name, read] of Object.entries(reads)) {
          wire.carry = (message) => (isDirect(message) && isLost(message) ? undefined : message)
          const refusal = yield* Effect.flip(read)
          expect([name, refusal._tag]).toEqual([name, "JournalUnavailable"])
          expect(refusal.message).toMatch(/a reply after sequence \d+ was lost/)
          wire.carry = (message) => message
          expect(textsOfRecords(yield* read)).toEqual(all)
        }
      }),
    ),
  )

  it("is not read where the end of its batch is lost", () =>
    run(
      Effect.gen(function* () {
        const { wire, journal, range } = yield* journalBehindWire
        wire.carry = (message) => (isDirect(message) && directSequence(message) === 0 ? undefined : message)
        const refusal = yield* Effect.flip(journal.read(actor, range))
        expect(refusal).toMatchObject({ _tag: "JournalUnavailable", reason: "Timeout" })
      }),
    ))

  /** What a replica answers that has the first `known` commits alone. */
  const lagging =
    (known: number) =>
    (message: CarriedMessage): CarriedMessage | undefined => {
      if (!isDirect(message)) return message
      const sequence = directSequence(message)
      if (sequence > 0) return sequence > known ? undefined : message
      const end =
        known === 0
          ? "NATS/1.0 404 Message Not Found\r\n\r\n"
          : `NATS/1.0 204 EOB\r\nNats-Num-Pending: 0\r\nNats-Last-Sequence: ${known}\r\n\r\n`
      return { ...message, headers: end, data: Buffer.alloc(0) }
    }

  it.each([0, 1, COUNT - 1])("from a replica that has %i commits is no end of the journal", (known) =>
    run(
      Effect.gen(function* () {
        const { wire, journal, range } = yield* journalBehindWire
        for (const read of [
          (after: number) => journal.read(actor, { ...range, after }),
          (after: number) => journal.scan({ ...range, after }),
        ]) {
          wire.carry = lagging(known)
          const page = yield* read(0)
          // What the replica has, and the next commit from the leader.
          expect(textsOfRecords(page)).toEqual(all.slice(0, known + 1))
          wire.carry = lagging(0)
          const found = [...page]
          for (let after = page.at(-1)?.sequence ?? 0; after < range.upTo; ) {
            const next = yield* read(after)
            expect(next).toHaveLength(1)
            found.push(...next)
            after = next.at(-1)?.sequence ?? range.upTo
          }
          expect(textsOfRecords(found)).toEqual(all)
        }
      }),
    ),
  )

  it.each(["", "Nats-Num-Pending: 7\r\n"])(
    "is never empty because a replica says %j of what follows",
    (pending) =>
      run(
        Effect.gen(function* () {
          const { wire, journal, range } = yield* journalBehindWire
          wire.carry = (message) => {
            if (!isDirect(message)) return message
            if (directSequence(message) > 0) return undefined
            return { ...message, headers: `NATS/1.0 204 EOB\r\n${pending}Nats-Last-Sequence: 0\r\n\r\n` }
          }
          // An empty page would be taken for the end of the actor's history.
          expect(textsOfRecords(yield* journal.read(actor, range))).toEqual(all.slice(0, 1))
        }),
      ),
  )
})

it("connected again, and without an answer to which journal it is, nothing is read or appended", () =>
  run(
    Effect.gen(function* () {
      const { wire, journal, connection, range } = yield* journalBehindWire
      wire.carry = (message) => (message.data.includes("stream_info_response") ? undefined : message)
      wire.cut()
      yield* until(() => connection.health().reconnectCount === 1)
      for (const read of [
        journal.read(actor, range),
        journal.scan(range),
        Effect.asVoid(journal.last(actor)),
      ]) {
        expect(yield* Effect.flip(Effect.asVoid<unknown, unknown, never>(read))).toMatchObject({
          reason: "Disconnected",
        })
      }
      const append = journal.append(actor, range.upTo, bytes("after"))
      expect(yield* Effect.flip(append)).toMatchObject({ _tag: "AppendUnknown", reason: "Unavailable" })
      wire.carry = (message) => message
      expect(textsOfRecords(yield* eventually(journal.read(actor, range)))).toEqual(all)
    }),
  ))

/** Whether the consumer has sent this message of the mailbox before, and waited for an acknowledgement in vain. */
const isHandedOutAgain = ({ reply = "" }: CarriedMessage): boolean =>
  new RegExp(`^\\$JS\\.ACK\\.${MESSAGES_STREAM}\\.[^.]+\\.(?!1\\.)`).test(reply)

/** Loses the first message that it is asked about and that is wanted. */
const losesOnce = (isWanted: (message: CarriedMessage) => boolean) => {
  const lost: Array<CarriedMessage> = []
  const carry = (message: CarriedMessage): CarriedMessage | undefined => {
    if (lost.length > 0 || !isWanted(message)) return message
    lost.push(message)
    return undefined
  }
  return { lost, carry }
}

describe("one lost delivery", () => {
  it.each([1, 4, COUNT])("number %i of the live tail is read again before what came after it", (number) =>
    run(
      Effect.gen(function* () {
        const { wire, journal, range } = yield* journalBehindWire
        const { lost, carry } = losesOnce(({ reply = "" }) =>
          new RegExp(`^\\$JS\\.ACK\\.${STREAM}\\.follow-[^.]+\\.1\\.${number}\\.`).test(reply),
        )
        wire.carry = carry
        const seen: Array<JournalRecord> = []
        yield* Effect.forkScoped(
          Stream.runForEach(journal.follow({ types: ["order"], after: 0, partition: 0 }), (batch) =>
            Effect.sync(() => void seen.push(...batch)),
          ),
        )
        yield* until(() => lost.length === 1)
        // Nothing comes after the last one: a heartbeat tells of it.
        yield* until(() => seen.length >= COUNT)
        yield* journal.append(actor, range.upTo, bytes("after"))
        yield* until(() => seen.length > COUNT)
        expect(textsOfRecords(seen)).toEqual([...all, "after"])
      }),
    ),
  )

  it.each([1, 4, COUNT])(
    "number %i of a mailbox comes again at once, and before what came after it",
    (number) =>
      run(
        Effect.gen(function* () {
          const server = yield* freshServer()
          const wire = yield* lossyWire(server.url)
          const { mailbox } = yield* openMailbox({ url: wire.url })
          for (const id of all) yield* send(mailbox, actor, id)
          const { lost, carry } = losesOnce(({ reply = "" }) =>
            new RegExp(`^\\$JS\\.ACK\\.${MESSAGES_STREAM}\\.[^.]+\\.1\\.\\d+\\.${number}\\.`).test(reply),
          )
          let handedOutAgainCount = 0
          wire.carry = (message) => {
            if (isHandedOutAgain(message)) handedOutAgainCount++
            return carry(message)
          }
          const take = yield* receiver(mailbox, actor.shard)
          const seen = new Set<string>()
          while (seen.size < COUNT) for (const one of textsOf(yield* takeMany(take, 1))) seen.add(one)
          expect(lost).toHaveLength(1)
          // Those before the gap come twice; a receiver of a shard tells repeats apart.
          expect([...seen]).toEqual(all)
          // Not because the server gave up waiting for an acknowledgement.
          expect(handedOutAgainCount).toBe(0)
        }),
      ),
  )
})

it("a pull that never reached the server is made again when the consumer has been silent", () =>
  run(
    Effect.gen(function* () {
      const server = yield* freshServer()
      const wire = yield* lossyWire(server.url)
      const { mailbox } = yield* openMailbox({ url: wire.url })
      const take = yield* receiver(mailbox, actor.shard)
      yield* send(mailbox, actor, "one")
      expect(textsOf(yield* takeMany(take, 1))).toEqual(["one"])
      /** Subscriptions to which messages were sent: each attempt has one of its own. */
      const heard = new Set<string>()
      // Neither messages nor heartbeats: as if nobody had asked.
      wire.carry = (message) => {
        if (message.headers.includes(" 100 ")) return undefined
        if (message.reply?.startsWith(`$JS.ACK.${MESSAGES_STREAM}.`) !== true) return message
        heard.add(message.sid)
        return undefined
      }
      yield* send(mailbox, actor, "two")
      yield* until(() => heard.size === 2)
      wire.carry = (message) => message
      const seen = new Set<string>()
      while (seen.size < 2) for (const one of textsOf(yield* takeMany(take, 1))) seen.add(one)
      expect([...seen]).toEqual(["one", "two"])
    }),
  ))

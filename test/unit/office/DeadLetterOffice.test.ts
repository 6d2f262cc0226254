import { Cause, Effect, Exit, type Scope } from "effect"
import { expect, test } from "vitest"
import {
  DEAD_LETTER_PAGE_MAX,
  type DeadLetter,
  DeadLetters,
  type DeadLettersService,
  DeadLettersUnavailable,
} from "../../../runtime/deadletter/DeadLetters.ts"
import { send } from "../../../runtime/definition/Send.ts"
import { Mailbox, type MailboxService, MailboxUnavailable } from "../../../runtime/mailbox/Mailbox.ts"
import { encodeMessage } from "../../../runtime/mailbox/Message.ts"
import {
  BULK_KEPT_NAMED_MAX,
  BULK_LETTERS_MAX,
  BULK_PAGE_MAX,
  type BulkReport,
  DEAD_LETTER_PAGE_DEFAULT,
  type DeadLetterOffice,
  makeDeadLetterOffice,
} from "../../../runtime/office/DeadLetterOffice.ts"
import type { EventPosition } from "../../../runtime/reactor/Reacting.ts"
import { defineReactor } from "../../../runtime/reactor/Reactor.ts"
import type { ReactorRunner } from "../../../runtime/reactor/ReactorRunner.ts"
import { MessagingMemory } from "../../fixtures/memory/MessagingMemory.ts"
import { realDate, START_MS } from "../../fixtures/time/RealDate.ts"
import { added, Ledger, shardCount } from "../projection/Ledger.ts"
import { inWorld, until } from "../reactor/ReactorFixture.ts"

interface Given {
  readonly messaging: MessagingMemory
  readonly office: DeadLetterOffice
  readonly mailbox: MailboxService
  readonly letters: DeadLettersService
  readonly faults: { publish?: MailboxService["publish"]; remove?: DeadLettersService["remove"] }
}

const inOffice = (
  body: (given: Given) => Effect.Effect<void, unknown, Scope.Scope>,
  reactors: ReadonlyMap<string, Pick<ReactorRunner, "redrive">> = new Map(),
): Promise<void> =>
  Effect.runPromise(
    Effect.gen(function* () {
      const messaging = new MessagingMemory()
      const { mailbox, deadLetters: letters } = messaging
      const faults: Given["faults"] = {}
      const office = yield* makeDeadLetterOffice({ shardCount, reactors }).pipe(
        Effect.provideService(Mailbox, {
          ...mailbox,
          publish: (message) => (faults.publish ?? mailbox.publish)(message),
        }),
        Effect.provideService(DeadLetters, {
          ...letters,
          remove: (number) => (faults.remove ?? letters.remove)(number),
        }),
      )
      yield* body({ messaging, office, mailbox, letters, faults })
    }).pipe(Effect.scoped, Effect.provide(realDate)),
  )

const decoder = new TextDecoder()
const commandText = (id: string): string =>
  decoder.decode(encodeMessage({ k: "command", id, c: { type: "Open" }, m: { user: "ann" } }))

const letterOf = (id: string, changes: Partial<DeadLetter> = {}): DeadLetter => ({
  key: "ledger/a",
  reason: "Rejected",
  detail: "AlreadyOpen",
  attemptCount: 1,
  atMs: 0,
  messageId: id,
  original: commandText(id),
  ...changes,
})

const textsIn = ({ messaging }: Pick<Given, "messaging">): ReadonlyArray<string> =>
  [...messaging.mailbox.contents.messages].map(({ data }) => decoder.decode(data))

const numbersIn = ({ messaging }: Pick<Given, "messaging">) => [...messaging.deadLetters.letters.keys()]

test("lists letters by number, after a number, of a reason, in bounded pages", () =>
  inOffice(({ letters, office }) =>
    Effect.gen(function* () {
      for (let index = 1; index <= DEAD_LETTER_PAGE_MAX + 1; index++) {
        yield* letters.add(letterOf(`m-${index}`, { reason: index % 2 === 0 ? "Failed" : "Rejected" }))
      }
      const numbers = (options?: Parameters<DeadLetterOffice["list"]>[0]) =>
        Effect.map(office.list(options), (page) => page.map(({ number }) => number))
      expect(yield* numbers()).toHaveLength(DEAD_LETTER_PAGE_DEFAULT)
      expect(yield* numbers({ after: 3, limit: 3 })).toEqual([4, 5, 6])
      expect(yield* numbers({ reason: "Failed", limit: 2 })).toEqual([2, 4])
      expect(yield* numbers({ limit: 1e9 })).toHaveLength(DEAD_LETTER_PAGE_MAX)
      expect(yield* numbers({ limit: 0 })).toHaveLength(1)
    }),
  ))

test("shows a letter in full, and says when there is none", () =>
  inOffice(({ letters, office }) =>
    Effect.gen(function* () {
      yield* letters.add(letterOf("m-1"))
      expect(yield* office.show(1)).toEqual({ ...letterOf("m-1"), number: 1 })
      expect(yield* Effect.flip(office.show(2))).toMatchObject({ _tag: "DeadLetterNotFound", number: 2 })
      expect(yield* Effect.flip(office.redrive(2))).toMatchObject({ _tag: "DeadLetterNotFound" })
      expect(yield* Effect.flip(office.discard(2))).toMatchObject({ _tag: "DeadLetterNotFound" })
    }),
  ))

test("redrives the original as it was, to its actor, though the mailbox still remembers its id", () =>
  inOffice(({ messaging, mailbox, letters, office }) =>
    Effect.gen(function* () {
      const data = new TextEncoder().encode(commandText("m-1"))
      yield* letters.add(letterOf("m-1", { key: "ledger/a%2Eb" }))
      const address = { type: "ledger", id: "a.b", token: "a%2Eb", key: "ledger/a%2Eb", shard: 0 }
      yield* mailbox.publish({ address, id: "m-1", data })
      yield* office.redrive(1)
      expect(textsIn({ messaging })).toEqual([commandText("m-1"), commandText("m-1")])
      expect([...messaging.mailbox.contents.messages].at(-1)?.key).toBe("ledger/a%2Eb")
      expect(numbersIn({ messaging })).toEqual([])
    }),
  ))

test("keeps the letter until its message is stored", () =>
  inOffice(({ messaging, letters, office, faults }) =>
    Effect.gen(function* () {
      yield* letters.add(letterOf("m-1"))
      faults.publish = () => Effect.fail(new MailboxUnavailable({ reason: "Timeout", detail: "slow" }))
      expect(yield* Effect.flip(office.redrive(1))).toMatchObject({ _tag: "MailboxUnavailable" })
      expect(numbersIn({ messaging })).toEqual([1])
    }),
  ))

test("FAULT 14: a redrive that ended half-way is repeated without a second message", () =>
  inOffice(({ messaging, letters, office, faults }) =>
    Effect.gen(function* () {
      yield* letters.add(letterOf("m-1"))
      faults.remove = () => Effect.fail(new DeadLettersUnavailable({ detail: "gone" }))
      expect(yield* Effect.flip(office.redrive(1))).toMatchObject({ _tag: "DeadLettersUnavailable" })
      expect(numbersIn({ messaging })).toEqual([1])
      faults.remove = undefined as never
      yield* office.redrive(1)
      expect(textsIn({ messaging })).toHaveLength(1)
      expect(numbersIn({ messaging })).toEqual([])
    }),
  ))

test("FAULT 39: says why what is no message, or for nobody, cannot be redriven, and keeps it", () =>
  inOffice(({ messaging, letters, office }) =>
    Effect.gen(function* () {
      yield* letters.add(letterOf("m-1", { reason: "Malformed", original: "{not json" }))
      yield* letters.add(
        letterOf("m-2", { reason: "Malformed", original: '{"v":99,"id":"m","k":"command"}' }),
      )
      yield* letters.add(letterOf("m-3", { key: "ledger/%" }))
      const why = (number: number) =>
        Effect.map(Effect.flip(office.redrive(number)), ({ message }) => message)
      expect(yield* why(1)).toMatch(/^Dead letter 1 cannot be redriven: Not a mailbox message: .*discard it/s)
      expect(yield* why(2)).toContain("format 99, this process knows 2")
      expect(yield* why(3)).toContain('its address is "ledger/%"')
      expect(numbersIn({ messaging })).toEqual([1, 2, 3])
      expect(textsIn({ messaging })).toEqual([])
    }),
  ))

test("discards a letter for good", () =>
  inOffice(({ messaging, letters, office }) =>
    Effect.gen(function* () {
      yield* letters.add(letterOf("m-1"))
      yield* letters.add(letterOf("m-2"))
      yield* office.discard(1)
      expect(numbersIn({ messaging })).toEqual([2])
      expect(textsIn({ messaging })).toEqual([])
    }),
  ))

test("redrives all letters of a reason in order, page by page, and tells how far it is", () =>
  inOffice(({ messaging, letters, office }) =>
    Effect.gen(function* () {
      const count = 2 * BULK_PAGE_MAX + 3
      for (let index = 1; index <= count; index++) yield* letters.add(letterOf(`m-${index}`))
      yield* letters.add(letterOf("other", { reason: "Failed" }))
      const progress: Array<BulkReport> = []
      const report = yield* office.redriveAll({
        reason: "Rejected",
        onProgress: (each) => progress.push(each),
      })
      expect(report).toEqual({ doneCount: count, keptCount: 0, kept: [], isComplete: true })
      expect(progress.map(({ doneCount }) => doneCount)).toEqual([100, 200, 203, 203])
      expect(textsIn({ messaging })).toEqual(
        Array.from({ length: count }, (_, index) => commandText(`m-${index + 1}`)),
      )
      expect(numbersIn({ messaging })).toEqual([count + 1])
    }),
  ))

test("keeps what cannot be redriven, goes on, and says which and why", () =>
  inOffice(({ messaging, letters, office }) =>
    Effect.gen(function* () {
      const badCount = BULK_KEPT_NAMED_MAX + 5
      for (let index = 1; index <= badCount; index++)
        yield* letters.add(letterOf(`bad-${index}`, { original: "?" }))
      yield* letters.add(letterOf("good"))
      const { kept, ...report } = yield* office.redriveAll({ reason: "Rejected" })
      expect(report).toEqual({ doneCount: 1, keptCount: badCount, isComplete: true })
      expect(kept).toHaveLength(BULK_KEPT_NAMED_MAX)
      expect(kept[0]).toEqual({ number: 1, why: expect.stringContaining("Not a mailbox message") })
      expect(numbersIn({ messaging })).toHaveLength(badCount)
    }),
  ))

test("leaves letters that come back while it works, also within the same millisecond", () =>
  inOffice(({ messaging, letters, office, faults }) =>
    Effect.gen(function* () {
      yield* letters.add(letterOf("m-1"))
      let backCount = 0
      faults.publish = () => {
        backCount++
        const back = letters.add(letterOf(`back-${backCount}`, { atMs: START_MS }))
        return Effect.as(Effect.orDie(back), undefined)
      }
      const report = yield* office.redriveAll({ reason: "Rejected" })
      expect(report).toMatchObject({ doneCount: 1, isComplete: true })
      expect(numbersIn({ messaging })).toEqual([2])
    }),
  ))

test("stops at its bound, and says that there is more", () =>
  inOffice(({ messaging, letters, office }) =>
    Effect.gen(function* () {
      for (let index = 0; index <= BULK_LETTERS_MAX; index++) yield* letters.add(letterOf(`m-${index}`))
      expect(yield* office.discardAll({ reason: "Rejected" })).toMatchObject({
        doneCount: BULK_LETTERS_MAX,
        isComplete: false,
      })
      expect(numbersIn({ messaging })).toHaveLength(1)
      expect(yield* office.discardAll({ reason: "Rejected" })).toMatchObject({
        doneCount: 1,
        isComplete: true,
      })
      expect(textsIn({ messaging })).toEqual([])
    }),
  ))

test("ends a bulk redrive when the mailbox is away; what was done stays done", () =>
  inOffice(({ messaging, mailbox, letters, office, faults }) =>
    Effect.gen(function* () {
      for (const id of ["m-1", "m-2", "m-3"]) yield* letters.add(letterOf(id))
      const away = new MailboxUnavailable({ reason: "Disconnected", detail: "away" })
      faults.publish = (message) => (message.id.endsWith(".2") ? Effect.fail(away) : mailbox.publish(message))
      const exit = yield* Effect.exit(office.redriveAll({ reason: "Rejected" }))
      expect(Exit.isFailure(exit) && Cause.squash(exit.cause)).toBe(away)
      expect(numbersIn({ messaging })).toEqual([2, 3])
    }),
  ))

const reactorLetter = (changes: Partial<DeadLetter> = {}): DeadLetter =>
  letterOf("everstate:r.mirror.7.1", {
    key: "reactor/mirror",
    reason: "ReactorFailed",
    original: '{"sequence":7,"index":1,"event":{"type":"Added"}}',
    ...changes,
  })

test("hands a reactor's letter back to the reactor, by the place of its event", () => {
  const places: Array<EventPosition> = []
  const mirror = { redrive: (place: EventPosition) => Effect.sync(() => void places.push(place)) }
  return inOffice(
    ({ messaging, letters, office }) =>
      Effect.gen(function* () {
        yield* letters.add(reactorLetter())
        yield* letters.add(
          reactorLetter({ messageId: "everstate:r.mirror.8", original: '{"key":"ledger/a","sequence":8}' }),
        )
        const report = yield* office.redriveAll({ reason: "ReactorFailed" })
        expect(report.doneCount).toBe(2)
        expect(places).toEqual([{ sequence: 7, index: 1 }, { sequence: 8 }])
        expect(textsIn({ messaging })).toEqual([])
        expect(numbersIn({ messaging })).toEqual([])
      }),
    new Map([["mirror", mirror]]),
  )
})

test("keeps a reactor's letter that has no reactor here, or no place", () =>
  inOffice(
    ({ messaging, letters, office }) =>
      Effect.gen(function* () {
        yield* letters.add(reactorLetter({ key: "reactor/other" }))
        yield* letters.add(reactorLetter({ original: "{}" }))
        expect(yield* Effect.flip(office.redrive(1))).toMatchObject({
          _tag: "DeadLetterNotRedrivable",
          detail: 'no reactor "other" runs here',
        })
        expect(yield* Effect.flip(office.redrive(2))).toMatchObject({
          detail: "it does not say where its event is in the journal",
        })
        expect(numbersIn({ messaging })).toEqual([1, 2])
      }),
    new Map([["mirror", { redrive: () => Effect.void }]]),
  ))

test("a reactor that was mended makes up for what it failed on; one that was not keeps its letter", () =>
  inWorld((world) =>
    Effect.gen(function* () {
      let isMended = false
      const mirror = defineReactor({
        name: "mirror",
        from: [Ledger],
        on: {
          Added: (_, { id }) => {
            if (!isMended) throw new Error("unlucky")
            return send.tell({ actor: Ledger, id: `copy-${id}`, command: { type: "Open" } })
          },
        },
      })
      yield* world.writer.write("a", added(1))
      const runner = yield* world.start(mirror)
      yield* until(() => runner.status().failedCount === 1)
      const office = yield* makeDeadLetterOffice({
        shardCount,
        reactors: new Map([["mirror", runner]]),
      }).pipe(Effect.provide(world.messaging.layer))
      expect(yield* Effect.flip(office.redrive(1))).toMatchObject({ detail: "unlucky" })
      isMended = true
      yield* office.redrive(1)
      expect(world.taken.map(({ address }) => address.key)).toEqual(["ledger/copy-a"])
      expect(yield* office.list()).toEqual([])
    }),
  ))

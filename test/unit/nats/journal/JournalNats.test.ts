/** The journal over a server of the test's own: what is appended, what is refused before it is sent, what is believed. */
import { Context, Effect, Layer, References, type Scope } from "effect"
import { TestClock } from "effect/testing"
import { expect, it } from "vitest"
import { NatsConnection } from "../../../../infra/nats/connection/NatsConnection.ts"
import { JournalNats } from "../../../../infra/nats/journal/JournalNats.ts"
import { journalStreamConfig } from "../../../../infra/nats/journal/JournalSettings.ts"
import { addressOf } from "../../../../runtime/address/ActorAddress.ts"
import { Journal, type JournalService } from "../../../../runtime/journal/Journal.ts"
import { JournalRegister } from "../../../../runtime/journal/JournalRegister.ts"
import { realDate } from "../../../fixtures/time/RealDate.ts"
import { api, ServerScripted } from "../ServerScripted.ts"

const options = { namespace: "fault", shards: 8 }
const address = addressOf("order", "a", options.shards)
const config = journalStreamConfig(options, 1)
const register = Layer.succeed(JournalRegister, { load: () => Effect.undefined, record: () => Effect.void })

/** A stream with commits up to `last`. Its answer to an append is the next sequence, unless a test sets another. */
class Stream {
  last = 10
  /** Sequence that the next append is told. */
  next: number | undefined
  /** Whether it answers when it is asked for itself. */
  isKnown = true
  config: object = config
  cluster: object | undefined
  readonly server = new ServerScripted(({ subject }) => {
    if (subject.startsWith("$JS.API.STREAM.INFO.")) {
      const state = { first_seq: 1, last_seq: this.last, messages: this.last }
      return this.isKnown
        ? [api({ config: this.config, cluster: this.cluster, created: "2026-11-29T09:00:00Z", state })]
        : []
    }
    if (subject === `$JS.API.DIRECT.GET.${config.name}`) {
      const place = { "Nats-Stream": config.name, "Nats-Subject": "fault.evt.0.order.a" }
      return [{ headers: { ...place, "Nats-Sequence": this.last } }]
    }
    if (subject === `$JS.API.STREAM.MSG.GET.${config.name}`) {
      return [api({ message: { subject: "fault.evt.0.order.a", seq: this.last } })]
    }
    return subject.startsWith("fault.evt.")
      ? [api({ stream: config.name, seq: this.next ?? ++this.last })]
      : []
  })

  get appended() {
    return this.server.below("fault.evt.")
  }

  /** Requests that any replica may answer. */
  get direct() {
    return this.server.below("$JS.API.DIRECT.GET.")
  }
}

const on = (
  stream: Stream,
  program: (journal: JournalService) => Effect.Effect<void, unknown, Scope.Scope>,
): Promise<void> =>
  Effect.gen(function* () {
    const connection = Layer.succeed(NatsConnection, yield* stream.server.connection)
    const layer = JournalNats.layer(options).pipe(Layer.provide([connection, register]))
    yield* program(Context.get(yield* Layer.build(layer), Journal))
  }).pipe(
    Effect.scoped,
    Effect.provide(realDate),
    Effect.provideService(References.MinimumLogLevel, "None"),
    Effect.runPromise,
  )

const append = (journal: JournalService, expected = 10, bytes = 1) =>
  journal.append(address, expected, new Uint8Array(bytes))

it("an append names the sequence that it expects, whichever that is", () => {
  const stream = new Stream()
  return on(stream, (journal) =>
    Effect.gen(function* () {
      for (const expected of [0, 1, 2, 4_294_967_296]) yield* append(journal, expected)
      expect(stream.appended.map(({ headers }) => headers.trim().split(": ").at(-1))).toEqual([
        "0",
        "1",
        "2",
        "4294967296",
      ])
    }),
  )
})

it("a commit of the greatest size is sent, and one that is a byte longer is refused before", () => {
  const stream = new Stream()
  return on(stream, (journal) =>
    Effect.gen(function* () {
      yield* append(journal, 10, journal.commitBytesMax)
      const refusal = yield* Effect.flip(append(journal, 10, journal.commitBytesMax + 1))
      expect(refusal).toMatchObject({ _tag: "JournalRefused", reason: "TooLarge" })
      expect(journal.commitBytesMax).toBeLessThan(stream.server.payloadBytesMax)
      expect(stream.appended).toHaveLength(1)
    }),
  )
})

it.each([10, 9])("an acknowledgement that gives sequence %i away again is not believed", (sequence) => {
  const stream = new Stream()
  return on(stream, (journal) =>
    Effect.gen(function* () {
      stream.next = sequence
      const replaced = { _tag: "JournalRefused", reason: "Replaced" }
      expect(yield* Effect.flip(append(journal))).toMatchObject(replaced)
      // And no later one, however healthy the stream looks.
      stream.next = undefined
      yield* TestClock.adjust("10 seconds")
      expect(yield* Effect.flip(append(journal))).toMatchObject(replaced)
      expect(yield* Effect.flip(journal.last(address))).toMatchObject(replaced)
      expect(stream.appended).toHaveLength(1)
    }),
  )
})

it("an acknowledgement of the next sequence is believed", () =>
  on(new Stream(), (journal) =>
    Effect.gen(function* () {
      expect(yield* append(journal, 10)).toBe(11)
      expect(yield* append(journal, 11)).toBe(12)
    }),
  ))

it("nothing is sent or read on a new connection before its stream is verified", () => {
  const stream = new Stream()
  return on(stream, (journal) =>
    Effect.gen(function* () {
      stream.isKnown = false
      stream.server.tell("disconnect")
      expect(yield* Effect.flip(append(journal))).toMatchObject({ reason: "Disconnected" })
      stream.server.tell("reconnect")
      expect(yield* Effect.flip(append(journal))).toMatchObject({
        _tag: "AppendUnknown",
        reason: "Unavailable",
      })
      expect(yield* Effect.flip(journal.last(address))).toMatchObject({ _tag: "JournalUnavailable" })
      expect(stream.appended).toEqual([])
      stream.isKnown = true
      yield* TestClock.adjust("10 seconds")
      expect(yield* append(journal)).toBe(11)
    }),
  )
})

/** Replicas of a stream that is being moved, besides its leader. */
const movedTo = (...names: ReadonlyArray<string>) => ({
  leader: "n1",
  replicas: names.map((name) => ({ name, current: false })),
})

it("the last commit is asked of the leader alone while a stream with one replica is being moved", () => {
  const stream = new Stream()
  stream.cluster = movedTo("n2")
  /** Whether the last commit is looked for by direct get, which any replica answers. */
  const readsDirectly = Effect.fnUntraced(function* (journal: JournalService) {
    const countBefore = stream.direct.length
    expect(yield* journal.last(address)).toMatchObject({ sequence: 10 })
    return stream.direct.length > countBefore
  })
  return on(stream, (journal) =>
    Effect.gen(function* () {
      expect(yield* readsDirectly(journal)).toBe(false)
      stream.cluster = movedTo()
      yield* TestClock.adjust("10 seconds")
      expect(yield* readsDirectly(journal)).toBe(true)
      stream.cluster = movedTo("n3")
      // It is read on with unsafe settings.
      stream.config = { ...config, discard: "old" }
      yield* TestClock.adjust("10 seconds")
      expect(yield* readsDirectly(journal)).toBe(false)
    }),
  )
})

it("a stream with unsafe settings takes no appends and is read on", () => {
  const stream = new Stream()
  return on(stream, (journal) =>
    Effect.gen(function* () {
      stream.config = { ...config, discard: "old" }
      yield* TestClock.adjust("10 seconds")
      expect(yield* Effect.flip(append(journal))).toMatchObject({ reason: "Unsafe" })
      expect(yield* journal.last(address)).toMatchObject({ sequence: 10 })
    }),
  )
})

it("a stream that ends before what was seen is neither written nor read, until that is there again", () => {
  const stream = new Stream()
  return on(stream, (journal) =>
    Effect.gen(function* () {
      stream.last = 9
      yield* TestClock.adjust("10 seconds")
      expect(yield* Effect.flip(append(journal))).toMatchObject({ reason: "Replaced" })
      expect(yield* Effect.flip(journal.last(address))).toMatchObject({ reason: "Replaced" })
      stream.last = 10
      yield* TestClock.adjust("10 seconds")
      expect(yield* append(journal)).toBe(11)
    }),
  )
})

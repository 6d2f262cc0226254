/** What the stores beside the journal show on real servers alone: other processes, deleted keys, limits, permissions. */
import { Context, Effect, Layer, type Scope } from "effect"
import { describe, expect, it } from "vitest"
import { NatsConnection, type NatsConnectionOptions } from "../../../infra/nats/connection/NatsConnection.ts"
import { MailboxNats } from "../../../infra/nats/mailbox/MailboxNats.ts"
import { CheckpointsNats } from "../../../infra/nats/stores/CheckpointsNats.ts"
import { DETAIL_LENGTH_MAX, DeadLettersNats } from "../../../infra/nats/stores/DeadLettersNats.ts"
import { EventPublisherNats, eventsStreamName } from "../../../infra/nats/stores/EventPublisherNats.ts"
import { Checkpoints } from "../../../runtime/checkpoint/Checkpoints.ts"
import { type DeadLetter, DeadLetters } from "../../../runtime/deadletter/DeadLetters.ts"
import { EventPublisher } from "../../../runtime/integration/EventPublisher.ts"
import { Mailbox } from "../../../runtime/mailbox/Mailbox.ts"
import { admin, bytes, freshServer, NAMESPACE, run, SHARD_COUNT } from "./NatsFixture.ts"

/** A store of the scope on a connection of its own, as one process would have it. */
const open = <I, S, E>(
  server: { readonly url: string },
  key: Context.Key<I, S>,
  layer: Layer.Layer<I, E, NatsConnection>,
  connect: Partial<NatsConnectionOptions> = {},
): Effect.Effect<S, unknown, Scope.Scope> =>
  Effect.map(
    Layer.build(Layer.provide(layer, NatsConnection.layer({ servers: server.url, ...connect }))),
    (context) => Context.get(context, key),
  )

const connectionOf = (server: { readonly url: string }) =>
  Effect.map(Layer.build(NatsConnection.layer({ servers: server.url })), (context) =>
    Context.get(context, NatsConnection),
  )

const namespace = NAMESPACE
const bucket = `${namespace}-checkpoints`

const letter: DeadLetter = {
  key: "order/a",
  reason: "Failed",
  detail: "no",
  attemptCount: 3,
  atMs: 1,
  messageId: "m",
  original: "{}",
}

describe("checkpoints", () => {
  it("only ascend, whichever process advances them", () =>
    run(
      Effect.gen(function* () {
        const server = yield* freshServer()
        const processes = yield* Effect.all(
          [1, 2, 3].map(() => open(server, Checkpoints, CheckpointsNats.layer({ namespace }))),
          { concurrency: 3 },
        )
        let highest = 0
        for (let position = 1; position <= 60; position++) {
          const [advancing, ...others] = processes.map((_, index) => processes[(position + index) % 3])
          highest = Math.max(highest, position)
          yield* Effect.all(
            [
              advancing?.advance("outbox", position),
              ...others.map((other) => other?.advance("outbox", position - 1)),
            ].filter((effect) => effect !== undefined),
            { concurrency: "unbounded" },
          )
          for (const each of processes) expect(yield* each.position("outbox")).toBe(highest)
        }
      }),
    ))

  it("read a key that was deleted or purged by hand as empty, and write it again", () =>
    run(
      Effect.gen(function* () {
        const server = yield* freshServer()
        const checkpoints = yield* open(server, Checkpoints, CheckpointsNats.layer({ namespace }))
        yield* checkpoints.advance("a", 7)
        yield* checkpoints.write("a", { n: 1 })
        const { requests } = yield* connectionOf(server)
        for (const [subject, operation] of [
          [`$KV.${bucket}.position.a`, "DEL"],
          [`$KV.${bucket}.note.a`, "PURGE\r\nNats-Rollup: sub"],
        ] as const) {
          const headers = { encode: () => bytes(`NATS/1.0\r\nKV-Operation: ${operation}\r\n\r\n`) }
          yield* requests.request(subject, new Uint8Array(), { timeoutMs: 30_000, headers })
        }
        expect(yield* checkpoints.position("a")).toBe(0)
        expect(yield* checkpoints.note("a")).toBeUndefined()
        // The position that this process remembers is not there any more: what it read was not the newest.
        yield* checkpoints.advance("a", 8)
        yield* checkpoints.write("a", { n: 2 })
        expect(yield* checkpoints.position("a")).toBe(8)
        expect(yield* checkpoints.note("a")).toEqual({ n: 2 })
      }),
    ))
})

describe("FAULT 70: rubbish that was put there by hand", () => {
  it("is no position and no note, and is written over", () =>
    run(
      Effect.gen(function* () {
        const server = yield* freshServer()
        const checkpoints = yield* open(server, Checkpoints, CheckpointsNats.layer({ namespace }))
        const { requests } = yield* connectionOf(server)
        for (const rubbish of ["{", "null", '"7"', "1e300", "-5", "7.5", "[7]", "\u0000"]) {
          for (const kind of ["position", "note"]) {
            const subject = `$KV.${bucket}.${kind}.a-${rubbish.length}-${rubbish.charCodeAt(0)}`
            yield* requests.request(subject, bytes(rubbish), { timeoutMs: 30_000 })
          }
          const name = `a-${rubbish.length}-${rubbish.charCodeAt(0)}`
          expect(yield* checkpoints.position(name)).toBe(0)
          yield* checkpoints.note(name)
          yield* checkpoints.advance(name, 8)
          yield* checkpoints.write(name, { n: 2 })
          expect(yield* checkpoints.position(name)).toBe(8)
          expect(yield* checkpoints.note(name)).toEqual({ n: 2 })
        }
      }),
    ))

  it("among dead letters is listed as one that cannot be read, hides none, and is removed", () =>
    run(
      Effect.gen(function* () {
        const server = yield* freshServer()
        const deadLetters = yield* open(server, DeadLetters, DeadLettersNats.layer({ namespace }))
        const { requests } = yield* connectionOf(server)
        yield* deadLetters.add(letter)
        const strange = [
          "",
          "{",
          "null\n{}",
          "[]\n",
          '{"key":"order/a"}\n{}',
          `${JSON.stringify({ ...letter, atMs: 1e300 })}\n`,
        ]
        for (const text of strange) {
          yield* requests.request(`${namespace}.dlq.Failed`, bytes(text), { timeoutMs: 30_000 })
        }
        yield* deadLetters.add({ ...letter, messageId: "later" })
        const listed = yield* deadLetters.list({ after: 0, limit: 100 })
        expect(listed).toHaveLength(strange.length + 2)
        expect([listed[0], listed.at(-1)]).toMatchObject([{ messageId: "m" }, { messageId: "later" }])
        for (const [index, text] of strange.entries()) {
          const found = listed[index + 1]
          expect(found).toMatchObject({ reason: "Malformed", original: text, key: "" })
          expect(yield* deadLetters.get(found?.number ?? 0)).toEqual(found)
          yield* deadLetters.remove(found?.number ?? 0)
        }
        expect(yield* deadLetters.list({ after: 0, limit: 100 })).toHaveLength(2)
      }),
    ))
})

describe("dead letters", () => {
  it("hold the largest message as it was, and cut a larger original and a long detail", () =>
    run(
      Effect.gen(function* () {
        const server = yield* freshServer({ maxPayloadBytes: 64 * 1024 })
        const mailbox = yield* open(server, Mailbox, MailboxNats.layer({ namespace, shards: SHARD_COUNT }))
        const deadLetters = yield* open(server, DeadLetters, DeadLettersNats.layer({ namespace }))
        const largest = '"'.repeat(mailbox.messageBytesMax)
        const worst = {
          key: `order/${"%20".repeat(256)}`,
          messageId: "€".repeat(256),
          detail: "€".repeat(5_000),
        }
        yield* deadLetters.add({ ...letter, ...worst, original: largest })
        yield* deadLetters.add({ ...letter, original: "x".repeat(100_000) })
        const [first, second] = yield* deadLetters.list({ after: 0, limit: 10 })
        expect(first).toMatchObject({ ...worst, detail: "€".repeat(DETAIL_LENGTH_MAX), original: largest })
        expect(second?.original.length).toBeGreaterThan(mailbox.messageBytesMax)
        expect(second?.detail).toContain("of 100000 bytes")
      }),
    ))
})

it("integration events have a media type, and are kept for days", () =>
  run(
    Effect.gen(function* () {
      const server = yield* freshServer()
      const publisher = yield* open(server, EventPublisher, EventPublisherNats.layer({ namespace }))
      yield* publisher.publish({ type: "order.confirmed", id: "o/1 é", data: bytes("{}") })
      const stream = eventsStreamName(namespace)
      const subject = `${namespace}.int.order.confirmed`
      const reply = yield* admin(server, `STREAM.MSG.GET.${stream}`, { last_by_subj: subject })
      const { hdrs } = reply["message"] as { hdrs: string }
      expect(Buffer.from(hdrs, "base64").toString()).toContain("content-type: application/cloudevents+json")
      const { config } = yield* admin(server, `STREAM.INFO.${stream}`)
      expect(config).toMatchObject({ max_age: 7 * 86_400 * 1e9, retention: "limits" })
    }),
  ))

it("FAULT 35: each store says that it is unavailable where its subjects are denied", () =>
  run(
    Effect.gen(function* () {
      const permissions = { publish: { deny: ["$KV.>", `${namespace}.dlq.>`, `${namespace}.int.>`] } }
      const server = yield* freshServer({
        extraConfig: {
          authorization: { users: [{ user: "app", password: "app", permissions }] },
        },
      })
      const connect = { user: "app", pass: "app" }
      const checkpoints = yield* open(server, Checkpoints, CheckpointsNats.layer({ namespace }), connect)
      const deadLetters = yield* open(server, DeadLetters, DeadLettersNats.layer({ namespace }), connect)
      const publisher = yield* open(server, EventPublisher, EventPublisherNats.layer({ namespace }), connect)
      const failures = yield* Effect.all([
        Effect.flip(checkpoints.advance("a", 1)),
        Effect.flip(checkpoints.write("a", 1)),
        Effect.flip(deadLetters.add(letter)),
        Effect.flip(publisher.publish({ type: "a", id: "1", data: bytes("{}") })),
      ])
      expect(failures.map(({ _tag }) => _tag)).toEqual([
        "CheckpointsUnavailable",
        "CheckpointsUnavailable",
        "DeadLettersUnavailable",
        "PublisherUnavailable",
      ])
      for (const { detail } of failures) expect(detail).toContain("NotPermitted")
    }),
  ))

it("FAULT 26: a store does not open on a stream of other settings", () =>
  run(
    Effect.gen(function* () {
      const server = yield* freshServer()
      for (const name of [`KV_${bucket}`, `${namespace}-deadletters`, `${namespace}-events`]) {
        yield* admin(server, `STREAM.CREATE.${name}`, { name, subjects: [`${name}.x`], storage: "memory" })
      }
      for (const failing of [
        open(server, Checkpoints, CheckpointsNats.layer({ namespace })),
        open(server, DeadLetters, DeadLettersNats.layer({ namespace })),
        open(server, EventPublisher, EventPublisherNats.layer({ namespace })),
      ]) {
        expect(String(yield* Effect.flip(failing as Effect.Effect<unknown, unknown, Scope.Scope>))).toContain(
          'storage="memory"',
        )
      }
    }),
  ))

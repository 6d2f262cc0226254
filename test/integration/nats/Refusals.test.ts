import { Effect, Stream } from "effect"
import { afterAll, describe, expect, it } from "vitest"
import { appendErrorOf, JetStreamError } from "../../../infra/nats/connection/NatsErrors.ts"
import { journalStreamConfig } from "../../../infra/nats/journal/JournalSettings.ts"
import { addressOf } from "../../../runtime/address/ActorAddress.ts"
import {
  admin,
  behaviours,
  bytes,
  edit,
  eventually,
  eventuallyFails,
  freshFolder,
  freshServer,
  NAMESPACE,
  openJournal,
  order,
  run,
  SHARD_COUNT,
  STREAM,
  startServer,
  text,
} from "./NatsFixture.ts"

afterAll(() => behaviours.expectSimulated())

const safe = { ...journalStreamConfig({ namespace: NAMESPACE, shards: SHARD_COUNT }, 1) }
describe("FAULT 26: unsafe settings", () => {
  it("refuses to start on a stream with allow_rollup, and to append once it is switched on; reads go on", () =>
    run(
      Effect.gen(function* () {
        const server = yield* freshServer()
        const { journal } = yield* openJournal(server)
        const first = yield* journal.append(order("a"), 0, bytes("one"))
        expect(yield* edit(server, STREAM, { allow_rollup_hdrs: true })).toHaveProperty("config")
        const error = yield* Effect.flip(openJournal(server))
        expect(error).toMatchObject({ _tag: "JournalRefused", reason: "Unsafe" })
        expect(String(error)).toContain("allow_rollup_hdrs")

        yield* Effect.flip(journal.check)
        expect(yield* Effect.flip(journal.append(order("a"), first, bytes("two")))).toMatchObject({
          reason: "Unsafe",
        })
        expect(text((yield* journal.last(order("a")))?.data)).toBe("one")

        yield* edit(server, STREAM, { allow_rollup_hdrs: false })
        yield* eventually(journal.append(order("a"), first, bytes("two")))
      }),
    ))

  it("refuses another number of shards, another system's stream and a stream without an owner as Foreign", () =>
    run(
      Effect.gen(function* () {
        const server = yield* freshServer()
        yield* openJournal(server)
        expect(yield* Effect.flip(openJournal(server, undefined, { shards: 16 }))).toMatchObject({
          reason: "Foreign",
        })
        yield* admin(server, "STREAM.CREATE.other-journal", {
          ...safe,
          name: "other-journal",
          subjects: ["other.evt.*.*.*"],
          metadata: {},
        })
        const error = yield* Effect.flip(openJournal(server, undefined, { namespace: "other" }))
        expect(error).toMatchObject({ reason: "Foreign" })
        const named = yield* Effect.flip(openJournal(server, undefined, { namespace: "Not.a.namespace" }))
        expect(named).toMatchObject({ reason: "Foreign" })
      }),
    ))
})

describe("FAULT 24: a full journal", () => {
  it("refuses appends as Full at the stream's limit, and reads go on", () =>
    run(
      Effect.gen(function* () {
        const server = yield* freshServer()
        const { journal } = yield* openJournal(server, undefined, { bytesMax: 64 * 1024 })
        let last = 0
        let count = 0
        const fill = Effect.gen(function* () {
          while (true) {
            last = yield* journal.append(order("a"), last, new Uint8Array(8 * 1024))
            count++
          }
        })
        expect(yield* Effect.flip(fill)).toMatchObject({ _tag: "JournalRefused", reason: "Full" })
        expect(count).toBeGreaterThan(3)
        expect(yield* journal.read(order("a"), { after: 0, upTo: last })).toHaveLength(count)
        expect((yield* journal.last(order("a")))?.sequence).toBe(last)
        yield* journal.check
      }),
    ))

  it("refuses appends as Full at the server's storage limit; reads go on, and the hint says for how long", () =>
    run(
      Effect.gen(function* () {
        const server = yield* freshServer({ storeFileMaxBytes: 256 * 1024 })
        const { journal } = yield* openJournal(server)
        let last = 0
        const fill = Effect.gen(function* () {
          while (true) last = yield* journal.append(order("a"), last, new Uint8Array(16 * 1024))
        })
        expect(yield* Effect.flip(fill)).toMatchObject({
          _tag: "JournalRefused",
          reason: "Full",
          hint: expect.stringContaining("until leases run out"),
        })
        expect((yield* journal.last(order("a")))?.sequence).toBe(last)
      }),
    ))
})

describe("FAULT 35: permissions", () => {
  const users = (password: string, deny: ReadonlyArray<string>) => ({
    authorization: {
      users: [
        { user: "admin", password: "admin" },
        { user: "app", password, permissions: { publish: { deny }, subscribe: { allow: ["_INBOX.>"] } } },
      ],
    },
  })
  const connect = { user: "app", pass: "app" }

  it("refuses a denied append as NotPermitted, typed and at once", () =>
    run(
      Effect.gen(function* () {
        const server = yield* freshServer({ extraConfig: users("app", [`${NAMESPACE}.evt.*.secret.*`]) })
        const { journal } = yield* openJournal(server, undefined, { connect, appendTimeoutMs: 600_000 })
        const denied = addressOf("secret", "a", SHARD_COUNT)
        expect(yield* Effect.flip(journal.append(denied, 0, bytes("one")))).toMatchObject({
          _tag: "JournalRefused",
          reason: "NotPermitted",
        })
        yield* journal.append(order("a"), 0, bytes("one"))
      }),
    ))

  it("refuses denied reads and a denied follow as NotPermitted", () =>
    run(
      Effect.gen(function* () {
        const deny = ["$JS.API.STREAM.MSG.GET.>", "$JS.API.DIRECT.GET.>", "$JS.API.CONSUMER.CREATE.>"]
        const server = yield* freshServer({ extraConfig: users("app", deny) })
        const { journal } = yield* openJournal(server, undefined, { connect })
        const refusal = { _tag: "JournalRefused", reason: "NotPermitted" }
        expect(yield* Effect.flip(journal.last(order("a")))).toMatchObject(refusal)
        expect(yield* Effect.flip(journal.read(order("a"), { after: 0, upTo: 5 }))).toMatchObject(refusal)
        const follow = Stream.runDrain(journal.follow({ types: ["order"], after: 0, partition: 0 }))
        expect(yield* Effect.flip(follow)).toMatchObject(refusal)
      }),
    ))

  it("refuses a follow whose pulls are denied as NotPermitted", () =>
    run(
      Effect.gen(function* () {
        const deny = ["$JS.API.CONSUMER.MSG.NEXT.>"]
        const server = yield* freshServer({ extraConfig: users("app", deny) })
        const { journal } = yield* openJournal(server, undefined, { connect })
        const follow = Stream.runDrain(journal.follow({ types: ["order"], after: 0, partition: 0 }))
        expect(yield* Effect.flip(follow)).toMatchObject({ _tag: "JournalRefused", reason: "NotPermitted" })
      }),
    ))

  it("refuses wrong credentials at start", () =>
    run(
      Effect.gen(function* () {
        const server = yield* freshServer({ extraConfig: users("app", []) })
        const error = yield* Effect.flip(
          openJournal(server, undefined, { connect: { user: "app", pass: "wrong" } }),
        )
        expect(error).toMatchObject({ _tag: "NatsUnavailable", reason: "NotPermitted" })
      }),
    ))

  it("gives up on revoked credentials: NotPermitted, and the connection closes", () =>
    run(
      Effect.gen(function* () {
        const folder = yield* freshFolder
        const server = yield* startServer({ folder, extraConfig: users("app", []) })
        const { journal, connection } = yield* openJournal(server, undefined, { connect })
        yield* journal.append(order("a"), 0, bytes("one"))
        yield* Effect.promise(() => server.stop())
        yield* startServer({ folder, port: server.port, extraConfig: users("changed", []) })
        yield* eventually(
          Effect.suspend(() =>
            connection.health().state === "closed" ? Effect.void : Effect.fail("still trying"),
          ),
        )
        const refusal = { _tag: "JournalRefused", reason: "NotPermitted" }
        expect(yield* Effect.flip(journal.append(order("a"), 1, bytes("two")))).toMatchObject(refusal)
        expect(yield* Effect.flip(journal.last(order("a")))).toMatchObject(refusal)
        const follow = Stream.runDrain(journal.follow({ types: ["order"], after: 0, partition: 0 }))
        expect(yield* Effect.flip(follow)).toMatchObject(refusal)
      }),
    ))
})

describe("FAULT 36 and FAULT 37: limits of a message", () => {
  it("names the limit of a server with a small max_payload", () =>
    run(
      Effect.gen(function* () {
        const server = yield* freshServer({ maxPayloadBytes: 16 * 1024 })
        const { journal } = yield* openJournal(server)
        expect(journal.commitBytesMax).toBe(15 * 1024)
        const error = yield* Effect.flip(
          journal.append(order("a"), 0, new Uint8Array(journal.commitBytesMax + 1)),
        )
        expect(error).toMatchObject({ _tag: "JournalRefused", reason: "TooLarge" })
        expect(error.message).toContain("max_payload")
        expect(yield* journal.last(order("a"))).toBeUndefined()
      }),
    ))

  it("stores under the longest id, and the server's refusal of headers over 64 KiB is TooLarge", () =>
    run(
      Effect.gen(function* () {
        const server = yield* freshServer()
        const { journal, connection } = yield* openJournal(server)
        const longest = order("%".repeat(256))
        yield* journal.append(longest, 0, bytes("one"))
        expect(text((yield* journal.last(longest))?.data)).toBe("one")

        const headers = { encode: () => bytes(`NATS/1.0\r\nLong: ${"x".repeat(66_000)}\r\n\r\n`) }
        const reply = yield* connection.requests.request(`${NAMESPACE}.evt.0.order.x`, bytes("one"), {
          timeoutMs: 30_000,
          headers,
        })
        const { error } = reply.json<{ error: { code: number; err_code: number; description: string } }>()
        const refusal = appendErrorOf(
          new JetStreamError({ status: error.code, code: error.err_code, description: error.description }),
        )
        expect(refusal).toMatchObject({ _tag: "JournalRefused", reason: "TooLarge" })
      }),
    ))
})

it("FAULT 28: a follower whose consumer is deleted makes another, without gap or repeat", () =>
  run(
    Effect.gen(function* () {
      const server = yield* freshServer()
      const { journal } = yield* openJournal(server)
      const sequences: Array<number> = []
      const seen: Array<number> = []
      yield* Effect.forkScoped(
        Stream.runForEach(journal.follow({ types: ["order"], after: 0, partition: 0 }), (batch) =>
          Effect.sync(() => {
            seen.push(...batch.map(({ sequence }) => sequence))
          }),
        ),
      )
      const appendAndWait = Effect.gen(function* () {
        for (let count = 0; count < 50; count++) {
          sequences.push(yield* journal.append(order("a"), sequences.at(-1) ?? 0, bytes("e")))
        }
        yield* eventually(
          Effect.suspend(() => (seen.at(-1) === sequences.at(-1) ? Effect.void : Effect.fail("behind"))),
        )
      })
      yield* appendAndWait
      for (let round = 0; round < 3; round++) {
        const { consumers } = (yield* admin(server, `CONSUMER.NAMES.${STREAM}`)) as {
          consumers: Array<string>
        }
        expect(consumers).toHaveLength(1)
        for (const consumer of consumers) yield* admin(server, `CONSUMER.DELETE.${STREAM}.${consumer}`)
        yield* appendAndWait
      }
      expect(seen).toEqual(sequences)
    }),
  ))

it("FAULT 34: a follower that is closed leaves no consumer behind", () =>
  run(
    Effect.gen(function* () {
      const server = yield* freshServer()
      const { journal } = yield* openJournal(server)
      yield* journal.append(order("a"), 0, bytes("one"))
      yield* Stream.runDrain(Stream.take(journal.follow({ types: ["order"], after: 0, partition: 0 }), 1))
      yield* eventuallyFails(
        Effect.flatMap(admin(server, `CONSUMER.NAMES.${STREAM}`), ({ total }) =>
          total === 0 ? Effect.fail("none") : Effect.void,
        ),
        (error) => error === "none",
      )
    }),
  ))

describe("FAULT 70: a subject that the server would close the connection over", () => {
  it.each([
    ["with a line break", "fault.int.a\r\nPUB fault.evt.0.order.a 0\r\n"],
    ["with a space", "fault.int.a b"],
    ["longer than its control line", `fault.int.${"x".repeat(5_000)}`],
    ["of no characters", ""],
  ])("is refused %s, and the connection stays", (_, subject) =>
    run(
      Effect.gen(function* () {
        const server = yield* freshServer()
        const { journal, connection } = yield* openJournal(server)
        const asked = connection.requests.request(subject, bytes("x"), { timeoutMs: 30_000 })
        expect(yield* Effect.flip(asked)).toMatchObject({ reason: "NoResponders" })
        yield* journal.append(order("a"), 0, bytes("one"))
        expect(connection.health()).toMatchObject({ state: "connected", reconnectCount: 0 })
      }),
    ),
  )
})

import { Effect, Stream } from "effect"
import { describe, expect, it } from "vitest"
import type { NamedStream } from "../../../infra/nats/connection/OpenStream.ts"
import { publishTo } from "../../../infra/nats/connection/PubAck.ts"
import { mailboxStreamConfigs } from "../../../infra/nats/mailbox/MailboxStream.ts"
import type { MailboxService } from "../../../runtime/mailbox/Mailbox.ts"
import { openMailbox, receiver, send, takeMany, textsOf } from "./MailboxFixture.ts"
import { admin, bytes, freshServer, NAMESPACE, order, run, SHARD_COUNT } from "./NatsFixture.ts"

const here = order("a")
const configs = mailboxStreamConfigs({ namespace: NAMESPACE, shards: SHARD_COUNT }, 1)
const [messages, timers] = configs as [NamedStream, NamedStream]

describe("FAULT 26: the stream's settings", () => {
  it("opens the mailbox that another process created", () =>
    run(
      Effect.gen(function* () {
        const server = yield* freshServer()
        const [first] = yield* Effect.all([openMailbox(server), openMailbox(server)], { concurrency: 2 })
        yield* send(first.mailbox, here, "a")
        yield* openMailbox(server)
      }),
    ))

  it.each([
    ["discard_new_per_subject", messages, { discard_new_per_subject: false }],
    ["max_age", messages, { max_age: 3_600_000_000_000 }],
    ["subjects", messages, { subjects: [`${NAMESPACE}.msg.>`] }],
    ["max_age", timers, { max_age: 3_600_000_000_000 }],
    ["max_msgs_per_subject", timers, { max_msgs_per_subject: 10 }],
    ["allow_msg_schedules", timers, { allow_msg_schedules: false }],
  ])("refuses to start where %s is wrong", (name, safe, change) =>
    run(
      Effect.gen(function* () {
        const server = yield* freshServer()
        const config = { ...safe, ...change }
        expect(yield* admin(server, `STREAM.CREATE.${safe.name}`, config)).toHaveProperty("config")
        const error = yield* Effect.flip(openMailbox(server))
        expect(error).toMatchObject({ _tag: "MailboxRefused", reason: "Unsafe" })
        expect(error.message).toContain(name)
      }),
    ),
  )

  it("refuses another number of shards, another system's stream and an impossible namespace as Foreign", () =>
    run(
      Effect.gen(function* () {
        const server = yield* freshServer()
        yield* openMailbox(server)
        expect(yield* Effect.flip(openMailbox(server, { shards: 16 }))).toMatchObject({ reason: "Foreign" })
        yield* admin(server, "STREAM.CREATE.other-messages", {
          ...messages,
          name: "other-messages",
          subjects: ["other.msg.*.*.*"],
          metadata: {},
        })
        for (const namespace of ["other", "Not.a.namespace"]) {
          expect(yield* Effect.flip(openMailbox(server, { namespace }))).toMatchObject({ reason: "Foreign" })
        }
      }),
    ))

  it("refuses more replicas than there are servers", () =>
    run(
      Effect.gen(function* () {
        const server = yield* freshServer()
        expect(yield* Effect.flip(openMailbox(server, { replicas: 3 }))).toMatchObject({ reason: "Unsafe" })
      }),
    ))
})

describe("FAULT 35: permissions", () => {
  const connect = { user: "app", pass: "app", inboxPrefix: "_APP" }
  const users = (deny: ReadonlyArray<string>) => ({
    authorization: {
      users: [
        { user: "admin", password: "admin" },
        {
          user: "app",
          password: "app",
          permissions: { publish: { deny }, subscribe: { allow: ["_APP.>"] } },
        },
      ],
    },
  })
  const refusal = { _tag: "MailboxRefused", reason: "NotPermitted" }
  const atMs = Date.UTC(2100, 0, 1)
  const scheduled = { address: here, id: "x", slot: "s", atMs, data: bytes("x") }
  const receive = ({ receive }: MailboxService) => Stream.runDrain(receive(here.shard))

  it.each<readonly [string, string, (mailbox: MailboxService) => Effect.Effect<unknown, unknown>]>([
    ["a message", `${NAMESPACE}.msg.>`, (mailbox) => send(mailbox, here, "x")],
    ["a schedule", `${NAMESPACE}.tmr.>`, (mailbox) => mailbox.schedule(scheduled)],
    ["emptying a slot", "$JS.API.STREAM.PURGE.>", (mailbox) => mailbox.unschedule(here, "s")],
    ["the consumer", "$JS.API.CONSUMER.CREATE.>", receive],
    ["pulls", "$JS.API.CONSUMER.MSG.NEXT.>", receive],
  ])("refuses %s as NotPermitted, typed and at once", (_, denied, use) =>
    run(
      Effect.gen(function* () {
        const server = yield* freshServer({ extraConfig: users([denied]) })
        const { mailbox } = yield* openMailbox(server, { connect })
        expect(yield* Effect.flip(use(mailbox))).toMatchObject(refusal)
      }),
    ),
  )

  it("ends a receiver that may not acknowledge: its messages would come again for ever", () =>
    run(
      Effect.gen(function* () {
        const server = yield* freshServer({ extraConfig: users(["$JS.ACK.>"]) })
        const { mailbox } = yield* openMailbox(server, { connect })
        yield* send(mailbox, here, "x")
        const acknowledging = Stream.runForEach(mailbox.receive(here.shard), ({ ack }) => ack)
        expect(yield* Effect.flip(acknowledging)).toMatchObject(refusal)
      }),
    ))

  it("receives under a prefix of its own for replies", () =>
    run(
      Effect.gen(function* () {
        const server = yield* freshServer({ extraConfig: users([]) })
        const { mailbox } = yield* openMailbox(server, { connect })
        yield* send(mailbox, here, "x")
        yield* yield* receiver(mailbox, here.shard)
      }),
    ))
})

it("FAULT 17: says MailboxUnavailable at once while there is no server", () =>
  run(
    Effect.gen(function* () {
      const server = yield* freshServer()
      const { mailbox, connection } = yield* openMailbox(server)
      yield* Effect.promise(() => server.kill())
      yield* Effect.repeat(Effect.yieldNow, { while: () => connection.health().state === "connected" })
      expect(yield* Effect.flip(send(mailbox, here, "x"))).toMatchObject({
        _tag: "MailboxUnavailable",
        reason: "Disconnected",
      })
    }),
  ))

it("FAULT 67: tells a server without room from an actor with too many messages", () =>
  run(
    Effect.gen(function* () {
      const server = yield* freshServer({ storeFileMaxBytes: 256 * 1024 })
      const { mailbox } = yield* openMailbox(server, { messagesPerActorMax: 2 })
      const many = Effect.forEach(["1", "2", "3"], (id) => send(mailbox, here, id))
      expect(yield* Effect.flip(many)).toMatchObject({ _tag: "MailboxRefused", reason: "Full" })
      const large = Effect.forEach(
        Array.from({ length: 100 }, (_, index) => order(`b${index}`)),
        (address) => mailbox.publish({ address, id: address.key, data: bytes("x".repeat(16_000)) }),
      )
      expect(yield* Effect.flip(large)).toMatchObject({
        _tag: "MailboxRefused",
        reason: "StorageFull",
        hint: expect.stringContaining("max_file_store"),
      })
    }),
  ))

describe("FAULT 70: a message that a client stores under the id of a node's next one", () => {
  it("does not take its place", () =>
    run(
      Effect.gen(function* () {
        const server = yield* freshServer()
        const { mailbox, connection } = yield* openMailbox(server)
        const subject = `fault.msg.${here.shard}.order.a`
        for (const id of ["order/a:next", "order/a:next:"]) {
          yield* publishTo(connection.requests, subject, bytes("forged"), { "Nats-Msg-Id": id })
        }
        yield* send(mailbox, here, "next")
        yield* send(mailbox, here, "next")
        yield* send(mailbox, here, "end")
        const take = yield* receiver(mailbox, here.shard)
        expect(textsOf(yield* takeMany(take, 4))).toEqual(["forged", "forged", "next", "end"])
      }),
    ))
})

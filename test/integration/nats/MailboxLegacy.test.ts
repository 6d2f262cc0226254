/** FAULT 68: the mailbox of the first release is emptied into today's, beside nodes of that release and after them. */
import { Clock, Context, Effect, Layer } from "effect"
import { describe, expect, it } from "vitest"
import { findNatsBinary } from "../../../infra/embedded/NatsBinary.ts"
import { NatsConnection } from "../../../infra/nats/connection/NatsConnection.ts"
import { mailboxNotPermitted } from "../../../infra/nats/connection/NatsErrors.ts"
import { findMailboxLegacy, type MailboxLegacy } from "../../../infra/nats/mailbox/MailboxLegacy.ts"
import { moveSchedules } from "../../../infra/nats/mailbox/MailboxMove.ts"
import { openMailboxStreams } from "../../../infra/nats/mailbox/MailboxStream.ts"
import type { MailboxService } from "../../../runtime/mailbox/Mailbox.ts"
import { firstRelease, LEGACY_STREAM } from "./FirstRelease.ts"
import {
  MESSAGES_STREAM,
  openMailbox,
  receiver,
  send,
  TIMERS_STREAM,
  takeMany,
  textsOf,
  until,
} from "./MailboxFixture.ts"
import {
  admin,
  bytes,
  eventually,
  freshServer,
  NAMESPACE,
  order,
  run,
  SHARD_COUNT,
  startServer,
} from "./NatsFixture.ts"

const here = order("a")
const elsewhere = Array.from({ length: 100 }, (_, index) => order(`b${index}`)).find(
  ({ shard }) => shard !== here.shard,
) as typeof here

const FAR_MS = 3_600_000

const schedule = (mailbox: MailboxService, slot: string, atMs: number, id = slot) =>
  mailbox.schedule({ address: here, slot, id, atMs, data: bytes(id) })

const countOf = (server: { readonly url: string }, stream: string) =>
  Effect.map(
    admin(server, `STREAM.INFO.${stream}`),
    (info) => (info["state"] as { messages: number }).messages,
  )

const untilCount = (server: { readonly url: string }, stream: string, count: number) =>
  eventually(
    Effect.flatMap(countOf(server, stream), (found) =>
      found === count ? Effect.void : Effect.fail(`${stream} has ${found}`),
    ),
  )

/** Waits in the stream of timers from the beginning: a sentinel of each shard. */
const SENTINEL_COUNT = SHARD_COUNT

/** What waits in a slot of today's mailbox: its text and its time. */
const inSlot = (server: { readonly url: string }, slot: string) =>
  Effect.map(
    admin(server, `STREAM.MSG.GET.${TIMERS_STREAM}`, {
      last_by_subj: `${NAMESPACE}.tmr.${here.shard}.${here.type}.${here.token}.${slot}`,
    }),
    (reply) => {
      const { data, hdrs } = (reply["message"] ?? {}) as { data?: string; hdrs?: string }
      const at = /Nats-Schedule: @at (\S+)/.exec(Buffer.from(hdrs ?? "", "base64").toString())?.[1] ?? ""
      return { id: Buffer.from(data ?? "", "base64").toString(), atMs: Date.parse(at) }
    },
  )

describe("a mailbox of the first release", () => {
  it("is handed out before anything newer, and its timers are moved and ring once", () =>
    run(
      Effect.gen(function* () {
        const { server, old } = yield* firstRelease
        const nowMs = yield* Clock.currentTimeMillis
        yield* Effect.promise(async () => {
          for (let number = 0; number < 300; number++) await old.send(here, `old ${number}`)
          await old.schedule(here, "soon", nowMs + 3_000)
          await old.schedule(here, "far", nowMs + FAR_MS)
        })
        const { mailbox } = yield* openMailbox(server)
        for (let number = 0; number < 3; number++) yield* send(mailbox, here, `new ${number}`)
        yield* untilCount(server, LEGACY_STREAM, 300)
        expect((yield* inSlot(server, "far")).atMs).toBe(nowMs + FAR_MS)
        const take = yield* receiver(mailbox, here.shard)
        const taken = yield* takeMany(take, 304)
        const texts = textsOf(taken)
        expect(texts.slice(0, 300)).toEqual(texts.slice(0, 300).map((_, index) => `old ${index}`))
        const [news, timers] = [
          texts.filter((id) => id.startsWith("new")),
          texts.filter((id) => id === "soon"),
        ]
        expect(news).toEqual(["new 0", "new 1", "new 2"])
        expect(timers).toEqual(["soon"])
        const sequences = taken.filter((_, index) => texts[index] !== "soon").map(({ sequence }) => sequence)
        expect(sequences).toEqual([...sequences].sort((left, right) => left - right))
        yield* Effect.forEach(taken, ({ ack }) => ack)
        yield* untilCount(server, LEGACY_STREAM, 0)
        yield* untilCount(server, MESSAGES_STREAM, 0)
        expect(yield* Effect.flip(Effect.timeout(take, 500))).toBeDefined()
      }),
    ))

  it("has its timers moved once the right to look at its receivers is there", () =>
    run(
      Effect.gen(function* () {
        const { server, old } = yield* firstRelease
        const atMs = (yield* Clock.currentTimeMillis) + FAR_MS
        yield* Effect.promise(() => old.schedule(here, "far", atMs))
        const context = yield* Layer.build(NatsConnection.layer({ servers: server.url }))
        const connection = Context.get(context, NatsConnection)
        yield* openMailboxStreams(connection, { namespace: NAMESPACE, shards: SHARD_COUNT })
        const found = yield* findMailboxLegacy(connection, NAMESPACE)
        let [isDenied, askedCount] = [true, 0]
        const state = Effect.suspend(() =>
          isDenied && ++askedCount
            ? Effect.fail(mailboxNotPermitted("CONSUMER.LIST", "denied"))
            : Effect.succeed("ours" as const),
        )
        yield* moveSchedules(connection, { ...(found as MailboxLegacy), state }, NAMESPACE, 50)
        yield* until(() => askedCount > 4)
        expect(yield* countOf(server, LEGACY_STREAM)).toBe(1)
        isDenied = false
        yield* untilCount(server, LEGACY_STREAM, 0)
        expect((yield* inSlot(server, "far")).atMs).toBe(atMs)
      }),
    ))

  it("keeps a slot as it was scheduled last, and lets a timer of the first release be cancelled", () =>
    run(
      Effect.gen(function* () {
        const { server, old } = yield* firstRelease
        const atMs = (yield* Clock.currentTimeMillis) + FAR_MS
        const receiving = yield* Effect.promise(() => old.receive(elsewhere.shard))
        const { mailbox } = yield* openMailbox(server)
        yield* Effect.promise(async () => {
          await old.schedule(here, "replaced", atMs, "before")
          await old.schedule(here, "cancelled", atMs)
          await old.schedule(here, "kept", atMs)
        })
        yield* schedule(mailbox, "replaced", atMs + 1_000, "after")
        yield* mailbox.unschedule(here, "cancelled")
        yield* Effect.promise(receiving.stop)
        yield* receiver(mailbox, elsewhere.shard)
        yield* untilCount(server, LEGACY_STREAM, 0)
        expect(yield* inSlot(server, "replaced")).toEqual({ id: "after", atMs: atMs + 1_000 })
        expect(yield* inSlot(server, "kept")).toEqual({ id: "kept", atMs })
        expect((yield* inSlot(server, "cancelled")).id).toBe("")
      }),
    ))

  it("takes everything as long as a node of that release may have a shard, and nothing after that", () =>
    run(
      Effect.gen(function* () {
        const { server, old } = yield* firstRelease
        const receiving = yield* Effect.promise(() => old.receive(here.shard))
        const { mailbox } = yield* openMailbox(server)
        yield* Effect.promise(() => old.schedule(here, "stays", Date.now() + FAR_MS))
        const takeElsewhere = yield* receiver(mailbox, elsewhere.shard)
        yield* send(mailbox, here, "to the old one")
        yield* send(mailbox, elsewhere, "to a new one")
        yield* schedule(mailbox, "soon", (yield* Clock.currentTimeMillis) + 300)
        yield* schedule(mailbox, "past", 0)
        expect(textsOf(yield* takeMany(takeElsewhere, 1))).toEqual(["to a new one"])
        yield* until(() => receiving.texts.length === 3)
        expect([...receiving.texts].sort()).toEqual(["past", "soon", "to the old one"])
        // The shard has no receiver for a moment: the next one may be of either release.
        yield* Effect.promise(receiving.stop)
        yield* send(mailbox, here, "between them")
        expect(yield* countOf(server, MESSAGES_STREAM)).toBe(0)
        expect(yield* countOf(server, TIMERS_STREAM)).toBe(SENTINEL_COUNT)
        const take = yield* receiver(mailbox, here.shard)
        yield* untilCount(server, TIMERS_STREAM, SENTINEL_COUNT + 1)
        yield* send(mailbox, here, "after it")
        expect(yield* countOf(server, MESSAGES_STREAM)).toBe(1)
        expect(textsOf(yield* takeMany(take, 2))).toEqual(["between them", "after it"])
      }),
    ))

  it("is left for good where the server does not open it any more, or it was deleted", () =>
    run(
      Effect.gen(function* () {
        const { server } = yield* firstRelease
        const { mailbox } = yield* openMailbox(server)
        const take = yield* receiver(mailbox, here.shard)
        yield* send(mailbox, here, "before")
        expect(textsOf(yield* takeMany(take, 1))).toEqual(["before"])
        yield* admin(server, `STREAM.DELETE.${LEGACY_STREAM}`)
        yield* eventually(send(mailbox, here, "after"))
        expect(textsOf(yield* takeMany(take, 1))).toEqual(["after"])
        const again = yield* receiver(mailbox, elsewhere.shard)
        yield* send(mailbox, elsewhere, "elsewhere")
        expect(textsOf(yield* takeMany(again, 1))).toEqual(["elsewhere"])
        expect((yield* mailbox.backlog).map(({ count }) => count).sort()).toEqual([1, 2])
      }),
    ))
})

/** The server that the environment names, if it is one of those that refuse the first release's stream. */
const newer = await findNatsBinary(process.env, () => undefined)
const [major = 0, minor = 0] = newer.version.split(".").map(Number)

describe.skipIf(major === 2 && minor < 15)(
  "a server that is upgraded in place (NATS_SERVER_BIN: 2.15 or newer)",
  () => {
    it("keeps messages and timers after the release was upgraded first", () =>
      run(
        Effect.gen(function* () {
          const { server, folder, old } = yield* firstRelease
          const atMs = (yield* Clock.currentTimeMillis) + 10_000
          yield* Effect.promise(async () => {
            await old.schedule(here, "timer", atMs)
            await old.send(here, "message")
          })
          yield* Effect.scoped(
            Effect.gen(function* () {
              const { mailbox } = yield* openMailbox(server)
              const take = yield* receiver(mailbox, here.shard)
              for (const { ack } of yield* takeMany(take, 1)) yield* ack
              yield* send(mailbox, here, "not acknowledged")
              yield* untilCount(server, LEGACY_STREAM, 0)
            }),
          )
          yield* Effect.promise(() => server.stop())
          const upgraded = yield* startServer({ folder })
          const { mailbox, connection } = yield* openMailbox(upgraded)
          expect(connection.client.info?.version).toBe(newer.version)
          const take = yield* receiver(mailbox, here.shard)
          expect(textsOf(yield* takeMany(take, 2))).toEqual(["not acknowledged", "timer"])
          expect(yield* Clock.currentTimeMillis).toBeGreaterThanOrEqual(atMs)
        }),
      ))
  },
)

describe("FAULT 70: a stream of another kind under the name of the first release's mailbox", () => {
  it("is left alone, though somebody receives from it", () =>
    run(
      Effect.gen(function* () {
        const server = yield* freshServer()
        yield* admin(server, `STREAM.CREATE.${LEGACY_STREAM}`, { name: LEGACY_STREAM, subjects: ["other"] })
        const config = { durable_name: "reader", ack_policy: "explicit" }
        const made = { stream_name: LEGACY_STREAM, config }
        yield* admin(server, `CONSUMER.DURABLE.CREATE.${LEGACY_STREAM}.reader`, made)
        const { mailbox, connection } = yield* openMailbox(server)
        connection.client.publish(
          `$JS.API.CONSUMER.MSG.NEXT.${LEGACY_STREAM}.reader`,
          bytes(JSON.stringify({ batch: 1, expires: 60_000_000_000 })),
          { reply: "pulled" },
        )
        const take = yield* receiver(mailbox, here.shard)
        yield* send(mailbox, here, "sent")
        expect(textsOf(yield* takeMany(take, 1))).toEqual(["sent"])
        const { consumer_count: consumerCount } = (yield* admin(server, `STREAM.INFO.${LEGACY_STREAM}`))[
          "state"
        ] as { consumer_count: number }
        expect(consumerCount).toBe(1)
      }),
    ))
})

/** FAULT 67: a stream or bucket that is needed and does not work is named, within seconds, and only while it does not. */
import { Context, Effect, Exit, Layer, Logger, type Scope } from "effect"
import { expect, it } from "vitest"
import { NatsConnection } from "../../../infra/nats/connection/NatsConnection.ts"
import { JournalNats } from "../../../infra/nats/journal/JournalNats.ts"
import { LeasesNats } from "../../../infra/nats/leases/LeasesNats.ts"
import { MailboxNats } from "../../../infra/nats/mailbox/MailboxNats.ts"
import { CheckpointsNats } from "../../../infra/nats/stores/CheckpointsNats.ts"
import { DeadLettersNats } from "../../../infra/nats/stores/DeadLettersNats.ts"
import { EventPublisherNats } from "../../../infra/nats/stores/EventPublisherNats.ts"
import { neededStores } from "../../../infra/nats/stores/NeededStores.ts"
import { StoreWatch } from "../../../infra/nats/stores/StoreWatch.ts"
import { Checkpoints } from "../../../runtime/checkpoint/Checkpoints.ts"
import { Health, type HealthProblem, problemsOf } from "../../../runtime/health/Health.ts"
import { Journal } from "../../../runtime/journal/Journal.ts"
import { Mailbox } from "../../../runtime/mailbox/Mailbox.ts"
import { receiver, send, textsOf } from "./MailboxFixture.ts"
import { admin, bytes, edit, eventually, freshServer, NAMESPACE, order, SHARD_COUNT } from "./NatsFixture.ts"
import { RegisterMemory } from "./RegisterMemory.ts"

/** Everything that a node opens on NATS, and the watch over it; `log` has what it said. */
const openAll = (server: { readonly url: string }, bytesMax?: number) =>
  Effect.gen(function* () {
    const log: Array<string> = []
    const options = { namespace: NAMESPACE, shards: SHARD_COUNT }
    const journal = JournalNats.layer({ ...options, ...(bytesMax === undefined ? {} : { bytesMax }) })
    const stores = Layer.mergeAll(
      journal,
      MailboxNats.layer(options),
      CheckpointsNats.layer(options),
      DeadLettersNats.layer(options),
      EventPublisherNats.layer(options),
      LeasesNats.layer(options),
    )
    const watched = Layer.provideMerge(StoreWatch.layer(neededStores(NAMESPACE)), stores).pipe(
      Layer.provideMerge(NatsConnection.layer({ servers: server.url })),
      Layer.provide(new RegisterMemory().layer),
      Layer.provide(
        Logger.layer([
          Logger.make(({ logLevel, message }) => void log.push(`${logLevel} ${String(message)}`)),
        ]),
      ),
    )
    const context = yield* Layer.build(watched)
    const health = Context.get(context, Health)
    return {
      health,
      log,
      journal: Context.get(context, Journal),
      mailbox: Context.get(context, Mailbox),
      checkpoints: Context.get(context, Checkpoints),
      /** Waits, without asking for a look, until the problems are these. */
      untilSeen: (wanted: ReadonlyArray<Partial<HealthProblem>>) =>
        eventually(Effect.try(() => expect(problemsOf(health.needed())).toMatchObject(wanted))),
    }
  })

const run = (program: Effect.Effect<void, unknown, Scope.Scope>): Promise<void> =>
  Effect.runPromise(Effect.scoped(program))

const healthLines = (log: ReadonlyArray<string>) => log.filter((line) => line.includes("Health:"))

it("every store of the list is there after a start, and none has a problem", () =>
  run(
    Effect.gen(function* () {
      const { health } = yield* openAll(yield* freshServer())
      yield* health.check
      expect(health.needed().map(({ name }) => name)).toEqual([
        "NATS",
        "fault-journal",
        "fault-messages",
        "fault-timers",
        "fault-events",
        "fault-deadletters",
        "KV_fault-checkpoints",
        "KV_fault-cluster",
      ])
    }),
  ))

it("every store that is missing is named, told of once, not made anew, and told of again when it is back", () =>
  run(
    Effect.gen(function* () {
      const server = yield* freshServer()
      const { health, log, untilSeen } = yield* openAll(server)
      const stores = neededStores(NAMESPACE)
      const missing = stores.map(({ name, kind }) => ({ name, kind, reason: "Missing" }) as const)
      const configs = yield* Effect.forEach(stores, ({ name }) =>
        Effect.map(admin(server, `STREAM.INFO.${name}`), ({ config }) => config),
      )
      yield* Effect.forEach(stores, ({ name }) => admin(server, `STREAM.DELETE.${name}`))
      yield* untilSeen(missing)

      const { message, problems } = yield* Effect.flip(health.check)
      expect(problems).toMatchObject(missing)
      for (const { name, kind, hint } of problems) {
        expect(message).toContain(`${kind} ${name} is missing`)
        expect(hint).toMatch(name.endsWith("journal") ? /Restore it from a backup/ : /prepare/i)
        expect(yield* admin(server, `STREAM.INFO.${name}`)).toMatchObject({ error: { err_code: 10059 } })
      }
      yield* Effect.forEach(stores, ({ name }, index) =>
        admin(server, `STREAM.CREATE.${name}`, configs[index]),
      )
      yield* untilSeen([])
      yield* health.check
      for (const { name } of stores) {
        const told = healthLines(log).filter((line) => line.includes(` ${name} is missing`))
        expect(told.map((line) => line.replace(/:.*/s, ""))).toEqual(["Error Health", "Info Health"])
      }
    }),
  ))

it("receivers go on with what is sent once a mailbox is back that was lost under them", () =>
  run(
    Effect.gen(function* () {
      const server = yield* freshServer()
      const { mailbox, untilSeen } = yield* openAll(server)
      const actor = order("a")
      const take = yield* receiver(mailbox, actor.shard)
      yield* send(mailbox, actor, "before")
      const [before] = [yield* take]
      yield* before.ack
      const { config } = (yield* admin(server, "STREAM.INFO.fault-messages")) as { readonly config?: object }
      yield* admin(server, "STREAM.DELETE.fault-messages")
      yield* untilSeen([{ name: "fault-messages", reason: "Missing" }])
      expect(Exit.isFailure(yield* Effect.exit(send(mailbox, actor, "meanwhile")))).toBe(true)
      yield* admin(server, "STREAM.CREATE.fault-messages", config)
      yield* untilSeen([])
      yield* eventually(send(mailbox, actor, "after"))
      expect(textsOf([yield* take])).toEqual(["after"])
    }),
  ))

it("FAULT 28: a consumer that was deleted is made anew", () =>
  run(
    Effect.gen(function* () {
      const server = yield* freshServer()
      const { health, mailbox } = yield* openAll(server)
      const actor = order("a")
      const take = yield* receiver(mailbox, actor.shard)
      yield* send(mailbox, actor, "before")
      yield* (yield* take).ack
      yield* admin(server, `CONSUMER.DELETE.fault-messages.shard-${actor.shard}`)
      yield* send(mailbox, actor, "after")
      expect(textsOf([yield* take])).toEqual(["after"])
      yield* health.check
    }),
  ))

it("consumers that cannot be made are named", () =>
  run(
    Effect.gen(function* () {
      const server = yield* freshServer()
      const { mailbox, untilSeen } = yield* openAll(server)
      // One consumer, which is somebody else's.
      yield* edit(server, "fault-messages", { max_consumers: 1 })
      const filter = { filter_subject: `${NAMESPACE}.msg.7.*.*`, ack_policy: "explicit" }
      yield* admin(server, "CONSUMER.CREATE.fault-messages.foreign", {
        stream_name: "fault-messages",
        config: { name: "foreign", durable_name: "foreign", ...filter },
        action: "create",
      })
      const take = yield* receiver(mailbox, 3)
      yield* untilSeen([
        {
          name: "fault-messages",
          kind: "consumers",
          reason: "Missing",
          detail: expect.stringMatching("shard-3"),
        },
      ])
      yield* admin(server, "CONSUMER.DELETE.fault-messages.foreign")
      yield* untilSeen([])
      yield* Effect.forkScoped(take)
    }),
  ))

it("FAULT 24: a journal at its limit is full, and is not any more once the limit is raised", () =>
  run(
    Effect.gen(function* () {
      const server = yield* freshServer()
      const { health, journal, untilSeen } = yield* openAll(server, 20_000)
      let sequence = 0
      const append = Effect.tap(
        Effect.suspend(() => journal.append(order("a"), sequence, bytes("x".repeat(3_000)))),
        (stored) =>
          Effect.sync(() => {
            sequence = stored
          }),
      )
      const refusal = yield* Effect.flip(Effect.forever(append))
      expect(refusal).toMatchObject({ _tag: "JournalRefused", reason: "Full" })
      const unhealthy = yield* Effect.flip(health.check)
      expect(unhealthy.problems).toMatchObject([{ name: "fault-journal", kind: "stream", reason: "Full" }])
      expect(unhealthy.hint).toContain("max_bytes")
      yield* untilSeen([{ name: "fault-journal", reason: "Full" }])
      yield* edit(server, "fault-journal", { max_bytes: 1_000_000 })
      yield* append
      yield* health.check
    }),
  ))

it("a server that is away is named alone, and nothing else while it is", () =>
  run(
    Effect.gen(function* () {
      const server = yield* freshServer()
      const { health, log, untilSeen } = yield* openAll(server)
      yield* Effect.promise(() => server.kill())
      yield* untilSeen([{ name: "NATS", kind: "server", reason: "Unreachable" }])
      expect((yield* Effect.flip(health.check)).problems).toHaveLength(1)
      yield* Effect.promise(() => server.restart())
      yield* untilSeen([])
      expect(healthLines(log)).toHaveLength(2)
    }),
  ))

import { Context, Effect, Layer, References, type Scope, Stream } from "effect"
import { describe, expect, it, test } from "vitest"
import { NatsConnection, type NatsConnectionOptions } from "../../infra/nats/connection/NatsConnection.ts"
import { LeasesNats, type LeasesNatsOptions } from "../../infra/nats/leases/LeasesNats.ts"
import { Leases, type LeasesService } from "../../runtime/cluster/Leases.ts"
import { eventually, leasesContract } from "../../runtime/contract/LeasesContract.ts"
import { natsForFile } from "./NatsForFile.ts"

/** What a user called `app` may not do, in the order in which it is tried. */
const denied = ["$KV.written-cluster.>", "$JS.API.STREAM.MSG.GET.>", "$JS.API.DIRECT.GET.>"]
const authorization = {
  users: [
    { user: "admin", password: "admin" },
    {
      user: "app",
      password: "app",
      permissions: { publish: { deny: denied }, subscribe: { allow: ["_INBOX.>"] } },
    },
  ],
}
const admin = { user: "admin", pass: "admin" }
const app = { user: "app", pass: "app" }

const nats = natsForFile({ extraConfig: { authorization } })

/** Leases on a connection of their own. */
const openOne = (
  options: LeasesNatsOptions,
  user: Partial<NatsConnectionOptions> = admin,
): Effect.Effect<LeasesService, unknown, Scope.Scope> =>
  Effect.map(
    Layer.build(
      LeasesNats.layer(options).pipe(
        Layer.provide(NatsConnection.layer({ servers: nats.server.url, ...user })),
      ),
    ),
    (context) => Context.get(context, Leases),
  )

leasesContract(
  { describe, test },
  {
    name: "JetStream",
    open: () => {
      const namespace = nats.freshNamespace()
      return Effect.all({ one: openOne({ namespace }), other: openOne({ namespace }) })
    },
  },
)

const run = (program: Effect.Effect<void, unknown, Scope.Scope>): Promise<void> =>
  Effect.runPromise(Effect.provideService(Effect.scoped(program), References.MinimumLogLevel, "Fatal"))

it("lists more records than one look-up of last messages may name", () =>
  run(
    Effect.gen(function* () {
      const leases = yield* openOne({ namespace: nats.freshNamespace() })
      const keys = Array.from({ length: 3_000 }, (_, index) => `slot.${index}`)
      yield* Effect.forEach(keys, (key) => leases.write(key, key, 0), { concurrency: 100, discard: true })
      expect(new Set((yield* leases.all).map(({ value }) => value))).toEqual(new Set(keys))
    }),
  ))

it("FAULT 71: lists every record, and takes writes, with 20,000 that somebody else has put there", () =>
  run(
    Effect.gen(function* () {
      const namespace = nats.freshNamespace()
      const leases = yield* openOne({ namespace })
      yield* leases.write("slot.1", "mine", 0)
      const { client } = yield* NatsConnection.pipe(
        Effect.provide(yield* Layer.build(NatsConnection.layer({ servers: nats.server.url, ...admin }))),
      )
      for (let index = 0; index < 20_000; index++) {
        client.publish(`$KV.${namespace}-cluster.junk.${index}`, "{}")
      }
      yield* Effect.promise(() => client.flush())
      yield* leases.write("slot.2", "mine", 0)
      yield* eventually(
        Effect.map(leases.all, (records) => {
          expect(records).toHaveLength(20_002)
          expect(records.at(-1)).toMatchObject({ key: "slot.2", value: "mine" })
        }),
      )
      const [junk] = (yield* leases.all).filter(({ key }) => key === "junk.7")
      yield* leases.remove("junk.7", junk?.revision ?? 0, 1_000)
      yield* eventually(Effect.map(leases.all, (records) => expect(records).toHaveLength(20_001)))
    }),
  ))

it("forgets a removed record after its time, and lets it be written as a new one", () =>
  run(
    Effect.gen(function* () {
      const leases = yield* openOne({ namespace: nats.freshNamespace(), removedKeptMs: 1_000 })
      yield* leases.remove("slot.1", yield* leases.write("slot.1", "mine", 0))
      expect(yield* leases.all).toHaveLength(1)
      yield* eventually(Effect.map(leases.all, (records) => expect(records).toEqual([])))
      yield* leases.write("slot.1", "yours", 0)
    }),
  ))

it("lists all others, and lets it be written over, where somebody has put what is no JSON", () =>
  run(
    Effect.gen(function* () {
      const namespace = nats.freshNamespace()
      const leases = yield* openOne({ namespace })
      yield* leases.write("slot.1", "mine", 0)
      const connection = yield* NatsConnection.pipe(
        Effect.provide(yield* Layer.build(NatsConnection.layer({ servers: nats.server.url, ...admin }))),
      )
      connection.client.publish(`$KV.${namespace}-cluster.pin.shard.3`, "node-a")
      yield* Effect.promise(() => connection.client.flush())
      yield* eventually(
        Effect.map(leases.all, (records) =>
          expect(records).toMatchObject([
            { key: "slot.1", value: "mine" },
            { key: "pin.shard.3", value: null },
          ]),
        ),
      )
      const found = yield* leases.get("pin.shard.3")
      expect(found?.value).toBeNull()
      yield* leases.write("pin.shard.3", "n-1", found?.revision ?? 0)
    }),
  ))

it("is there again, empty, after somebody has deleted it", () =>
  run(
    Effect.gen(function* () {
      const namespace = nats.freshNamespace()
      const leases = yield* openOne({ namespace })
      yield* leases.write("slot.1", "mine", 0)
      const { requests } = yield* NatsConnection.pipe(
        Effect.provide(yield* Layer.build(NatsConnection.layer({ servers: nats.server.url, ...admin }))),
      )
      yield* requests.request(`$JS.API.STREAM.DELETE.KV_${namespace}-cluster`, new Uint8Array(), {
        timeoutMs: 5_000,
      })
      yield* eventually(Effect.asVoid(leases.write("slot.1", "mine", 0)))
      yield* eventually(Effect.map(leases.all, (records) => expect(records).toHaveLength(1)))
    }),
  ))

describe("FAULT 35: leases without the rights", () => {
  const refusal = { _tag: "LeasesUnavailable", reason: "NotPermitted" }

  it("refuse reads and writes as NotPermitted, typed and at once, and hint at nothing", () =>
    run(
      Effect.gen(function* () {
        yield* openOne({ namespace: "written" })
        const leases = yield* openOne({ namespace: "written" }, app)
        expect(yield* Effect.flip(leases.write("slot.1", "mine", 0))).toMatchObject(refusal)
        expect(yield* Effect.flip(leases.remove("slot.1", 1))).toMatchObject(refusal)
        expect(yield* Effect.flip(leases.get("slot.1"))).toMatchObject(refusal)
        expect(yield* Effect.flip(leases.all)).toMatchObject(refusal)
        yield* Effect.forkScoped(Stream.runDrain(leases.changes))
      }),
    ))
})

it("FAULT 34: hints go on, and so do reads and writes, when the server was restarted", () =>
  run(
    Effect.gen(function* () {
      const leases = yield* openOne({ namespace: nats.freshNamespace() })
      const heard: Array<string> = []
      yield* Effect.forkScoped(
        Stream.runForEach(leases.changes, ({ key }) =>
          Effect.sync(() => {
            heard.push(key)
          }),
        ),
      )
      const first = yield* leases.write("slot.1", "before", 0)
      yield* Effect.promise(() => nats.server.kill())
      yield* eventually(
        Effect.map(Effect.flip(leases.all), ({ reason }) => expect(reason).toBe("Disconnected")),
      )
      yield* Effect.promise(() => nats.server.restart())
      yield* eventually(Effect.asVoid(leases.get("slot.1")))
      expect(yield* leases.get("slot.1")).toEqual({ key: "slot.1", revision: first, value: "before" })
      heard.length = 0
      let revision = first
      // Hints that come before the connection has subscribed again are lost.
      yield* eventually(
        Effect.gen(function* () {
          revision = yield* leases.write("slot.1", "after", revision)
          expect(heard).toContain("slot.1")
        }),
      )
    }),
  ))

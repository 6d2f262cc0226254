import { Context, Effect, Layer } from "effect"
import { describe, expect, it, test } from "vitest"
import { NatsConnection, type NatsConnectionService } from "../../infra/nats/connection/NatsConnection.ts"
import { LeasesNats } from "../../infra/nats/leases/LeasesNats.ts"
import { Leases } from "../../runtime/cluster/Leases.ts"
import { eventually, leasesContract } from "../../runtime/contract/LeasesContract.ts"
import { natsClusterForFile } from "./NatsForFile.ts"

const nats = natsClusterForFile()

const connectTo = (servers: ReadonlyArray<string>) =>
  Effect.map(Layer.build(NatsConnection.layer({ servers })), (context) =>
    Context.get(context, NatsConnection),
  )

const openOn = (connection: NatsConnectionService, namespace: string) =>
  Effect.map(
    Layer.build(
      LeasesNats.layer({ namespace }).pipe(Layer.provide(Layer.succeed(NatsConnection, connection))),
    ),
    (context) => Context.get(context, Leases),
  )

/** Index of the server that leads the stream. */
const leaderOf = ({ requests }: NatsConnectionService, stream: string) =>
  Effect.map(
    requests.request(`$JS.API.STREAM.INFO.${stream}`, new Uint8Array(), { timeoutMs: 5_000 }),
    (reply) => Number(reply.json<{ cluster: { leader: string } }>().cluster.leader.slice(1)) - 1,
  )

it("FAULT 16: are listed at once, and written again some seconds later, when their leader is killed", () =>
  Effect.runPromise(
    Effect.scoped(
      Effect.gen(function* () {
        const connection = yield* connectTo(nats.server.urls)
        const leases = yield* openOn(connection, "leaders")
        yield* leases.write("slot.1", "before", 0)
        const leader = nats.server.servers[yield* leaderOf(connection, "KV_leaders-cluster")]
        yield* Effect.promise(async () => leader?.kill())
        yield* eventually(
          Effect.map(leases.all, (records) => expect(records).toMatchObject([{ value: "before" }])),
        )
        // What was unknown may have happened: read, then write again.
        yield* eventually(
          Effect.gen(function* () {
            const found = yield* leases.get("slot.1")
            yield* leases.write("slot.1", "after", found?.revision ?? 0)
          }),
        )
        expect((yield* leases.get("slot.1"))?.value).toBe("after")
        yield* Effect.promise(async () => leader?.restart())
        yield* Effect.promise(() => nats.server.whenReady())
      }),
    ),
  ))

leasesContract(
  { describe, test },
  {
    name: "three-server JetStream",
    open: () => {
      const namespace = nats.freshNamespace()
      // Each member on another server.
      const member = (index: number) =>
        Effect.flatMap(connectTo(nats.server.urls.slice(index, index + 1)), (connection) =>
          openOn(connection, namespace),
        )
      return Effect.all({ one: member(0), other: member(1) })
    },
  },
)

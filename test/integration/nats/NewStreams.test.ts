/** A stream that was just created on three servers: it is asked until it answers, and keeps nothing of being asked. */
import { connect } from "@nats-io/transport-node"
import { Effect, Layer } from "effect"
import { expect, it } from "vitest"
import { type NatsServer, startNatsCluster } from "../../../infra/embedded.ts"
import { NatsConnection } from "../../../infra/nats/connection/NatsConnection.ts"
import { LeasesNats } from "../../../infra/nats/leases/LeasesNats.ts"
import { CheckpointsNats } from "../../../infra/nats/stores/CheckpointsNats.ts"
import { DeadLettersNats } from "../../../infra/nats/stores/DeadLettersNats.ts"
import { EventPublisherNats } from "../../../infra/nats/stores/EventPublisherNats.ts"
import { admin, bytes, eventually, freshFolder, NAMESPACE, openJournal, order, run } from "./NatsFixture.ts"

/** The server's code for a message that expects another stream. */
const OTHER_STREAM_CODE = 10060

const freshCluster = Effect.flatMap(freshFolder, (folder) =>
  Effect.acquireRelease(
    Effect.promise(() => startNatsCluster({ folder, syncAlways: false })),
    (cluster) => Effect.promise(() => cluster.stop()),
  ),
)

/** Hears what is published on a server: subjects that were asked for, and what was replied. */
const listen = (login: NatsServer["login"]) =>
  Effect.acquireRelease(
    Effect.promise(async () => {
      const client = await connect(login)
      /** Reply subject → subject of the probe. */
      const probes = new Map<string, string>()
      /** Subjects whose stream refused a probe, so that it answers. */
      const answered = new Set<string>()
      client.subscribe(">", {
        callback: (_, { subject, reply, headers, data }) => {
          if (headers?.get("Nats-Expected-Stream") && reply) probes.set(reply, subject)
          const probe = probes.get(subject)
          if (probe !== undefined && new TextDecoder().decode(data).includes(String(OTHER_STREAM_CODE)))
            answered.add(probe)
        },
      })
      await client.flush()
      return { answered, probes, client }
    }),
    ({ client }) => Effect.promise(() => client.close()),
  )

it("every new stream of a system answers its creator before it is used, and stores nothing of the question", () =>
  run(
    Effect.gen(function* () {
      const { servers } = yield* freshCluster
      for (const [index, server] of servers.entries()) {
        const namespace = `${NAMESPACE}${index}`
        const heard = yield* listen(server.login)
        const { journal } = yield* openJournal(server, undefined, { namespace, streams: 2 })
        const stores = [
          CheckpointsNats.layer({ namespace }),
          DeadLettersNats.layer({ namespace }),
          EventPublisherNats.layer({ namespace }),
          LeasesNats.layer({ namespace }),
        ] as const
        const connection = NatsConnection.layer({ servers: server.url })
        yield* Layer.build(Layer.provide(Layer.mergeAll(...stores), connection))

        yield* eventually(
          Effect.suspend(() => (heard.answered.size < 6 ? Effect.fail("not all answered") : Effect.void)),
        )
        const created = (subject: string) => `${namespace}.${subject}`
        expect([...heard.answered].sort()).toEqual(
          [
            `$KV.${namespace}-checkpoints.created`,
            `$KV.${namespace}-cluster.created`,
            created("dlq.created"),
            created("evt.0.created.created"),
            created("evt.1.created.created"),
            created("int.created"),
          ].sort(),
        )
        const { streams } = (yield* admin(server, "STREAM.LIST")) as unknown as {
          streams: Array<{ config: { name: string }; state: { messages: number; last_seq: number } }>
        }
        const own = streams.filter(({ config }) => config.name.includes(namespace))
        expect(own).toHaveLength(6)
        expect(own.map(({ state }) => state.last_seq)).toEqual([0, 0, 0, 0, 0, 0])
        // The first append on any server is stored: no server is left that does not know the stream.
        expect(yield* journal.append(order("a"), 0, bytes("one"))).toBeGreaterThan(0)
      }
    }),
  ))

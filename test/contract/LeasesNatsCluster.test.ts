import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Context, Effect, Layer } from "effect"
import { afterAll, beforeAll, expect, it } from "vitest"
import { type NatsCluster, startNatsCluster } from "../../infra/embedded.ts"
import { LeasesNats } from "../../infra/nats/LeasesNats.ts"
import { NatsConnection } from "../../infra/nats/NatsConnection.ts"
import { Leases } from "../../runtime/cluster/Leases.ts"
import { eventually, leasesContract } from "./Leases.contract.ts"

let folder: string
let cluster: NatsCluster
let storeCount = 0

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "everstate-contract-"))
  cluster = await startNatsCluster({ folder, syncAlways: false })
})

afterAll(async () => {
  await cluster.stop()
  await rm(folder, { recursive: true, force: true })
})

/** Each member on another server. */
const openOn = (index: number, namespace: string) =>
  Effect.map(
    Layer.build(
      LeasesNats.layer({ namespace }).pipe(
        Layer.provide(NatsConnection.layer({ servers: cluster.urls[index] ?? "" })),
      ),
    ),
    (context) => Context.get(context, Leases),
  )

it("FAULT 16: are written and listed again soon after any server is killed", () =>
  Effect.runPromise(
    Effect.scoped(
      Effect.gen(function* () {
        const one = yield* openOn(0, "leaders")
        const other = yield* openOn(1, "leaders")
        for (const killed of [2, 1]) {
          yield* Effect.promise(() => cluster.servers[killed]?.kill() ?? Promise.resolve())
          // What was unknown may have happened: read, then write again.
          yield* eventually(
            Effect.gen(function* () {
              const found = yield* one.get("slot.1")
              yield* one.write("slot.1", killed, found?.revision ?? 0)
            }),
          )
          expect((yield* one.get("slot.1"))?.value).toBe(killed)
          yield* Effect.promise(() => cluster.servers[killed]?.restart() ?? Promise.resolve())
          yield* Effect.promise(() => cluster.whenReady())
          yield* eventually(
            Effect.map(other.all, (records) => {
              expect(records).toMatchObject([{ key: "slot.1", value: killed }])
            }),
          )
        }
      }),
    ),
  ))

leasesContract({
  name: "three-server JetStream",
  open: () => {
    const namespace = `contract${storeCount++}`
    return Effect.all({ one: openOn(0, namespace), other: openOn(1, namespace) })
  },
})

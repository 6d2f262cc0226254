import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Effect, Layer } from "effect"
import { afterAll, beforeAll } from "vitest"
import { type NatsServer, startNats } from "../../infra/embedded.ts"
import { NatsConnection } from "../../infra/nats/connection/NatsConnection.ts"
import { CheckpointsNats } from "../../infra/nats/stores/CheckpointsNats.ts"
import { checkpointsContract } from "./Checkpoints.contract.ts"

let folder: string
let server: NatsServer
let storeCount = 0

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "everstate-contract-"))
  server = await startNats({ folder, syncAlways: false })
})

afterAll(async () => {
  await server.stop()
  await rm(folder, { recursive: true, force: true })
})

checkpointsContract("JetStream", () =>
  Layer.unwrap(
    Effect.sync(() =>
      CheckpointsNats.layer({ namespace: `contract${storeCount++}` }).pipe(
        Layer.provide(NatsConnection.layer({ servers: server.url })),
      ),
    ),
  ),
)

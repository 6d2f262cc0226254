import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Effect, Layer } from "effect"
import { afterAll, beforeAll } from "vitest"
import { type NatsServer, startNats } from "../../infra/embedded.ts"
import { JournalNats } from "../../infra/nats/JournalNats.ts"
import { NatsConnection } from "../../infra/nats/NatsConnection.ts"
import { RegisterMemory } from "../integration/nats/RegisterMemory.ts"
import { CONTRACT_SHARD_COUNT, journalContract } from "./Journal.contract.ts"

let folder: string
let server: NatsServer
let journalCount = 0

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "everstate-contract-"))
  server = await startNats({ folder, syncAlways: false })
})

afterAll(async () => {
  await server.stop()
  await rm(folder, { recursive: true, force: true })
})

journalContract("JetStream", () =>
  Layer.unwrap(
    Effect.sync(() =>
      JournalNats.layer({ namespace: `contract${journalCount++}`, shards: CONTRACT_SHARD_COUNT }).pipe(
        Layer.provide(NatsConnection.layer({ servers: server.url })),
        Layer.provide(new RegisterMemory().layer),
      ),
    ),
  ),
)

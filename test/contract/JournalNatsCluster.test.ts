import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Effect, Layer } from "effect"
import { afterAll, beforeAll } from "vitest"
import { type NatsCluster, startNatsCluster } from "../../infra/embedded.ts"
import { NatsConnection } from "../../infra/nats/connection/NatsConnection.ts"
import { JournalNats } from "../../infra/nats/journal/JournalNats.ts"
import { RegisterMemory } from "../integration/nats/RegisterMemory.ts"
import { journalContract } from "./Journal.contract.ts"
import { CONTRACT_SHARD_COUNT } from "./JournalFact.ts"

let folder: string
let cluster: NatsCluster
let journalCount = 0

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "everstate-contract-"))
  cluster = await startNatsCluster({ folder, syncAlways: false })
})

afterAll(async () => {
  await cluster.stop()
  await rm(folder, { recursive: true, force: true })
})

journalContract("three-server JetStream", () =>
  Layer.unwrap(
    Effect.sync(() =>
      JournalNats.layer({ namespace: `contract${journalCount++}`, shards: CONTRACT_SHARD_COUNT }).pipe(
        Layer.provide(NatsConnection.layer({ servers: cluster.urls })),
        Layer.provide(new RegisterMemory().layer),
      ),
    ),
  ),
)

import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Effect, Layer } from "effect"
import { afterAll, beforeAll } from "vitest"
import { type NatsServer, startNats } from "../../infra/embedded.ts"
import { NatsConnection } from "../../infra/nats/connection/NatsConnection.ts"
import { JournalNats } from "../../infra/nats/journal/JournalNats.ts"
import { RegisterMemory } from "../integration/nats/RegisterMemory.ts"
import { journalContract } from "./Journal.contract.ts"
import { CONTRACT_SHARD_COUNT } from "./JournalFact.ts"

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

const layerOf = (streams: number) =>
  Layer.unwrap(
    Effect.sync(() =>
      JournalNats.layer({
        namespace: `contract${journalCount++}`,
        shards: CONTRACT_SHARD_COUNT,
        streams,
      }).pipe(
        Layer.provide(NatsConnection.layer({ servers: server.url })),
        Layer.provide(new RegisterMemory().layer),
      ),
    ),
  )

journalContract("JetStream", () => layerOf(1))
journalContract("two-stream JetStream", () => layerOf(2))

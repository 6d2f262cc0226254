import { Effect, Layer } from "effect"
import { NatsConnection } from "../../infra/nats/connection/NatsConnection.ts"
import { JournalNats } from "../../infra/nats/journal/JournalNats.ts"
import { CONTRACT_SHARD_COUNT } from "../../runtime/contract/ContractSuite.ts"
import { RegisterMemory } from "../integration/nats/RegisterMemory.ts"
import { natsClusterForFile } from "./NatsForFile.ts"
import { watchedJournalContract } from "./WatchedJournal.ts"

const nats = natsClusterForFile()

watchedJournalContract("three-server JetStream", () =>
  Layer.unwrap(
    Effect.sync(() =>
      JournalNats.layer({ namespace: nats.freshNamespace(), shards: CONTRACT_SHARD_COUNT }).pipe(
        Layer.provide(NatsConnection.layer({ servers: nats.server.urls })),
        Layer.provide(new RegisterMemory().layer),
      ),
    ),
  ),
)

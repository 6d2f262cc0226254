import { Effect, Layer } from "effect"
import { NatsConnection } from "../../infra/nats/connection/NatsConnection.ts"
import { JournalNats } from "../../infra/nats/journal/JournalNats.ts"
import { CONTRACT_SHARD_COUNT } from "../../runtime/contract/ContractSuite.ts"
import { RegisterMemory } from "../integration/nats/RegisterMemory.ts"
import { natsForFile } from "./NatsForFile.ts"
import { watchedJournalContract } from "./WatchedJournal.ts"

const nats = natsForFile()

const layerOf = (streams: number) =>
  Layer.unwrap(
    Effect.sync(() =>
      JournalNats.layer({
        namespace: nats.freshNamespace(),
        shards: CONTRACT_SHARD_COUNT,
        streams,
      }).pipe(
        Layer.provide(NatsConnection.layer({ servers: nats.server.url })),
        Layer.provide(new RegisterMemory().layer),
      ),
    ),
  )

watchedJournalContract("JetStream", () => layerOf(1))
watchedJournalContract("two-stream JetStream", () => layerOf(2))

import { Effect, Layer } from "effect"
import { describe, test } from "vitest"
import { NatsConnection } from "../../infra/nats/connection/NatsConnection.ts"
import { CheckpointsNats } from "../../infra/nats/stores/CheckpointsNats.ts"
import { checkpointsContract } from "../../runtime/contract/CheckpointsContract.ts"
import { natsForFile } from "./NatsForFile.ts"

const nats = natsForFile()

const layer = () =>
  Layer.unwrap(
    Effect.sync(() =>
      CheckpointsNats.layer({ namespace: nats.freshNamespace() }).pipe(
        Layer.provide(NatsConnection.layer({ servers: nats.server.url })),
      ),
    ),
  )

checkpointsContract({ describe, test }, { name: "JetStream", layer })

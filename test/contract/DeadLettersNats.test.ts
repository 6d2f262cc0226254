import { Effect, Layer } from "effect"
import { describe, test } from "vitest"
import { NatsConnection } from "../../infra/nats/connection/NatsConnection.ts"
import { DeadLettersNats } from "../../infra/nats/stores/DeadLettersNats.ts"
import { deadLettersContract } from "../../runtime/contract/DeadLettersContract.ts"
import { natsForFile } from "./NatsForFile.ts"

const nats = natsForFile()

const layer = () =>
  Layer.unwrap(
    Effect.sync(() =>
      DeadLettersNats.layer({ namespace: nats.freshNamespace() }).pipe(
        Layer.provide(NatsConnection.layer({ servers: nats.server.url })),
      ),
    ),
  )

deadLettersContract({ describe, test }, { name: "JetStream", layer })

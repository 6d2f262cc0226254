import { Effect, Layer } from "effect"
import { describe, test } from "vitest"
import { NatsConnection } from "../../infra/nats/connection/NatsConnection.ts"
import { MailboxNats } from "../../infra/nats/mailbox/MailboxNats.ts"
import { CONTRACT_SHARD_COUNT } from "../../runtime/contract/ContractSuite.ts"
import { mailboxContract } from "../../runtime/contract/MailboxContract.ts"
import { natsClusterForFile } from "./NatsForFile.ts"

const nats = natsClusterForFile()

/** Few enough to fill on three servers. */
const messagesPerActorMax = 2_000

const layer = (ofRedeliveryMs?: number) =>
  Layer.unwrap(
    Effect.sync(() =>
      MailboxNats.layer({
        namespace: nats.freshNamespace(),
        shards: CONTRACT_SHARD_COUNT,
        ...(ofRedeliveryMs === undefined ? {} : { redeliveryMs: ofRedeliveryMs }),
        messagesPerActorMax,
      }).pipe(Layer.provide(NatsConnection.layer({ servers: nats.server.urls }))),
    ),
  )

/** Short enough to wait for. */
const redeliveryMs = 2_000

mailboxContract(
  { describe, test },
  { name: "three-server JetStream", layer, redeliveryMs, messagesPerActorMax },
)

import { Effect, Layer } from "effect"
import { describe, test } from "vitest"
import { NatsConnection } from "../../infra/nats/connection/NatsConnection.ts"
import { MailboxNats } from "../../infra/nats/mailbox/MailboxNats.ts"
import { CONTRACT_SHARD_COUNT } from "../../runtime/contract/ContractSuite.ts"
import { mailboxContract } from "../../runtime/contract/MailboxContract.ts"
import { natsForFile } from "./NatsForFile.ts"

const nats = natsForFile()

const layer = (ofRedeliveryMs?: number) =>
  Layer.unwrap(
    Effect.sync(() =>
      MailboxNats.layer({
        namespace: nats.freshNamespace(),
        shards: CONTRACT_SHARD_COUNT,
        ...(ofRedeliveryMs === undefined ? {} : { redeliveryMs: ofRedeliveryMs }),
      }).pipe(Layer.provide(NatsConnection.layer({ servers: nats.server.url }))),
    ),
  )

/** Short enough to wait for. */
const redeliveryMs = 2_000

mailboxContract({ describe, test }, { name: "JetStream", layer, redeliveryMs })

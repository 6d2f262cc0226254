import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Effect, Layer } from "effect"
import { afterAll, beforeAll } from "vitest"
import { type NatsCluster, startNatsCluster } from "../../infra/embedded.ts"
import { NatsConnection } from "../../infra/nats/connection/NatsConnection.ts"
import { MailboxNats } from "../../infra/nats/mailbox/MailboxNats.ts"
import { CONTRACT_SHARD_COUNT, mailboxContract } from "./Mailbox.contract.ts"

let folder: string
let cluster: NatsCluster
let mailboxCount = 0

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "everstate-contract-"))
  cluster = await startNatsCluster({ folder, syncAlways: false })
})

afterAll(async () => {
  await cluster.stop()
  await rm(folder, { recursive: true, force: true })
})

/** Few enough to fill on three servers. */
const messagesPerActorMax = 2_000

const makeLayer = (ofRedeliveryMs?: number) =>
  Layer.unwrap(
    Effect.sync(() =>
      MailboxNats.layer({
        namespace: `contract${mailboxCount++}`,
        shards: CONTRACT_SHARD_COUNT,
        ...(ofRedeliveryMs === undefined ? {} : { redeliveryMs: ofRedeliveryMs }),
        messagesPerActorMax,
      }).pipe(Layer.provide(NatsConnection.layer({ servers: cluster.urls }))),
    ),
  )

/** Short enough to wait for. */
const redeliveryMs = 2_000

mailboxContract({
  name: "three-server JetStream",
  makeLayer,
  redeliveryMs,
  messagesPerActorMax,
})

import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Effect, Layer } from "effect"
import { afterAll, beforeAll } from "vitest"
import { type NatsServer, startNats } from "../../infra/embedded.ts"
import { NatsConnection } from "../../infra/nats/connection/NatsConnection.ts"
import { MailboxNats } from "../../infra/nats/mailbox/MailboxNats.ts"
import { CONTRACT_SHARD_COUNT, mailboxContract } from "./Mailbox.contract.ts"

let folder: string
let server: NatsServer
let mailboxCount = 0

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "everstate-contract-"))
  server = await startNats({ folder, syncAlways: false })
})

afterAll(async () => {
  await server.stop()
  await rm(folder, { recursive: true, force: true })
})

const makeLayer = (ofRedeliveryMs?: number) =>
  Layer.unwrap(
    Effect.sync(() =>
      MailboxNats.layer({
        namespace: `contract${mailboxCount++}`,
        shards: CONTRACT_SHARD_COUNT,
        ...(ofRedeliveryMs === undefined ? {} : { redeliveryMs: ofRedeliveryMs }),
      }).pipe(Layer.provide(NatsConnection.layer({ servers: server.url }))),
    ),
  )

/** Short enough to wait for. */
const redeliveryMs = 2_000

mailboxContract({ name: "JetStream", makeLayer, redeliveryMs })

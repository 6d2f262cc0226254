import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Effect, Layer } from "effect"
import { afterAll, beforeAll } from "vitest"
import { type NatsServer, startNats } from "../../infra/embedded.ts"
import { NatsConnection } from "../../infra/nats/connection/NatsConnection.ts"
import { readPage } from "../../infra/nats/journal/JournalRead.ts"
import { EventPublisherNats, eventsStreamName } from "../../infra/nats/stores/EventPublisherNats.ts"
import { eventPublisherContract } from "./EventPublisher.contract.ts"

let folder: string
let server: NatsServer
let publisherCount = 0

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "everstate-contract-"))
  server = await startNats({ folder, syncAlways: false })
})

afterAll(async () => {
  await server.stop()
  await rm(folder, { recursive: true, force: true })
})

eventPublisherContract("JetStream", () => {
  const namespace = `contract${publisherCount++}`
  const connection = Layer.unwrap(Effect.sync(() => NatsConnection.layer({ servers: server.url })))
  const prefix = `${namespace}.int.`
  return {
    layer: Layer.provide(EventPublisherNats.layer({ namespace }), connection),
    published: Effect.gen(function* () {
      const { requests } = yield* NatsConnection
      const log = {
        stream: eventsStreamName(namespace),
        subject: `${prefix}>`,
        keyOf: (subject: string) => subject.slice(prefix.length),
      }
      const records = yield* readPage(requests, log, { after: 0, upTo: Number.MAX_SAFE_INTEGER })
      return records.map(({ key, data }) => ({ type: key, id: "", data }))
    }).pipe(Effect.provide(connection)),
  }
})

import { Context, Effect, Layer } from "effect"
import { describe, test } from "vitest"
import { NatsConnection } from "../../infra/nats/connection/NatsConnection.ts"
import { readPage } from "../../infra/nats/journal/JournalRead.ts"
import { EventPublisherNats, eventsStreamName } from "../../infra/nats/stores/EventPublisherNats.ts"
import { eventPublisherContract } from "../../runtime/contract/EventPublisherContract.ts"
import { EventPublisher } from "../../runtime/integration/EventPublisher.ts"
import { natsForFile } from "./NatsForFile.ts"

const nats = natsForFile()

const open = () =>
  Effect.gen(function* () {
    const namespace = nats.freshNamespace()
    const prefix = `${namespace}.int.`
    const connection = NatsConnection.layer({ servers: nats.server.url })
    const context = yield* Layer.build(
      EventPublisherNats.layer({ namespace }).pipe(Layer.provideMerge(connection)),
    )
    const { requests } = Context.get(context, NatsConnection)
    const log = {
      stream: eventsStreamName(namespace),
      subject: `${prefix}>`,
      keyOf: (subject: string) => subject.slice(prefix.length),
    }
    const records = readPage(requests, log, { after: 0, upTo: Number.MAX_SAFE_INTEGER })
    return {
      publisher: Context.get(context, EventPublisher),
      published: Effect.map(records, (all) => all.map(({ key, data }) => ({ type: key, id: "", data }))),
    }
  })

eventPublisherContract({ describe, test }, { name: "JetStream", open })

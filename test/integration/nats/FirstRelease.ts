/**
 * What a node of the first release does with its mailbox: the stream it makes, what it stores there, and how it
 * receives. Written from that release's wire format; nothing here uses the adapters of today.
 */
import { connect, headers, type NatsConnection } from "@nats-io/transport-node"
import { Effect, type Scope } from "effect"
import { serversOf } from "../../../infra/nats/connection/ServerAddresses.ts"
import type { ActorAddress } from "../../../runtime/address/ActorAddress.ts"
import { admin, bytes, freshFolder, NAMESPACE, SHARD_COUNT, startServer, text } from "./NatsFixture.ts"

export const LEGACY_STREAM = `${NAMESPACE}-mailbox`

/** The bundled server, whichever one the environment names: newer ones do not take this stream. */
export const bundledServerEnv = (): NodeJS.ProcessEnv => {
  const { NATS_SERVER_BIN: _, ...env } = process.env
  return env
}

const streamOfFirstRelease = {
  name: LEGACY_STREAM,
  description: "Everstate mailbox: messages that wait for actors, and schedules",
  subjects: [`${NAMESPACE}.mbx.*.*.*`, `${NAMESPACE}.mbx.*.*.*.due`, `${NAMESPACE}.sch.*.*.*.*`],
  storage: "file",
  retention: "workqueue",
  discard: "new",
  discard_new_per_subject: true,
  max_age: 0,
  max_msgs: -1,
  max_bytes: -1,
  max_msgs_per_subject: 100_000,
  allow_msg_schedules: true,
  allow_direct: true,
  num_replicas: 1,
  duplicate_window: 120_000_000_000,
  metadata: {
    "everstate.namespace": NAMESPACE,
    "everstate.shards": String(SHARD_COUNT),
    "everstate.mailbox": "1",
  },
}

const actorOf = ({ shard, type, token }: ActorAddress): string => `${shard}.${type}.${token}`

export class FirstRelease {
  readonly #client: NatsConnection

  constructor(client: NatsConnection) {
    this.#client = client
  }

  async #store(subject: string, id: string, values: Readonly<Record<string, string>>): Promise<void> {
    const given = headers()
    for (const [name, value] of Object.entries(values)) given.set(name, value)
    const reply = await this.#client.request(subject, bytes(id), { headers: given, timeout: 5_000 })
    const { error } = reply.json<{ error?: unknown }>()
    if (error !== undefined) throw new Error(JSON.stringify(error))
  }

  send(address: ActorAddress, id: string): Promise<void> {
    return this.#store(`${NAMESPACE}.mbx.${actorOf(address)}`, id, {
      "Nats-Msg-Id": `${address.key}:${encodeURIComponent(id)}`,
    })
  }

  schedule(address: ActorAddress, slot: string, atMs: number, id = slot): Promise<void> {
    return this.#store(`${NAMESPACE}.sch.${actorOf(address)}.${slot}`, id, {
      "Nats-Schedule": `@at ${new Date(atMs).toISOString()}`,
      "Nats-Schedule-Target": `${NAMESPACE}.mbx.${actorOf(address)}.due`,
    })
  }

  /** Takes the shard's consumer, as a node that is given the shard does, and acknowledges what it is handed. */
  async receive(
    shard: number,
  ): Promise<{ readonly texts: ReadonlyArray<string>; readonly stop: () => Promise<void> }> {
    const name = `shard-${shard}`
    const api = async (call: string, body: unknown = {}) =>
      (await this.#client.request(`$JS.API.${call}`, JSON.stringify(body))).json<{ error?: unknown }>()
    await api(`CONSUMER.DELETE.${LEGACY_STREAM}.${name}`)
    const created = await api(`CONSUMER.CREATE.${LEGACY_STREAM}.${name}`, {
      stream_name: LEGACY_STREAM,
      action: "create",
      config: {
        name,
        durable_name: name,
        filter_subjects: [`${NAMESPACE}.mbx.${shard}.>`],
        deliver_policy: "all",
        ack_policy: "explicit",
        max_deliver: -1,
        metadata: { "everstate.receiver": "first release", "everstate.handedOut": "0" },
      },
    })
    if (created.error !== undefined) throw new Error(JSON.stringify(created.error))
    const texts: Array<string> = []
    const inbox = `_INBOX.first.${shard}`
    const subscription = this.#client.subscribe(inbox, {
      callback: (_, message) => {
        if (!message.reply?.startsWith("$JS.ACK.")) return
        texts.push(text(message.data))
        message.respond("+ACK")
      },
    })
    const pull = JSON.stringify({ batch: 256, expires: 60_000_000_000 })
    this.#client.publish(`$JS.API.CONSUMER.MSG.NEXT.${LEGACY_STREAM}.${name}`, pull, { reply: inbox })
    await this.#client.flush()
    const stop = async () => {
      subscription.unsubscribe()
      await this.#client.flush()
    }
    return { texts, stop }
  }
}

/** A server of the first release's time with its mailbox, and a node of that release. */
export const firstRelease: Effect.Effect<
  {
    readonly server: Effect.Success<ReturnType<typeof startServer>>
    readonly folder: string
    readonly old: FirstRelease
  },
  never,
  Scope.Scope
> = Effect.gen(function* () {
  const folder = `${yield* freshFolder}/nats`
  const server = yield* startServer({ folder, env: bundledServerEnv() })
  const reply = yield* admin(server, `STREAM.CREATE.${LEGACY_STREAM}`, streamOfFirstRelease)
  if (reply.error !== undefined) throw new Error(JSON.stringify(reply.error))
  const client = yield* Effect.acquireRelease(
    Effect.promise(() => {
      const { list, login } = serversOf(server.url)
      return connect({ ...login, servers: list })
    }),
    (connection) => Effect.promise(() => connection.close()),
  )
  return { server, folder, old: new FirstRelease(client) }
})

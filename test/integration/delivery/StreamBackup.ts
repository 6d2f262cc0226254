/**
 * `nats stream backup` and `nats stream restore` of an operator, by the API that they use: a copy of a stream with its
 * consumers, which the server streams to and takes from its client in chunks.
 */
import { connect, type NatsConnection, type NodeConnectionOptions } from "@nats-io/transport-node"

export interface StreamBackup {
  readonly name: string
  readonly config: object
  readonly state: object
  readonly chunks: ReadonlyArray<Uint8Array>
}

const withClient = async <A>(login: NodeConnectionOptions, work: (client: NatsConnection) => Promise<A>) => {
  const client = await connect(login)
  try {
    return await work(client)
  } finally {
    await client.close()
  }
}

const call = async (client: NatsConnection, api: string, body: object = {}) => {
  const reply = await client.request(`$JS.API.${api}`, JSON.stringify(body), { timeout: 10_000 })
  const answer = reply.json<Record<string, unknown>>()
  if (answer["error"] !== undefined) throw new Error(`${api}: ${JSON.stringify(answer["error"])}`)
  return answer
}

export const backUpStream = (login: NodeConnectionOptions, name: string): Promise<StreamBackup> =>
  withClient(login, async (client) => {
    const chunks: Array<Uint8Array> = []
    const inbox = client.subscribe(`_INBOX.backup.${name}`)
    const { config, state } = await call(client, `STREAM.SNAPSHOT.${name}`, {
      deliver_subject: inbox.getSubject(),
    })
    for await (const chunk of inbox) {
      // The end is a message without data.
      if (chunk.data.length === 0) break
      chunks.push(Uint8Array.from(chunk.data))
      chunk.respond()
    }
    return { name, config: config as object, state: state as object, chunks }
  })

/** Puts the copy in the place of the stream, which is deleted first where it is there. */
export const restoreStream = (
  login: NodeConnectionOptions,
  { name, config, state, chunks }: StreamBackup,
): Promise<void> =>
  withClient(login, async (client) => {
    await call(client, `STREAM.DELETE.${name}`).catch(() => undefined)
    const { deliver_subject } = await call(client, `STREAM.RESTORE.${name}`, { config, state })
    for (const chunk of [...chunks, new Uint8Array()]) {
      const reply = await client.request(String(deliver_subject), chunk, { timeout: 10_000 })
      const text = reply.string()
      if (text !== "" && JSON.parse(text).error !== undefined)
        throw new Error(`${name} was not restored: ${text}`)
    }
  })

/**
 * The ceiling: what the same server and the same connection code do without any actor. Publishes commits with the
 * sequence check through the reply multiplexer, one at a time per subject.
 */
import { nuid } from "@nats-io/transport-node"
import { Effect, Layer, ManagedRuntime } from "effect"
import { createStream } from "../../infra/nats/connection/JetStreamApi.ts"
import { NatsConnection } from "../../infra/nats/connection/NatsConnection.ts"
import { acknowledgement, headersOf as headers } from "../../infra/nats/connection/PubAck.ts"
import { journalStreamConfig, streamName } from "../../infra/nats/journal/JournalSettings.ts"
import { journalSubjectsOf } from "../../infra/nats/journal/JournalSubject.ts"
import type { ActorAddress } from "../../runtime/address/ActorAddress.ts"
import type { Operation } from "./Measure.ts"

/** As the journal's own. */
const APPEND_TIMEOUT_MS = 10_000

/** Raw publishes in flight while a journal is filled. */
export const FILL_IN_FLIGHT = 512

export const expectedSequence = (sequence: number) => ({
  encode: () => Buffer.from(`NATS/1.0\r\nNats-Expected-Last-Subject-Sequence: ${sequence}\r\n\r\n`, "latin1"),
})

/** A server of a cluster has acknowledged the subject's last message, and counts it as in flight for a moment more. */
const IN_FLIGHT_ERROR = /"err_code":10164\b/

const SEQUENCE = /"seq":(\d+)/

/** A message; `after` is the sequence of the subject's last one, 0 by default: it has none. */
interface Message {
  readonly subject: string
  readonly after?: number
  readonly data: Uint8Array
}

export interface RawJournal {
  readonly connection: NatsConnection["Service"]
  readonly stream: string
  readonly subjectOf: (address: ActorAddress) => string
  /** Publishes `data` as the next message of `subject`; gives its sequence. */
  readonly append: (
    subject: string,
    after: number,
    data: Uint8Array,
    done: (failure: unknown, sequence: number) => void,
  ) => void
  /** A load that appends `data` to one subject per lane, again and again. */
  readonly appends: (data: Uint8Array) => Operation
  /** The same, where all lanes that wait are one atomic batch, one batch at a time. */
  readonly batches: (data: Uint8Array) => Operation
  /** One message to each of many subjects. Resolves with their sequences, in order of the index. */
  readonly fill: (count: number, messageOf: (index: number) => Message) => Promise<ReadonlyArray<number>>
  readonly close: () => Promise<void>
}

/** Connects to the journal of `namespace`; `create` makes its stream, with the settings of a real one and `replicas`. */
export const openRawJournal = async (
  natsUrl: string,
  namespace: string,
  { create = false, replicas = 1 } = {},
): Promise<RawJournal> => {
  const runtime = ManagedRuntime.make(Layer.orDie(NatsConnection.layer({ servers: natsUrl })))
  const connection = await runtime.runPromise(NatsConnection)
  const { requests } = connection
  if (create) {
    await Effect.runPromise(createStream(requests, journalStreamConfig({ namespace, shards: 64 }, replicas)))
  }
  const subjects = journalSubjectsOf(namespace)

  const append: RawJournal["append"] = (subject, after, data, done) => {
    requests.send(subject, data, expectedSequence(after), APPEND_TIMEOUT_MS, {
      onReply: (message) => {
        const text = Buffer.from(message.data).toString("latin1")
        const found = SEQUENCE.exec(text)
        if (IN_FLIGHT_ERROR.test(text)) append(subject, after, data, done)
        else if (found === null || text.startsWith('{"error"')) done(new Error(text), 0)
        else done(undefined, Number(found[1]))
        return true
      },
      onFailure: (failure) => done(failure, 0),
    })
  }

  const appends = (data: Uint8Array): Operation => {
    const lasts: Array<number> = []
    const loadId = ++loadCount
    return (lane, done) => {
      append(`${namespace}.evt.0.raw.${loadId}-${lane}`, lasts[lane] ?? 0, data, (failure, sequence) => {
        lasts[lane] = sequence
        done(failure)
      })
    }
  }

  const batches = (data: Uint8Array): Operation => {
    const lasts: Array<number> = []
    const loadId = ++loadCount
    let waiting: Array<{ readonly lane: number; readonly done: (failure?: unknown) => void }> = []
    let isOut = false
    const subjectOf = (lane: number) => `${namespace}.evt.0.raw.${loadId}-${lane}`
    const flush = (): void => {
      if (isOut || waiting.length === 0) return
      const members = waiting
      waiting = []
      isOut = true
      const id = nuid.next()
      const headersOf = (index: number) => {
        const commit = index === members.length - 1 ? { "Nats-Batch-Commit": 1 } : undefined
        const after = lasts[members[index]?.lane ?? 0] ?? 0
        const check = { "Nats-Expected-Last-Subject-Sequence": after }
        return headers({ ...check, "Nats-Batch-Id": id, "Nats-Batch-Sequence": index + 1, ...commit })
      }
      const end = (failure: unknown, last: number): void => {
        isOut = false
        for (const [index, { lane, done }] of members.entries()) {
          lasts[lane] = last - members.length + 1 + index
          done(failure)
        }
        setImmediate(flush)
      }
      for (const [index, { lane }] of members.entries()) {
        if (index < members.length - 1) requests.post(subjectOf(lane), data, headersOf(index))
      }
      const subject = subjectOf(members.at(-1)?.lane ?? 0)
      requests.send(subject, data, headersOf(members.length - 1), APPEND_TIMEOUT_MS, {
        onReply: (message) => {
          const result = acknowledgement(message)
          if (typeof result === "number") end(undefined, result)
          else end(result, 0)
          return true
        },
        onFailure: (failure) => end(failure, 0),
      })
    }
    return (lane, done) => {
      waiting.push({ lane, done })
      if (waiting.length === 1) setImmediate(flush)
    }
  }

  const fill: RawJournal["fill"] = (count, messageOf) =>
    new Promise((resolve, reject) => {
      const sequences: Array<number> = new Array(count)
      let nextIndex = 0
      let doneCount = 0
      const next = (): void => {
        if (nextIndex === count) return
        const index = nextIndex++
        const { subject, after = 0, data } = messageOf(index)
        append(subject, after, data, (failure, sequence) => {
          if (failure !== undefined) return reject(failure)
          sequences[index] = sequence
          if (++doneCount === count) resolve(sequences)
          else next()
        })
      }
      for (let lane = 0; lane < FILL_IN_FLIGHT; lane++) next()
    })

  return {
    connection,
    stream: streamName(namespace),
    subjectOf: subjects.ofActor,
    append,
    appends,
    batches,
    fill,
    close: () => runtime.dispose(),
  }
}

let loadCount = 0

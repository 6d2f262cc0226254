/**
 * The live tail of one stream of a journal: all records of the given types after a sequence, in order,
 * without end.
 *
 * Owns an ephemeral consumer that starts after the last record, and the check that its sequences are
 * contiguous. On any doubt it makes a new consumer. The pulls, and the other reasons for doubt, are in
 * PullConsumer.ts.
 */
import { nuid } from "@nats-io/transport-node"
import { Effect, Stream } from "effect"
import {
  JOURNAL_PAGE_RECORDS_MAX,
  type JournalRecord,
  JournalRefused,
} from "../../../runtime/journal/Journal.ts"
import { sequenceAt, streamSequenceUpTo } from "../../../runtime/journal/Partition.ts"
import { createConsumer } from "../connection/JetStreamApi.ts"
import type { NatsConnectionService } from "../connection/NatsConnection.ts"
import { jetStreamCode, notPermitted, readErrorOf } from "../connection/NatsErrors.ts"
import { NANOS_PER_MS, PULL_EXPIRY_MS, type PullSource, pullFrom } from "../connection/PullConsumer.ts"
import type { JournalGuard } from "./JournalGuard.ts"
import type { JournalSubjects } from "./JournalSubject.ts"

/** Time after which the server removes a consumer that no client pulls from. */
const inactiveThresholdMs = 1.5 * PULL_EXPIRY_MS

interface FollowContext {
  readonly connection: NatsConnectionService
  readonly guard: JournalGuard
  readonly stream: string
  readonly partition: number
  readonly partitionCount: number
  readonly subjects: JournalSubjects
}

class Follower implements PullSource<JournalRecord, JournalRefused> {
  readonly stream: string
  readonly name = "follower"
  readonly batchCountMax = JOURNAL_PAGE_RECORDS_MAX
  readonly denied = notPermitted
  readonly #context: FollowContext
  readonly #filters: Array<string>
  /** Stream's own sequence of the newest record that was read. */
  #last: number
  #consumerSequence = 0

  constructor(context: FollowContext, types: ReadonlyArray<string> | "all", after: number) {
    this.#context = context
    this.stream = context.stream
    this.#filters = types === "all" ? [context.subjects.all] : types.map(context.subjects.ofType)
    this.#last = streamSequenceUpTo(after, context.partition, context.partitionCount)
  }

  /** Makes a consumer that continues after the last record. Fails only if the journal itself is refused. */
  readonly attach = Effect.gen({ self: this }, function* () {
    const { connection, guard, stream } = this.#context
    yield* guard.verify
    const name = `follow-${nuid.next()}`
    const created = createConsumer(connection.requests, stream, {
      name,
      ack_policy: "none",
      deliver_policy: "by_start_sequence",
      opt_start_seq: this.#last + 1,
      filter_subjects: this.#filters,
      max_deliver: 1,
      mem_storage: true,
      num_replicas: 1,
      inactive_threshold: inactiveThresholdMs * NANOS_PER_MS,
    })
    yield* Effect.mapError(created, (error) => {
      if (error._tag === "JetStreamError" && error.code === jetStreamCode.streamNotFound) guard.suspect()
      return readErrorOf(error)
    })
    this.#consumerSequence = 0
    return name
  }).pipe(Effect.catch((error) => (error instanceof JournalRefused ? Effect.fail(error) : Effect.undefined)))

  readonly read: PullSource<JournalRecord, JournalRefused>["read"] = (message, position) => {
    if (position.consumerSequence !== this.#consumerSequence + 1 || position.streamSequence <= this.#last) {
      return undefined
    }
    this.#consumerSequence = position.consumerSequence
    this.#last = position.streamSequence
    const { subjects, partition, partitionCount } = this.#context
    return {
      key: subjects.keyOf(message.subject),
      sequence: sequenceAt(position.streamSequence, partition, partitionCount),
      data: message.data,
    }
  }

  /** Removes the consumer without waiting for the outcome: the server removes an idle consumer by itself. */
  readonly leave = (consumer: string): void => {
    const { connection, stream } = this.#context
    const subject = `$JS.API.CONSUMER.DELETE.${stream}.${consumer}`
    connection.requests.send(subject, new Uint8Array(), undefined, 1_000, {
      onReply: () => true,
      onFailure: () => undefined,
    })
  }
}

/** The port's `follow`. */
export const followJournal = (
  context: FollowContext,
  options: { readonly types: ReadonlyArray<string> | "all"; readonly after: number },
): Stream.Stream<ReadonlyArray<JournalRecord>, JournalRefused> => {
  if (options.types.length === 0) return Stream.never
  return Stream.unwrap(
    Effect.map(
      pullFrom(context.connection, new Follower(context, options.types, options.after)),
      ({ takeBatch }) => Stream.fromEffectRepeat(takeBatch),
    ),
  )
}

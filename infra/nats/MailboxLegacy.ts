/**
 * The mailbox of the first release, as long as there is one: a single stream `<ns>-mailbox` of messages and schedules.
 * No nats-server since May 2026 opens it; on one that does, both releases run side by side and the stream is emptied.
 *
 * Owns its names, who still receives from it, and what is written to it:
 * - A node of the first release reads this stream alone, so a message to a shard that such a node receives is stored
 *   here, and all other messages in the new streams.
 * - A node of this release receives a shard's messages here, too, and hands them out before those of the new streams.
 * - Once no node of the first release receives any more, its schedules are moved (MailboxMove.ts).
 *
 * This release creates no such stream. An administrator deletes it when it is empty (docs/DEPLOYMENT.md).
 */
import { Effect, Exit } from "effect"
import type { ActorAddress } from "../../runtime/address/ActorAddress.ts"
import type { MailboxError } from "../../runtime/mailbox/Mailbox.ts"
import { allConsumers } from "./JetStreamApi.ts"
import { LAYOUT_KEY } from "./MailboxReceive.ts"
import { slotSubjectOf, type WaitingSubjects, waitingSubjectsOf } from "./MailboxSubject.ts"
import type { NatsConnectionService } from "./NatsConnection.ts"
import { isCode, jetStreamCode, mailboxErrorOf } from "./NatsErrors.ts"
import { findStream } from "./OpenStream.ts"

/** How long a look at the receivers is taken for true, in milliseconds. */
const RECEIVERS_TTL_MS = 1_000

export const legacyStreamName = (namespace: string): string => `${namespace}-mailbox`

export interface LegacySubjects {
  readonly waiting: WaitingSubjects
  /** What was due already when it was scheduled. The server's own target for a schedule, too. */
  readonly ofDue: (address: ActorAddress) => string
  readonly ofSlot: (address: ActorAddress, slot: string) => string
  /** Wildcard over what waits for its time. */
  readonly allSlots: string
}

export const legacySubjectsOf = (namespace: string): LegacySubjects => {
  const waiting = waitingSubjectsOf(`${namespace}.mbx`)
  return {
    waiting,
    ofDue: (address) => `${waiting.ofActor(address)}.due`,
    ofSlot: slotSubjectOf(`${namespace}.sch`),
    allSlots: `${namespace}.sch.*.*.*.*`,
  }
}

/** Who receives from the stream: nodes of the first release, and where. */
export interface LegacyReceivers {
  /** The stream is gone: deleted, or not opened by a newer server. */
  readonly isGone: boolean
  /** Any node of the first release receives messages. */
  readonly hasAny: boolean
  /** Such a node receives the messages of this actor. */
  readonly has: (address: ActorAddress) => boolean
}

export interface MailboxLegacy {
  readonly stream: string
  readonly subjects: LegacySubjects
  /** A second old at most. */
  readonly receivers: Effect.Effect<LegacyReceivers, MailboxError>
}

const nobody: LegacyReceivers = { isGone: false, hasAny: false, has: () => false }

const lookAtReceivers = (
  { requests }: NatsConnectionService,
  stream: string,
  subjects: WaitingSubjects,
): Effect.Effect<LegacyReceivers, MailboxError> =>
  allConsumers(requests, stream).pipe(
    Effect.map((consumers): LegacyReceivers => {
      const received = new Set(
        consumers
          .filter(
            ({ config, num_waiting: pulls }) => pulls > 0 && config.metadata?.[LAYOUT_KEY] === undefined,
          )
          .flatMap(({ config }) => config.filter_subjects ?? [config.filter_subject ?? ""]),
      )
      return {
        isGone: false,
        hasAny: received.size > 0,
        has: ({ shard, type }) =>
          received.has(subjects.ofShard(shard)) || received.has(subjects.ofType(shard, type)),
      }
    }),
    Effect.catchIf(
      (error) => isCode(error, jetStreamCode.streamNotFound),
      () => Effect.succeed({ ...nobody, isGone: true }),
    ),
    Effect.mapError(mailboxErrorOf),
  )

/** The first release's mailbox of this namespace; `undefined` where there is none. */
export const findMailboxLegacy = Effect.fn("findMailboxLegacy")(function* (
  connection: NatsConnectionService,
  namespace: string,
) {
  const stream = legacyStreamName(namespace)
  const found = yield* Effect.mapError(findStream(connection, stream), mailboxErrorOf)
  if (found === undefined) return undefined
  const subjects = legacySubjectsOf(namespace)
  const receivers = yield* Effect.cachedWithTTL(
    lookAtReceivers(connection, stream, subjects.waiting),
    (exit) => (Exit.isFailure(exit) ? 0 : exit.value.isGone ? Number.POSITIVE_INFINITY : RECEIVERS_TTL_MS),
  )
  const legacy: MailboxLegacy = { stream, subjects, receivers }
  return legacy
})

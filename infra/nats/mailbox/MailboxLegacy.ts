/**
 * The mailbox of the first release, as long as there is one: a single stream `<ns>-mailbox` with messages and
 * schedules. No nats-server since May 2026 opens it. On an older server both releases run side by side, and
 * the stream is emptied.
 *
 * Owns its names, the look at its receivers, and the choice of the mailbox that is written:
 * - A node of the first release reads this stream alone. A node of this release receives a shard's messages
 *   here, too, and hands them out before those of the new streams. So while a node of the first release may
 *   own a shard, all messages are written here, because every possible owner reads this stream.
 * - Once no node of the first release receives any more, the new streams are written, and the schedules that
 *   wait here are moved (MailboxMove.ts).
 *
 * This release creates no such stream. An administrator deletes it once it is empty (docs/DEPLOYMENT.md).
 */
import { Clock, Effect, Exit } from "effect"
import type { ActorAddress } from "../../../runtime/address/ActorAddress.ts"
import type { MailboxError } from "../../../runtime/mailbox/Mailbox.ts"
import { monotonicMs } from "../../../runtime/time/MonotonicTime.ts"
import { allConsumers, type ConsumerInfo } from "../connection/JetStreamApi.ts"
import type { NatsConnectionService } from "../connection/NatsConnection.ts"
import { isCode, jetStreamCode, mailboxErrorOf } from "../connection/NatsErrors.ts"
import { LAYOUT_KEY } from "./MailboxReceive.ts"
import { findLegacyStream } from "./MailboxStream.ts"
import { slotSubjectOf, type WaitingSubjects, waitingSubjectsOf } from "./MailboxSubject.ts"

/** Time for which the result of a look at the receivers is used, in milliseconds. */
const LOOK_TTL_MS = 1_000

/**
 * Time after which a consumer of the first release counts as left behind, if no node pulls from it, in
 * milliseconds. Before that, its node may come back, or a node of this release may take the consumer over.
 */
const LEFT_BEHIND_MS = 300_000

export interface LegacySubjects {
  readonly waiting: WaitingSubjects
  /**
   * Subject of a message that was already due when it was scheduled, and target of the server's schedules.
   */
  readonly ofDue: (address: ActorAddress) => string
  readonly ofSlot: (address: ActorAddress, slot: string) => string
  /** Wildcard over the scheduled messages. */
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

/**
 * - `shared`: nodes of the first release may receive from the stream.
 * - `ours`: only nodes of this release receive from it.
 * - `gone`: the stream is deleted, or a newer server does not open it.
 */
export type LegacyState = "shared" | "ours" | "gone"

export interface MailboxLegacy {
  readonly stream: string
  readonly subjects: LegacySubjects
  /** State of the stream, a second old at most. */
  readonly state: Effect.Effect<LegacyState, MailboxError>
}

/**
 * Looks at the consumers of the stream, and remembers since when no node pulls from those of the first
 * release.
 */
class Receivers {
  readonly #connection: NatsConnectionService
  readonly #stream: string
  #leftSinceMs = new Map<string, number>()

  constructor(connection: NatsConnectionService, stream: string) {
    this.#connection = connection
    this.#stream = stream
  }

  readonly look: Effect.Effect<LegacyState, MailboxError> = Effect.gen({ self: this }, function* () {
    const consumers = yield* allConsumers(this.#connection.requests, this.#stream)
    return this.#judge(consumers, monotonicMs(yield* Clock.Clock))
  }).pipe(
    Effect.catchIf(
      (error) => isCode(error, jetStreamCode.streamNotFound),
      () => Effect.succeed("gone" as const),
    ),
    Effect.mapError(mailboxErrorOf),
  )

  #judge(consumers: ReadonlyArray<ConsumerInfo>, nowMs: number): LegacyState {
    const leftSinceMs = new Map<string, number>()
    let isShared = false
    for (const { name, config, num_waiting: pullCount } of consumers) {
      if (config.metadata?.[LAYOUT_KEY] !== undefined) continue
      if (pullCount === 0) leftSinceMs.set(name, this.#leftSinceMs.get(name) ?? nowMs)
      if (nowMs - (leftSinceMs.get(name) ?? nowMs) < LEFT_BEHIND_MS) isShared = true
    }
    this.#leftSinceMs = leftSinceMs
    return isShared ? "shared" : "ours"
  }
}

/** The first release's mailbox of this namespace; `undefined` if there is none. */
export const findMailboxLegacy = Effect.fn("findMailboxLegacy")(function* (
  connection: NatsConnectionService,
  namespace: string,
) {
  const stream = yield* findLegacyStream(connection, namespace)
  if (stream === undefined) return undefined
  const state = yield* Effect.cachedWithTTL(new Receivers(connection, stream).look, (exit) =>
    Exit.isFailure(exit) ? 0 : exit.value === "gone" ? Number.POSITIVE_INFINITY : LOOK_TTL_MS,
  )
  const legacy: MailboxLegacy = { stream, subjects: legacySubjectsOf(namespace), state }
  return legacy
})

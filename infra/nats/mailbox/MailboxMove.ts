/**
 * Moves the schedules of the first release's mailbox (MailboxLegacy.ts) into the stream of timers.
 *
 * Owns the consumer over those schedules. All nodes share it, and each moves the schedules that it receives:
 * a schedule is removed from the old stream once it is stored in the new one. A schedule that is due at that
 * moment may ring in both streams, under one id, so its receiver applies it once. A slot that was already
 * scheduled again in the new stream stays as it is.
 *
 * No schedule moves while a node of the first release receives messages, because that node would not see the
 * timer ring.
 */
import type { Msg } from "@nats-io/transport-node"
import { Cause, Effect, Schedule, type Scope } from "effect"
import { thrownMessage } from "../../../runtime/json/Thrown.ts"
import { logSampled } from "../../../runtime/log/SampledLog.ts"
import type { MailboxRefused } from "../../../runtime/mailbox/Mailbox.ts"
import { createConsumer, streamInfo } from "../connection/JetStreamApi.ts"
import type { NatsConnectionService } from "../connection/NatsConnection.ts"
import { isCode, jetStreamCode, mailboxErrorOf, mailboxNotPermitted } from "../connection/NatsErrors.ts"
import { publishTo } from "../connection/PubAck.ts"
import { NANOS_PER_MS, type PullSource, pullFrom } from "../connection/PullConsumer.ts"
import type { MailboxLegacy } from "./MailboxLegacy.ts"
import { LAYOUT_KEY } from "./MailboxReceive.ts"
import { MAILBOX_LAYOUT_VERSION } from "./MailboxStream.ts"

const CONSUMER = "schedules"

/** Schedules of one pull, which are stored at the same time. */
const BATCH_COUNT_MAX = 256
const CONCURRENCY = 64

/** Time after which a schedule that could not be stored is handed out again. */
const REDELIVERY_MS = 30_000

/** Pause after a refusal, for example for a missing right. */
const REFUSED_PAUSE_MS = 10_000

/** Pause between looks whether the old stream is empty. */
const EMPTY_LOOK_MS = 10_000

interface Moved {
  readonly data: Uint8Array
  readonly message: Msg
}

class Mover implements PullSource<Moved, MailboxRefused> {
  readonly stream: string
  readonly name = CONSUMER
  readonly batchCountMax = BATCH_COUNT_MAX
  readonly denied = mailboxNotPermitted
  readonly #connection: NatsConnectionService
  readonly #legacy: MailboxLegacy

  constructor(connection: NatsConnectionService, legacy: MailboxLegacy) {
    this.stream = legacy.stream
    this.#connection = connection
    this.#legacy = legacy
  }

  readonly attach: Effect.Effect<string | undefined, MailboxRefused> = Effect.gen(
    { self: this },
    function* () {
      const state = yield* this.#legacy.state
      if (state === "gone") return yield* Effect.never
      if (state === "shared") return undefined
      const create = createConsumer(this.#connection.requests, this.stream, {
        name: CONSUMER,
        durable_name: CONSUMER,
        filter_subjects: [this.#legacy.subjects.allSlots],
        deliver_policy: "all",
        ack_policy: "explicit",
        ack_wait: REDELIVERY_MS * NANOS_PER_MS,
        max_deliver: -1,
        metadata: { [LAYOUT_KEY]: String(MAILBOX_LAYOUT_VERSION) },
      })
      yield* Effect.mapError(create, mailboxErrorOf)
      return CONSUMER
    },
  ).pipe(Effect.catchTag("MailboxUnavailable", () => Effect.undefined))

  readonly read = (message: Msg): Moved => ({ data: message.data, message })
}

/** Moves schedules as long as the scope lives, and logs once when the old stream is empty. */
export const moveSchedules = (
  connection: NatsConnectionService,
  legacy: MailboxLegacy,
  namespace: string,
  refusedPauseMs = REFUSED_PAUSE_MS,
): Effect.Effect<void, never, Scope.Scope> => {
  const { client, requests } = connection
  const slotPrefix = legacy.subjects.allSlots.slice(0, legacy.subjects.allSlots.indexOf("*"))

  const move = ({ data, message }: Moved): Effect.Effect<void> => {
    const slot = message.subject.slice(slotPrefix.length)
    const due = `${namespace}.due.${slot.slice(0, slot.lastIndexOf("."))}`
    const schedule = message.headers?.get("Nats-Schedule") ?? ""
    // A message without a time is due.
    const stored =
      schedule === ""
        ? publishTo(requests, due, data, {})
        : publishTo(requests, `${namespace}.tmr.${slot}`, data, {
            "Nats-Schedule": schedule,
            "Nats-Schedule-Target": due,
            "Nats-Expected-Last-Subject-Sequence": 0,
          })
    return stored.pipe(
      Effect.catchIf(
        (error) => isCode(error, jetStreamCode.wrongLastSequence),
        () => Effect.void,
      ),
      Effect.matchEffect({
        onFailure: (error) =>
          Effect.logWarning(
            `A timer stays in the old mailbox for now (${message.subject}): ${error.message}`,
          ),
        onSuccess: () =>
          Effect.sync(() => {
            if (!client.isClosed()) client.publish(message.reply ?? "", "+ACK")
          }),
      }),
    )
  }

  const isEmpty = Effect.gen(function* () {
    const state = yield* legacy.state
    return state === "ours" && (yield* streamInfo(requests, legacy.stream)).state.messages === 0
  }).pipe(Effect.orElseSucceed(() => false))

  const moving = Effect.gen(function* () {
    const { takeBatch } = yield* pullFrom(connection, new Mover(connection, legacy))
    const batch = Effect.flatMap(takeBatch, (moved) =>
      Effect.forEach(moved, move, { concurrency: CONCURRENCY, discard: true }),
    )
    yield* Effect.forever(batch)
  }).pipe(
    Effect.scoped,
    // Tries for ever, so that moving goes on without a restart once an operator has granted the right.
    Effect.catchCause((cause) =>
      Cause.hasInterruptsOnly(cause)
        ? Effect.failCause(cause)
        : Effect.andThen(
            logSampled("timers not moved", `Timers of the old mailbox are not moved: ${textOf(cause)}`, {
              level: "Error",
            }),
            Effect.sleep(refusedPauseMs),
          ),
    ),
    Effect.forever,
  )

  return Effect.gen(function* () {
    yield* Effect.forkScoped(moving)
    yield* isEmpty.pipe(
      Effect.repeat({ until: (is) => is, schedule: Schedule.spaced(EMPTY_LOOK_MS) }),
      Effect.andThen(
        Effect.logInfo(
          `Stream ${legacy.stream} of the first release is empty: nothing waits in it any more. ` +
            "Delete it once no client of that release is left; nats-server may then be upgraded.",
        ),
      ),
      Effect.forkScoped,
    )
  })
}

const textOf = (cause: Cause.Cause<unknown>): string => thrownMessage(Cause.squash(cause))

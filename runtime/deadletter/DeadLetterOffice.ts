/**
 * The dead-letter office: what an operator does with messages that the system gave up on.
 *
 * Owns list, show, redrive and discard, one by one or all of a reason. A letter leaves the office only after its
 * message is stored again; a crash in between delivers the message twice, and its actor applies it once. Where letters
 * come from: ../inbox/Inbox.ts and ../reactor/ReactorRunner.ts.
 */
import { Clock, Effect, Schema } from "effect"
import { type ActorAddress, addressFromKey } from "../address/ActorAddress.ts"
import { Mailbox, type MailboxError } from "../mailbox/Mailbox.ts"
import { decodeMessage, MessageUnreadable } from "../mailbox/Message.ts"
import { RESERVED_ID_PREFIX } from "../outbox/OutboxItem.ts"
import type { ReactorRunner } from "../reactor/ReactorRunner.ts"
import {
  DEAD_LETTER_PAGE_MAX,
  type DeadLetterReason,
  DeadLetters,
  type DeadLettersUnavailable,
  type StoredDeadLetter,
} from "./DeadLetters.ts"

/** Letters on a page of `list` unless asked otherwise. */
export const DEAD_LETTER_PAGE_DEFAULT = 100

/** Letters that a bulk verb takes at a time; it reports after each page. */
export const BULK_PAGE_MAX = 100

/** Letters that one bulk verb works through at most. */
export const BULK_LETTERS_MAX = 10_000

/** Letters that stayed whose reasons a bulk report names; the others are only counted. */
export const BULK_KEPT_NAMED_MAX = 100

/** There is no letter with this number: it never was, or somebody has redriven or discarded it. */
export class DeadLetterNotFound extends Schema.TaggedError<DeadLetterNotFound>()("DeadLetterNotFound", {
  number: Schema.Number,
}) {
  override get message(): string {
    return `There is no dead letter ${this.number}: it was redriven or discarded, or never was.`
  }
}

/** The letter cannot go back to where it was bound, and stays. */
export class DeadLetterNotRedrivable extends Schema.TaggedError<DeadLetterNotRedrivable>()(
  "DeadLetterNotRedrivable",
  { number: Schema.Number, detail: Schema.String, hint: Schema.String },
) {
  override get message(): string {
    return `Dead letter ${this.number} cannot be redriven: ${this.detail}. ${this.hint}`
  }
}

export type RedriveError =
  | DeadLetterNotFound
  | DeadLetterNotRedrivable
  | DeadLettersUnavailable
  | MailboxError

/** What a bulk verb did so far. */
export interface BulkReport {
  readonly doneCount: number
  /** Letters that could not be redriven and stay. */
  readonly keptCount: number
  /** The first of them. */
  readonly kept: ReadonlyArray<{ readonly number: number; readonly why: string }>
  /** Nothing of the reason is left that was there when it began; otherwise call again. */
  readonly isComplete: boolean
}

export interface BulkOptions {
  readonly reason: DeadLetterReason
  /** Told after each page. */
  readonly onProgress?: (report: BulkReport) => void
}

export interface DeadLetterOffice {
  /** By number, ascending: those after `after` (default 0), `limit` at most (default 100, 1,000 at most). */
  readonly list: (options?: {
    readonly reason?: DeadLetterReason
    readonly after?: number
    readonly limit?: number
  }) => Effect.Effect<ReadonlyArray<StoredDeadLetter>, DeadLettersUnavailable>
  readonly show: (
    number: number,
  ) => Effect.Effect<StoredDeadLetter, DeadLetterNotFound | DeadLettersUnavailable>
  /**
   * Hands the original to its actor or reactor again, under its own id, and removes the letter. Succeeds once the
   * message is stored in the mailbox, or the reactor has reacted; if it fails again there is a new letter.
   */
  readonly redrive: (number: number) => Effect.Effect<void, RedriveError>
  /** Redrives all letters of a reason, oldest first. Ends early when the mailbox does not take them. */
  readonly redriveAll: (
    options: BulkOptions,
  ) => Effect.Effect<BulkReport, DeadLettersUnavailable | MailboxError>
  /** Forgets a letter and its message for good. */
  readonly discard: (number: number) => Effect.Effect<void, DeadLetterNotFound | DeadLettersUnavailable>
  /** Forgets all letters of a reason for good. */
  readonly discardAll: (options: BulkOptions) => Effect.Effect<BulkReport, DeadLettersUnavailable>
}

export const makeDeadLetterOffice = Effect.fnUntraced(function* (settings: {
  readonly shardCount: number
  /** The reactors that run here, by name. */
  readonly reactors: ReadonlyMap<string, Pick<ReactorRunner, "redrive">>
}): Effect.fn.Return<DeadLetterOffice, never, DeadLetters | Mailbox> {
  const letters = yield* DeadLetters
  const mailbox = yield* Mailbox

  const show = Effect.fnUntraced(function* (number: number) {
    const letter = yield* letters.get(number)
    return letter ?? (yield* Effect.fail(new DeadLetterNotFound({ number })))
  })

  const toReactor = ({ number, key, original }: StoredDeadLetter) => {
    const refuse = (detail: string, hint: string) => new DeadLetterNotRedrivable({ number, detail, hint })
    const name = key.slice(key.indexOf("/") + 1)
    const reactor = settings.reactors.get(name)
    const place = placeIn(original)
    if (reactor === undefined) {
      const hint = "Redrive it where the reactor runs, or discard it."
      return Effect.fail(refuse(`no reactor "${name}" runs here`, hint))
    }
    if (place === undefined) {
      return Effect.fail(refuse("it does not say where its event is in the journal", "Discard it."))
    }
    const hint = "Mend the handler, the upcaster or the definition first; lastError of the reactor says more."
    return Effect.mapError(reactor.redrive(place), ({ detail }) => refuse(detail, hint))
  }

  const toActor = Effect.fnUntraced(function* (letter: StoredDeadLetter) {
    const { number, original } = letter
    const data = encoder.encode(original)
    const address = addressIn(letter, settings.shardCount, data)
    if (address instanceof DeadLetterNotRedrivable) return yield* Effect.fail(address)
    // A fresh id, or the mailbox takes the message for a repeat; the same one for each try at this letter.
    yield* mailbox.publish({ address, id: `${RESERVED_ID_PREFIX}redrive.${number}`, data })
  })

  const redriveLetter = Effect.fnUntraced(function* (letter: StoredDeadLetter) {
    yield* letter.reason === "ReactorFailed" ? toReactor(letter) : toActor(letter)
    yield* letters.remove(letter.number)
  })

  /** Page by page up to the bound, each letter once. */
  const inBulk = Effect.fnUntraced(function* <E>(
    { reason, onProgress }: BulkOptions,
    work: (letter: StoredDeadLetter) => Effect.Effect<void, E | DeadLetterNotRedrivable>,
  ): Effect.fn.Return<BulkReport, E | DeadLettersUnavailable> {
    const kept: Array<{ readonly number: number; readonly why: string }> = []
    let report: BulkReport = { doneCount: 0, keptCount: 0, kept, isComplete: false }
    const startedMs = yield* Clock.currentTimeMillis
    let after = 0
    for (let seenCount = 0; seenCount < BULK_LETTERS_MAX; ) {
      const page = yield* letters.list({ after, limit: BULK_PAGE_MAX, reason })
      // What came back meanwhile is left: a message that always fails would go round for ever.
      const old = page.filter(({ atMs }) => atMs <= startedMs)
      for (const letter of old) {
        const why = yield* work(letter).pipe(
          Effect.as(undefined),
          Effect.catchIf(isNotRedrivable, ({ detail }) => Effect.succeed(detail)),
        )
        if (why === undefined) report = { ...report, doneCount: report.doneCount + 1 }
        else {
          if (kept.length < BULK_KEPT_NAMED_MAX) kept.push({ number: letter.number, why })
          report = { ...report, keptCount: report.keptCount + 1 }
        }
      }
      seenCount += page.length
      after = page.at(-1)?.number ?? after
      report = { ...report, isComplete: old.length === 0 || old.length < page.length }
      onProgress?.(report)
      if (report.isComplete) break
    }
    return report
  })

  return {
    list: ({ reason, after = 0, limit = DEAD_LETTER_PAGE_DEFAULT } = {}) =>
      letters.list({
        after,
        limit: Math.max(1, Math.min(limit, DEAD_LETTER_PAGE_MAX)),
        ...(reason === undefined ? undefined : { reason }),
      }),
    show,
    redrive: (number) => Effect.flatMap(show(number), redriveLetter),
    redriveAll: (options) => inBulk<DeadLettersUnavailable | MailboxError>(options, redriveLetter),
    discard: (number) => Effect.andThen(show(number), letters.remove(number)),
    discardAll: (options) => inBulk<DeadLettersUnavailable>(options, ({ number }) => letters.remove(number)),
  }
})

const encoder = new TextEncoder()

const isNotRedrivable = (error: unknown): error is DeadLetterNotRedrivable =>
  error instanceof DeadLetterNotRedrivable

/** Whom the letter's message is for, if it is a message at all. */
const addressIn = (
  { number, key }: StoredDeadLetter,
  shardCount: number,
  data: Uint8Array,
): ActorAddress | DeadLetterNotRedrivable => {
  try {
    decodeMessage(data)
    return addressFromKey(key, shardCount)
  } catch (cause) {
    const detail =
      cause instanceof MessageUnreadable ? cause.message : `its address is ${JSON.stringify(key)}`
    const hint = "It would end here again: discard it, and have its sender send it anew."
    return new DeadLetterNotRedrivable({ number, detail, hint })
  }
}

/** Where a reactor's letter says that its event is. */
const placeIn = (original: string): { readonly sequence: number; readonly index?: number } | undefined => {
  try {
    const { sequence, index } = JSON.parse(original)
    if (!Number.isSafeInteger(sequence)) return undefined
    return Number.isSafeInteger(index) ? { sequence, index } : { sequence }
  } catch {
    return undefined
  }
}

/**
 * The dead-letter office: an operator's work on messages that the system abandoned.
 *
 * Owns list, show, redrive and discard, for one letter or all of a reason. A letter leaves the office only
 * after its message is stored again. A crash in between delivers the message twice, and its actor applies it
 * once. Letters come from ../inbox/Inbox.ts and ../reactor/ReactorRunner.ts.
 */
import { Clock, Effect, Schema } from "effect"
import { type ActorAddress, addressFromKey } from "../address/ActorAddress.ts"
import {
  DEAD_LETTER_PAGE_MAX,
  type DeadLetterReason,
  DeadLetters,
  type DeadLettersUnavailable,
  type StoredDeadLetter,
} from "../deadletter/DeadLetters.ts"
import { errorClass } from "../error/EverstateError.ts"
import { Mailbox, type MailboxError } from "../mailbox/Mailbox.ts"
import { decodeMessage, encodeMessage, MessageUnreadable, withoutOrigin } from "../mailbox/Message.ts"
import { RESERVED_ID_PREFIX } from "../message/OutboxItem.ts"
import type { ReactorRunner } from "../reactor/ReactorRunner.ts"

/** Letters on a page of `list` by default. */
export const DEAD_LETTER_PAGE_DEFAULT = 100

/** Letters that a bulk verb takes at a time; it reports after each page. */
export const BULK_PAGE_MAX = 100

/** Most letters of one bulk verb, and the time in which it begins new pages, in milliseconds. */
export const BULK_LETTERS_MAX = 10_000
export const BULK_MS_MAX = 10_000

/** Letters that are discarded at the same time. */
const DISCARDED_AT_ONCE_MAX = 32

/** Kept letters whose reasons a bulk report lists; further ones are only counted. */
export const BULK_KEPT_NAMED_MAX = 100

/** No dead letter has this number: it never existed, or an operator has redriven or discarded it. */
export class DeadLetterNotFound extends errorClass<DeadLetterNotFound>()(
  "DeadLetterNotFound",
  {
    number: Schema.Number,
  },
  {
    kind: "terminal",
    retry: "never",
    hint: "List the dead letters: this one was redriven or discarded, or never was.",
  },
) {
  override get message(): string {
    return `There is no dead letter ${this.number}: it was redriven or discarded, or never was.`
  }
}

/** The letter cannot go back to its receiver, and stays. */
export class DeadLetterNotRedrivable extends errorClass<DeadLetterNotRedrivable>()(
  "DeadLetterNotRedrivable",
  { number: Schema.Number, detail: Schema.String, hint: Schema.String },
  { kind: "terminal", retry: "never" },
) {
  override get message(): string {
    return `Dead letter ${this.number} cannot be redriven: ${this.detail}. ${this.hint}`
  }
}

/** All errors of redriving a letter. */
export type RedriveError =
  | DeadLetterNotFound
  | DeadLetterNotRedrivable
  | DeadLettersUnavailable
  | MailboxError

/** What is done with many letters at once. */
export type BulkVerb = "redrive" | "discard"

export const BULK_VERBS: ReadonlyArray<BulkVerb> = ["redrive", "discard"]

/** The verb and the reason of a bulk job. */
export interface BulkTask {
  readonly verb: BulkVerb
  readonly reason: DeadLetterReason
}

/** The work of a bulk verb so far. */
export interface BulkReport {
  readonly doneCount: number
  /** Letters that could not be redriven and stay. */
  readonly keptCount: number
  /** The first of these letters. */
  readonly kept: ReadonlyArray<{ readonly number: number; readonly why: string }>
  /**
   * All letters of the reason that existed at the start are done. Otherwise call again, or use `startBulk`.
   */
  readonly isComplete: boolean
}

/** Which letters `redriveAll` and `discardAll` take. */
export interface BulkOptions {
  readonly reason: DeadLetterReason
  /** Called after each page. */
  readonly onProgress?: (report: BulkReport) => void
}

/** What operators do with dead letters: list, show, redrive, discard. */
export interface DeadLetterOffice {
  /**
   * Letters by number, ascending, after `after` (default 0), at most `limit` (default 100, at most 1,000).
   */
  readonly list: (options?: {
    readonly reason?: DeadLetterReason
    readonly after?: number
    readonly limit?: number
  }) => Effect.Effect<ReadonlyArray<StoredDeadLetter>, DeadLettersUnavailable>
  /** The letter with this number. */
  readonly show: (
    number: number,
  ) => Effect.Effect<StoredDeadLetter, DeadLetterNotFound | DeadLettersUnavailable>
  /**
   * Hands the original to its actor or reactor again, under its own id, and removes the letter. Succeeds once
   * the message is stored in the mailbox, or the reactor has reacted; if it fails again there is a new
   * letter.
   */
  readonly redrive: (number: number) => Effect.Effect<void, RedriveError>
  /** Redrives all letters of a reason, oldest first. Ends early when the mailbox does not take them. */
  readonly redriveAll: (
    options: BulkOptions,
  ) => Effect.Effect<BulkReport, DeadLettersUnavailable | MailboxError>
  /** Forgets a letter and its message for good. */
  readonly discard: (number: number) => Effect.Effect<void, DeadLetterNotFound | DeadLettersUnavailable>
  /** Forgets all letters of a reason for good. */
  readonly discardAll: (
    options: BulkOptions,
  ) => Effect.Effect<BulkReport, DeadLettersUnavailable | MailboxError>
}

/** Progress of a bulk verb among the letters of its reason. */
export interface BulkProgress {
  /** Number of the last letter that was seen. */
  readonly after: number
  /** Highest number of a letter at the start. Later letters are skipped. */
  readonly upTo: number
}

/** The work of a bulk verb on one page. */
export interface BulkPage {
  readonly doneCount: number
  readonly kept: BulkReport["kept"]
  readonly seenCount: number
  readonly isLast: boolean
  /** For the next page. */
  readonly progress: BulkProgress
}

/** The office, with its work page by page for background jobs. */
interface OfficeWork extends DeadLetterOffice {
  /** The page after `progress`; without it, the first page. */
  readonly workPage: (
    task: BulkTask,
    progress?: BulkProgress,
  ) => Effect.Effect<BulkPage, DeadLettersUnavailable | MailboxError>
}

export const makeDeadLetterOffice = Effect.fnUntraced(function* (settings: {
  readonly shardCount: number
  /** The reactors that run here, by name. */
  readonly reactors: ReadonlyMap<string, Pick<ReactorRunner, "redrive">>
}): Effect.fn.Return<OfficeWork, never, DeadLetters | Mailbox> {
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
    const bound = boundFor(letter, settings.shardCount, encoder.encode(original))
    if (bound instanceof DeadLetterNotRedrivable) return yield* Effect.fail(bound)
    const { address, data } = bound
    // A new id, because the mailbox would treat the old one as a repeat. All attempts at this letter share
    // it.
    yield* mailbox.publish({ address, id: `${RESERVED_ID_PREFIX}redrive.${number}`, data })
  })

  const redriveLetter = Effect.fnUntraced(function* (letter: StoredDeadLetter) {
    yield* letter.reason === "ReactorFailed" ? toReactor(letter) : toActor(letter)
    yield* letters.remove(letter.number)
  })

  /** Works on one page: each letter once, without letters that came after the start. */
  const workPage = Effect.fnUntraced(function* (
    { verb, reason }: BulkTask,
    progress?: BulkProgress,
  ): Effect.fn.Return<BulkPage, DeadLettersUnavailable | MailboxError> {
    const { after, upTo } = progress ?? { after: 0, upTo: yield* letters.lastNumber }
    const page = yield* letters.list({ after, limit: BULK_PAGE_MAX, reason })
    // Skip letters that came back meanwhile, because a message that always fails would never end.
    const old = page.filter(({ number }) => number <= upTo)
    const kept: Array<{ readonly number: number; readonly why: string }> = []
    const work = (letter: StoredDeadLetter) =>
      (verb === "redrive" ? redriveLetter(letter) : letters.remove(letter.number)).pipe(
        Effect.catchIf(isNotRedrivable, ({ detail }) =>
          Effect.sync(() => void kept.push({ number: letter.number, why: detail })),
        ),
      )
    // The order of letters matters when they go back to their actors.
    const concurrency = verb === "redrive" ? 1 : DISCARDED_AT_ONCE_MAX
    yield* Effect.forEach(old, work, { concurrency, discard: true })
    return {
      doneCount: old.length - kept.length,
      kept,
      seenCount: page.length,
      progress: { after: page.at(-1)?.number ?? after, upTo },
      isLast: old.length === 0 || old.length < page.length,
    }
  })

  /** Works page by page, up to the bounds. */
  const inBulk = Effect.fnUntraced(function* (verb: BulkVerb, { reason, onProgress }: BulkOptions) {
    const kept: Array<{ readonly number: number; readonly why: string }> = []
    let report: BulkReport = { doneCount: 0, keptCount: 0, kept, isComplete: false }
    const startedMs = yield* Clock.currentTimeMillis
    let progress: BulkProgress | undefined
    for (let seenCount = 0; seenCount < BULK_LETTERS_MAX; ) {
      const page = yield* workPage({ verb, reason }, progress)
      kept.push(...page.kept.slice(0, BULK_KEPT_NAMED_MAX - kept.length))
      seenCount += page.seenCount
      progress = page.progress
      report = {
        doneCount: report.doneCount + page.doneCount,
        keptCount: report.keptCount + page.kept.length,
        kept,
        isComplete: page.isLast,
      }
      onProgress?.(report)
      if (report.isComplete || (yield* Clock.currentTimeMillis) - startedMs >= BULK_MS_MAX) break
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
    redriveAll: (options) => inBulk("redrive", options),
    discard: (number) => Effect.andThen(show(number), letters.remove(number)),
    discardAll: (options) => inBulk("discard", options),
    workPage,
  }
})

const encoder = new TextEncoder()

const isNotRedrivable = (error: unknown): error is DeadLetterNotRedrivable =>
  error instanceof DeadLetterNotRedrivable

/** The receiver of the letter's message and the bytes to send; `undefined` if it is not a message. */
const boundFor = (
  { number, key }: StoredDeadLetter,
  shardCount: number,
  data: Uint8Array,
): { readonly address: ActorAddress; readonly data: Uint8Array } | DeadLetterNotRedrivable => {
  try {
    const message = decodeMessage(data)
    const anew = withoutOrigin(message)
    return { address: addressFromKey(key, shardCount), data: anew === message ? data : encodeMessage(anew) }
  } catch (cause) {
    const detail =
      cause instanceof MessageUnreadable ? cause.message : `its address is ${JSON.stringify(key)}`
    const hint = "It would end here again: discard it, and have its sender send it anew."
    return new DeadLetterNotRedrivable({ number, detail, hint })
  }
}

/** The event that a reactor's letter names. */
const placeIn = (original: string): { readonly sequence: number; readonly index?: number } | undefined => {
  try {
    const { sequence, index } = JSON.parse(original)
    if (!Number.isSafeInteger(sequence)) return undefined
    return Number.isSafeInteger(index) ? { sequence, index } : { sequence }
  } catch {
    return undefined
  }
}

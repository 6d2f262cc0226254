/**
 * The outbox items of a commit as they are stored: `entries[].out` (docs/ARCHITECTURE.md).
 *
 * Owns the stored form. The id of an item is made of the commit's sequence, so the receiver sees one message,
 * no matter which owner sends it and how often.
 */
import type { DeadLetterReason } from "../deadletter/DeadLetters.ts"
import type { AnyEvent } from "../event/Event.ts"
import type { StoredValue } from "../json/StoredValue.ts"
import { isTime } from "../time/Time.ts"
import { type Answer, isAnswer } from "./Outgoing.ts"

/** One item. `k` is its kind. */
export type OutboxItem =
  /**
   * A command to `to`. With `n` it is a request, whose answer goes back under that name. With `at` it is not
   * delivered before that time. `in` is the input of `to` if the command is its first.
   */
  | {
      readonly k: "tell"
      readonly to: string
      readonly c: AnyEvent
      readonly n?: string
      readonly at?: number
      readonly in?: unknown
    }
  /**
   * The answer to the message `re` of `to`. An answer that comes later than its request has the request's
   * correlation id `co` and traceparent `tr`, because the commit that carries it may have others.
   */
  | {
      readonly k: "answer"
      readonly to: string
      readonly n: string
      readonly re: string
      readonly a: Answer
      readonly co?: string
      readonly tr?: string
    }
  /**
   * A timer `n`, generation `g`, that brings event `e` to this actor at `at`. `raw` is the stored form of an
   * event that is not plain JSON; then `e` has only its type. For an event to a child, both describe the
   * event inside.
   */
  | {
      readonly k: "timer"
      readonly n: string
      readonly g: string
      readonly at: number
      readonly e: AnyEvent
      readonly raw?: StoredValue
    }
  /** The end of timer `n`, generation `g`, that was due at `at`: it fired or was cancelled. */
  | { readonly k: "cancel"; readonly n: string; readonly g: string; readonly at: number }
  /**
   * A durable call `n`, generation `g`, of logic `src` with input `in`; `raw` is the stored form of an input
   * that is not plain JSON.
   */
  | {
      readonly k: "call"
      readonly n: string
      readonly g: string
      readonly src: string
      readonly in?: unknown
      readonly raw?: StoredValue
    }
  /** The end of call `n`: it ended or was aborted. */
  | { readonly k: "abort"; readonly n: string }
  /** An integration event of type `t`, schema version `v`. */
  | {
      readonly k: "publish"
      readonly t: string
      readonly v: number
      readonly d: unknown
    }
  /**
   * A message `m` (its text) that this actor has refused, as a dead letter with the id `id`. `key` names the
   * receiver of the message; absent if it is this actor.
   */
  | {
      readonly k: "letter"
      readonly id: string
      readonly key?: string
      readonly reason: DeadLetterReason
      readonly detail: string
      readonly m: string
    }

type Fields = { readonly [field: string]: unknown }

const isText = (value: unknown): boolean => typeof value === "string"

const isEvent = (value: unknown): boolean =>
  typeof value === "object" && value !== null && isText((value as Fields)["type"])

/** Checks the fields of each kind. Fields of later releases are ignored. */
const isOfKind: { readonly [Kind in OutboxItem["k"]]: (item: Fields) => boolean } = {
  tell: ({ to, c, n, at }) =>
    isText(to) && isEvent(c) && (n === undefined || isText(n)) && (at === undefined || isTime(at)),
  answer: ({ to, n, re, a, co, tr }) =>
    isText(to) &&
    isText(n) &&
    isText(re) &&
    isAnswer(a) &&
    (co === undefined || isText(co)) &&
    (tr === undefined || isText(tr)),
  timer: ({ n, g, at, e }) => isText(n) && isText(g) && isTime(at) && isEvent(e),
  cancel: ({ n, g, at }) => isText(n) && isText(g) && isTime(at),
  call: ({ n, g, src }) => isText(n) && isText(g) && isText(src),
  abort: ({ n }) => isText(n),
  publish: ({ t, v }) => isText(t) && typeof v === "number",
  letter: ({ id, key, reason, detail, m }) =>
    isText(id) && (key === undefined || isText(key)) && isText(reason) && isText(detail) && isText(m),
}

/** Whether a value in a stored commit is an item that this release knows, with all its fields. */
export const isOutboxItem = (value: unknown): value is OutboxItem => {
  if (typeof value !== "object" || value === null) return false
  const { k } = value as Fields
  return (
    typeof k === "string" && Object.hasOwn(isOfKind, k) && isOfKind[k as OutboxItem["k"]](value as Fields)
  )
}

/** Prefix of ids that only the runtime makes. */
export const RESERVED_ID_PREFIX = "everstate:"

/**
 * Id of item number `index` (over all entries) of the commit at `sequence`, decided at `atMs`. The time is
 * part of it, because a journal that lost its newest records gives the sequence to another commit.
 */
export const outboxIdOf = (sequence: number, atMs: number, index: number): string =>
  `${RESERVED_ID_PREFIX}${sequence}-${atMs.toString(36)}.${index}`

/** Id of event number `index` that actions of the commit at `sequence` have sent to their own actor. */
export const selfSentId = (sequence: number, atMs: number, index: number): string =>
  `${outboxIdOf(sequence, atMs, index)}.self`

const PLACED_ID = new RegExp(`^${RESERVED_ID_PREFIX}(\\d+)-`)

/** Sequence at the beginning of such an id, or of an id made from it; 0 for any other id. */
export const sequenceOfId = (id: string): number => Number(PLACED_ID.exec(id)?.[1] ?? 0)

/**
 * What a commit carries besides its events, as it is stored: `entries[].out` (docs/ARCHITECTURE.md).
 *
 * Owns the stored form. Ids of what is sent are made of the commit's place in the journal, so that whoever sends it,
 * and how often, the receiver sees one message.
 */
import type { DeadLetterReason } from "../deadletter/DeadLetters.ts"
import type { AnyEvent } from "../event/Event.ts"
import type { StoredValue } from "../json/StoredValue.ts"
import { isTime } from "../time/Time.ts"
import { type Answer, isAnswer } from "./Outgoing.ts"

/** One thing that a commit carries. `k` is its kind. */
export type OutboxItem =
  /**
   * A command to `to`; with `n` a request, whose answer goes back under that name; with `at` not before that time; with `in`
   * the input that `to` is born with, if the command is its first.
   */
  | {
      readonly k: "tell"
      readonly to: string
      readonly c: AnyEvent
      readonly n?: string
      readonly at?: number
      readonly in?: unknown
    }
  /** The answer to the message `re` of `to`. */
  | {
      readonly k: "answer"
      readonly to: string
      readonly n: string
      readonly re: string
      readonly a: Answer
    }
  /**
   * A timer `n`, generation `g`, that brings event `e` to this actor at `at`. `raw`: stored form of the event where it is no
   * plain JSON; `e` has its type then. Of an event for a child both are of the event inside.
   */
  | {
      readonly k: "timer"
      readonly n: string
      readonly g: string
      readonly at: number
      readonly e: AnyEvent
      readonly raw?: StoredValue
    }
  /** Timer `n`, generation `g`, that was due at `at`, is over: fired or cancelled. */
  | { readonly k: "cancel"; readonly n: string; readonly g: string; readonly at: number }
  /** A durable call `n`, generation `g`, of logic `src` with input `in`, or its stored form `raw` where it is no plain JSON. */
  | {
      readonly k: "call"
      readonly n: string
      readonly g: string
      readonly src: string
      readonly in?: unknown
      readonly raw?: StoredValue
    }
  /** Call `n` is over: ended or aborted. */
  | { readonly k: "abort"; readonly n: string }
  /** An integration event of type `t`, schema version `v`. */
  | {
      readonly k: "publish"
      readonly t: string
      readonly v: number
      readonly d: unknown
    }
  /**
   * A message `m` (its text) that this actor has refused, as a dead letter with the id `id`. `key` names the actor that
   * the message was for; absent: this one.
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

/** What the fields of each kind hold. Further fields are of later releases and do not matter. */
const isOfKind: { readonly [Kind in OutboxItem["k"]]: (item: Fields) => boolean } = {
  tell: ({ to, c, n, at }) =>
    isText(to) && isEvent(c) && (n === undefined || isText(n)) && (at === undefined || isTime(at)),
  answer: ({ to, n, re, a }) => isText(to) && isText(n) && isText(re) && isAnswer(a),
  timer: ({ n, g, at, e }) => isText(n) && isText(g) && isTime(at) && isEvent(e),
  cancel: ({ n, g, at }) => isText(n) && isText(g) && isTime(at),
  call: ({ n, g, src }) => isText(n) && isText(g) && isText(src),
  abort: ({ n }) => isText(n),
  publish: ({ t, v }) => isText(t) && typeof v === "number",
  letter: ({ id, key, reason, detail, m }) =>
    isText(id) && (key === undefined || isText(key)) && isText(reason) && isText(detail) && isText(m),
}

/** Whether a value of a stored commit is an item that this release knows, with all its fields. */
export const isOutboxItem = (value: unknown): value is OutboxItem => {
  if (typeof value !== "object" || value === null) return false
  const { k } = value as Fields
  return (
    typeof k === "string" && Object.hasOwn(isOfKind, k) && isOfKind[k as OutboxItem["k"]](value as Fields)
  )
}

/** Ids that start like this are the runtime's own. */
export const RESERVED_ID_PREFIX = "everstate:"

/**
 * The id of item number `index` (over all entries) of the commit at `sequence`, decided at `atMs`: a journal that lost
 * its tail with the power gives the same place to another commit.
 */
export const outboxIdOf = (sequence: number, atMs: number, index: number): string =>
  `${RESERVED_ID_PREFIX}${sequence}-${atMs.toString(36)}.${index}`

/** The id of event number `index` that actions of the commit at `sequence` have sent to their actor. */
export const selfSentId = (sequence: number, atMs: number, index: number): string =>
  `${outboxIdOf(sequence, atMs, index)}.self`

const PLACED_ID = new RegExp(`^${RESERVED_ID_PREFIX}(\\d+)-`)

/** The place in the journal that such an id, or one made of it, begins with; 0 for any other id. */
export const sequenceOfId = (id: string): number => Number(PLACED_ID.exec(id)?.[1] ?? 0)

/**
 * What a saga does, as data: its stages in order and the work of each, with the functions that the user wrote.
 *
 * Owns that shape and the names made from it: of work items, of requests, of timers. How users write it:
 * SagaSteps.ts. What became of it in one run: SagaLedger.ts. What is done about it: SagaRun.ts.
 */
import { Schema } from "effect"
import type { AnyActor } from "../definition/Actor.ts"
import type { AnyEvent, EventDefinition } from "../event/Event.ts"
import { fingerprint } from "../json/Fingerprint.ts"
import type { ToSend } from "../message/Outgoing.ts"

/** A command to a participant. */
export interface SagaTarget {
  readonly actor: AnyActor
  readonly id: string
  readonly command: AnyEvent
  /** What the participant is born with, if the command is its first. */
  readonly input?: unknown
}

export interface RetryOptions {
  /** How often it is tried at most, the first time included. */
  readonly attemptsMax?: number
  /** Pause before the second attempt, in milliseconds; it doubles, and up to half of it is taken off by lot. */
  readonly pauseFirstMs?: number
  /** Longest such pause, in milliseconds. */
  readonly pauseMaxMs?: number
}

/** How often a request is made that no answer decides, unless the step says otherwise. */
export const REQUEST_RETRY_DEFAULTS: Required<RetryOptions> = {
  attemptsMax: 5,
  pauseFirstMs: 200,
  pauseMaxMs: 30_000,
}

/** A compensation is tried for longer: what comes after it is a human. About ten minutes in all. */
export const COMPENSATION_RETRY_DEFAULTS: Required<RetryOptions> = {
  attemptsMax: 15,
  pauseFirstMs: 500,
  pauseMaxMs: 60_000,
}

/**
 * Longest silence on the way back, in milliseconds, unless the saga says otherwise: a saga that gets no answer for so
 * long (and at most twice as long) is stuck.
 */
export const SAGA_ANSWER_WAIT_MS_DEFAULT = 600_000

/**
 * Version of the rules of sagas that start now. 2: nothing is undone while a later step may still be done, and the wait
 * for a silent participant has an end. 1: the rules of the first release, under which its sagas end.
 */
export const SAGA_RULES = 2

/** What the functions of a step are given. Which of these fields they see depends on the function; see SagaSteps.ts. */
export interface SagaArgs {
  readonly input: unknown
  readonly results: unknown
  readonly sagaId: string
  readonly item: unknown
  readonly key: string
  readonly result: unknown
}

/** One thing to be done, or one for each item of a list. */
export interface SagaWork {
  /** `takePayment`, or within a parallel group `checks.address`. */
  readonly path: string
  readonly kind: "step" | "forEach" | "nested"
  readonly when: ((args: SagaArgs) => boolean) | undefined
  readonly items: ((args: SagaArgs) => ReadonlyArray<unknown>) | undefined
  readonly keyOf: ((item: unknown) => string) | undefined
  readonly request: (args: SagaArgs) => SagaTarget
  readonly compensate: ((args: SagaArgs) => SagaTarget | undefined) | undefined
  /** Sent when the saga fails while the answer is still out, so that it comes sooner. */
  readonly stop: ((args: SagaArgs) => SagaTarget | undefined) | undefined
  readonly timeoutMs: number | undefined
  readonly onTimeout: "fail" | "retry"
  readonly retry: Required<RetryOptions>
  readonly compensationRetry: Required<RetryOptions>
}

/** Work that is done at the same time; the next stage begins when all of it is done. A state of the machine. */
export interface SagaStage {
  readonly key: string
  readonly isParallel: boolean
  readonly works: ReadonlyArray<SagaWork>
}

/** Why a saga could not be completed. */
export interface SagaCause {
  readonly kind:
    | "StepRejected"
    | "StepFailed"
    | "StepTimedOut"
    | "SagaTimedOut"
    | "Cancelled"
    | "UndoneByParent"
    /** One of the saga's own functions threw, or gave something that cannot be sent. */
    | "DefinitionThrew"
    /** What a stage or the saga's end sends at once does not fit into one commit. */
    | "CommitTooLarge"
  /** The work item it began with; `null` where it was none. */
  readonly item: string | null
  readonly reason: string
  readonly detail?: unknown
}

/** Names a plan: kept in the event with which a saga starts. */
export const PlanRef = Schema.Struct({
  /** As the definition says, for people. */
  version: Schema.Int,
  /** Of the version and the steps: their names, order, kinds and groups. */
  hash: Schema.String,
})
export type PlanRef = typeof PlanRef.Type

export interface SagaPlan {
  readonly type: string
  readonly ref: PlanRef
  /** What sagas of this plan start with, and how older input becomes that. */
  readonly input: EventDefinition
  readonly stages: ReadonlyArray<SagaStage>
  readonly works: ReadonlyMap<string, SagaWork>
  readonly timeoutMs: number | undefined
  /** Longest silence on the way back, in milliseconds. */
  readonly answerWaitMs: number
  readonly completed: ((args: SagaArgs) => ToSend) | undefined
  readonly compensated: ((args: SagaArgs & { readonly cause: SagaCause }) => ToSend) | undefined
}

/**
 * The identity of a plan. Times, retries and functions are not part of it: they may change under running sagas.
 * It is stored, so what goes in never changes.
 */
export const planRefOf = (version: number, stages: ReadonlyArray<SagaStage>): PlanRef => {
  const steps = stages.map(({ key, isParallel, works }) => [
    key,
    isParallel,
    works.map(({ path, kind }) => [path, kind]),
  ])
  return { version, hash: fingerprint(JSON.stringify([version, steps])).slice(0, HASH_LENGTH) }
}

/** The part of a fingerprint that every release makes the same. */
const HASH_LENGTH = 16

/** For people: `plan 2 (3f0c...)`. */
export const planName = ({ version, hash }: PlanRef): string => `plan ${version} (${hash})`

/** Items of one list that a saga works on at most. */
export const SAGA_ITEMS_MAX = 1_000

/** Longest key of an item of a list, in UTF-16 code units. */
export const SAGA_ITEM_KEY_LENGTH_MAX = 256

/** `reserveStock/sku-1`: unique within a saga. */
export const itemKeyOf = (path: string, key: string): string => `${path}/${key}`

/** The path of the work that an item belongs to. */
export const pathOf = (itemKey: string): string => {
  const slash = itemKey.indexOf("/")
  return slash === -1 ? itemKey : itemKey.slice(0, slash)
}

/** What the item is called in its list; empty for work without a list. */
export const keyWithin = (itemKey: string): string => {
  const slash = itemKey.indexOf("/")
  return slash === -1 ? "" : itemKey.slice(slash + 1)
}

/** `do`: the step; `undo`: its compensation; `stop`: what {@link SagaWork.stop} asks. */
type Verb = "do" | "undo" | "stop"

/** What a request is called: verb, attempt from 1, item. */
export const requestNameOf = (verb: Verb, attempt: number, itemKey: string): string =>
  `${verb}:${attempt}:${itemKey}`

const REQUEST_NAME = /^(do|undo|stop):(\d+):(.+)$/s

export interface RequestName {
  readonly verb: Verb
  readonly attempt: number
  readonly itemKey: string
}

/** The inverse of {@link requestNameOf}; `undefined` for any other text. */
export const readRequestName = (name: string): RequestName | undefined => {
  const parts = REQUEST_NAME.exec(name)
  return parts === null
    ? undefined
    : { verb: parts[1] as Verb, attempt: Number(parts[2]), itemKey: parts[3] as string }
}

/**
 * The pause before the attempt that follows number `attempt`: doubling, bounded, less up to half. The lot is drawn from
 * the saga's id, the item and the attempt, so that a replay draws the same one, and sagas that failed together come
 * back one by one.
 */
export const pauseMs = (
  { pauseFirstMs, pauseMaxMs }: Required<RetryOptions>,
  sagaId: string,
  itemKey: string,
  attempt: number,
): number => {
  const full = Math.min(pauseMaxMs, pauseFirstMs * 2 ** (attempt - 1))
  const lot = Number.parseInt(fingerprint([sagaId, itemKey, attempt]).slice(0, 8), 16) / 2 ** 32
  return Math.round(full * (1 - lot / 2))
}

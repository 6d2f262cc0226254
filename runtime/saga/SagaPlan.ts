/**
 * What a saga does, as data: its stages in order and the work of each, with the functions that the user wrote.
 *
 * Owns that shape and the names made from it: of work items, requests and timers. How users write it:
 * SagaSteps.ts. The state of one run: SagaLedger.ts. The rules: SagaRun.ts.
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
  /** Input of the participant if this command is its first. */
  readonly input?: unknown
}

/** Attempts and pauses of a request to a participant of a saga. */
export interface RetryOptions {
  /** Largest number of attempts, including the first. */
  readonly attemptsMax?: number
  /**
   * Pause before the second attempt, in milliseconds. It doubles with each attempt; a random part of up to
   * half is taken off.
   */
  readonly pauseFirstMs?: number
  /** Longest pause, in milliseconds. */
  readonly pauseMaxMs?: number
}

/** Retries of a request that is not decided, unless the step says otherwise. */
export const REQUEST_RETRY_DEFAULTS: Required<RetryOptions> = {
  attemptsMax: 5,
  pauseFirstMs: 200,
  pauseMaxMs: 30_000,
}

/**
 * Retries of a compensation, about ten minutes in all: longer, because after them an operator has to decide.
 */
export const COMPENSATION_RETRY_DEFAULTS: Required<RetryOptions> = {
  attemptsMax: 15,
  pauseFirstMs: 500,
  pauseMaxMs: 60_000,
}

/**
 * Longest silence on the way back, in milliseconds, unless the saga says otherwise. A saga that gets no
 * answer for so long, and at most twice as long, is stuck.
 */
export const SAGA_ANSWER_WAIT_MS_DEFAULT = 600_000

/**
 * Version of the rules for sagas that start now. In version 2 a step is undone only if no later step may
 * still be done, and the wait for a silent participant has an end. Version 1 is the rules of the first
 * release; sagas that started under them end under them.
 */
export const SAGA_RULES = 2

/** Arguments of a step's functions. Which of these fields a function sees is in SagaSteps.ts. */
export interface SagaArgs {
  readonly input: unknown
  readonly results: unknown
  readonly sagaId: string
  readonly item: unknown
  readonly key: string
  readonly result: unknown
}

/** One request, or one for each element of a list. */
export interface SagaWork {
  /** Path of the work: `takePayment`, or within a parallel group `checks.address`. */
  readonly path: string
  readonly kind: "step" | "forEach" | "nested"
  readonly when: ((args: SagaArgs) => boolean) | undefined
  readonly items: ((args: SagaArgs) => ReadonlyArray<unknown>) | undefined
  readonly keyOf: ((item: unknown) => string) | undefined
  readonly request: (args: SagaArgs) => SagaTarget
  readonly compensate: ((args: SagaArgs) => SagaTarget | undefined) | undefined
  /**
   * Makes the message that is sent when the saga fails while the answer is out, so that the answer comes
   * sooner.
   */
  readonly stop: ((args: SagaArgs) => SagaTarget | undefined) | undefined
  readonly timeoutMs: number | undefined
  readonly onTimeout: "fail" | "retry"
  readonly retry: Required<RetryOptions>
  readonly compensationRetry: Required<RetryOptions>
}

/**
 * Work that runs at the same time. The next stage begins when all of it is done. Each stage is a state of the
 * machine.
 */
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
    /** One of the saga's own functions threw, or returned something that cannot be sent. */
    | "DefinitionThrew"
    /** What a stage or the saga's end sends at one time does not fit into one commit. */
    | "CommitTooLarge"
  /** The work item that failed first; `null` if no item did. */
  readonly item: string | null
  readonly reason: string
  readonly detail?: unknown
}

/** Identity of a plan: kept in the event with which a saga starts. */
export const PlanRef = Schema.Struct({
  /** The definition's version, for people. */
  version: Schema.Int,
  /** Hash of the version and the steps: their names, order, kinds and groups. */
  hash: Schema.String,
})
export type PlanRef = typeof PlanRef.Type

export interface SagaPlan {
  readonly type: string
  readonly ref: PlanRef
  /**
   * Event definition of the input: the schema with which sagas of this plan start, and the upcasters for
   * older input.
   */
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
 * The identity of a plan. Times, retries and functions are not part of it, so they may change under running
 * sagas. It is stored, so its ingredients never change.
 */
export const planRefOf = (version: number, stages: ReadonlyArray<SagaStage>): PlanRef => {
  const steps = stages.map(({ key, isParallel, works }) => [
    key,
    isParallel,
    works.map(({ path, kind }) => [path, kind]),
  ])
  return { version, hash: fingerprint(JSON.stringify([version, steps])).slice(0, HASH_LENGTH) }
}

/** Length of the part of a fingerprint that every release makes alike. */
const HASH_LENGTH = 16

/** Name of a plan for people: `plan 2 (3f0c...)`. */
export const planName = ({ version, hash }: PlanRef): string => `plan ${version} (${hash})`

/** Largest number of list items that a saga works on. */
export const SAGA_ITEMS_MAX = 1_000

/** Longest key of an item of a list, in UTF-16 code units. */
export const SAGA_ITEM_KEY_LENGTH_MAX = 256

/** Key of a list item: `reserveStock/sku-1`. Unique within a saga. */
export const itemKeyOf = (path: string, key: string): string => `${path}/${key}`

/** The path of the work that an item belongs to. */
export const pathOf = (itemKey: string): string => {
  const slash = itemKey.indexOf("/")
  return slash === -1 ? itemKey : itemKey.slice(0, slash)
}

/** Key of the item within its list; empty for work without a list. */
export const keyWithin = (itemKey: string): string => {
  const slash = itemKey.indexOf("/")
  return slash === -1 ? "" : itemKey.slice(slash + 1)
}

/** `do`: requests the step; `undo`: requests its compensation; `stop`: sends {@link SagaWork.stop}. */
type Verb = "do" | "undo" | "stop"

/** Name of a request: verb, attempt from 1, item. */
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
 * The pause before the attempt after number `attempt`: it doubles, is bounded, and a part of up to half is
 * taken off. That part is computed from the saga's id, the item and the attempt. So a replay computes the
 * same pause, and sagas that failed together come back one by one.
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

/**
 * A saga's ledger while one event is written into it. Items are copied before they change, and messages are
 * collected.
 *
 * Owns the draft, and the small moves that both ways share. The way forward: SagaForward.ts. The way back:
 * SagaBackward.ts.
 */
import { send } from "../definition/Send.ts"
import type { AnyEvent } from "../event/Event.ts"
import { plainJson } from "../json/Json.ts"
import { thrownMessage } from "../json/Thrown.ts"
import { type Answer, type Outgoing, outgoingOf, type ToSend } from "../message/Outgoing.ts"
import {
  argsOf,
  itemOf,
  type SagaItem,
  type SagaItemStatus,
  type SagaLedger,
  type SagaTimer,
  workOf,
} from "./SagaLedger.ts"
import {
  pauseMs,
  type RetryOptions,
  type SagaArgs,
  type SagaCause,
  type SagaPlan,
  type SagaTarget,
  type SagaWork,
} from "./SagaPlan.ts"

/** Timers bring these events. They are stored like all events. */
export const STEP_TIMEOUT = "everstate.saga.timeout"
export const RETRY_DUE = "everstate.saga.retry"
export const SAGA_TIMEOUT = "everstate.saga.deadline"
export const SILENCE = "everstate.saga.silence"

/** Stored in place of an event that made the saga send more than fits into a commit. */
export const TOO_LARGE = "everstate.saga.tooLarge"

const DEADLINE_TIMER = "deadline"
const SILENCE_TIMER = "silence"
const timeoutTimer = (itemKey: string): string => `timeout:${itemKey}`
const retryTimer = (itemKey: string): string => `retry:${itemKey}`

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] }

/** An item that may be changed. */
export type ItemDraft = Mutable<SagaItem>

/** Whether the item has not ended and the saga waits for it. */
export const isOpen = (status: SagaItemStatus): boolean => status === "requested" || status === "pausing"

export class SagaDraft {
  readonly plan: SagaPlan
  readonly ledger: Mutable<SagaLedger>
  /** Why the first outcome of the event is not sent; `undefined` if it fits into a commit. */
  tooLarge: string | undefined
  readonly #items: Array<SagaItem>
  readonly #edited = new Set<SagaItem>()
  readonly #outbox: Array<Outgoing> = []
  readonly #timers: Array<SagaTimer> = []
  readonly #cancels: Array<string> = []

  constructor(plan: SagaPlan, before: SagaLedger) {
    this.plan = plan
    this.#items = [...before.items]
    this.ledger = {
      ...before,
      items: this.#items,
      due: null,
      outbox: this.#outbox,
      timers: this.#timers,
      cancels: this.#cancels,
    }
  }

  /** Whether the saga is in one of its stages. */
  get isRunning(): boolean {
    return this.plan.stages.some(({ key }) => key === this.ledger.at)
  }

  /** Throws once if the outcome did not fit into a commit: the saga then sends less. */
  requireRoom(): void {
    const { tooLarge } = this
    this.tooLarge = undefined
    if (tooLarge !== undefined) throw new CommitTooLarge(tooLarge)
  }

  /** Whether the saga follows version 2 of the rules (SagaPlan.ts). */
  get isPatient(): boolean {
    return (this.ledger.rules ?? 1) >= 2
  }

  workOf(itemKey: string): SagaWork {
    return workOf(this.plan, itemKey)
  }

  argsOf(itemKey?: string): SagaArgs {
    return argsOf(this.plan, this.ledger, itemKey === undefined ? undefined : this.item(itemKey))
  }

  item(itemKey: string): SagaItem | undefined {
    return itemOf(this.ledger, itemKey)
  }

  add(item: SagaItem): void {
    this.#items.push(item)
    this.#edited.add(item)
  }

  /** A copy of the item that may be changed; the same copy for the whole event. */
  edit(itemKey: string): ItemDraft {
    const index = this.#items.findIndex(({ key }) => key === itemKey)
    const item = this.#items[index]
    if (item === undefined) throw new Error(`saga "${this.plan.type}" has no item "${itemKey}"`)
    if (this.#edited.has(item)) return item
    const copy = { ...item }
    this.#items[index] = copy
    this.#edited.add(copy)
    return copy
  }

  /** Throws for an id, command or input that cannot be stored. */
  request({ actor, id, command, input }: SagaTarget, as: string): void {
    const given = input === undefined ? undefined : { input: plainJson(input) }
    this.#outbox.push(send.request({ actor, id, command: plainJson(command) as AnyEvent, as, ...given }))
  }

  /** Throws for data that is not plain JSON. */
  send(toSend: ToSend): void {
    this.#outbox.push(...(plainJson(outgoingOf(toSend)) as ReadonlyArray<Outgoing>))
  }

  answerParent(given: Answer): void {
    const outgoing = send.answer(this.ledger.parent ?? undefined, given)
    if (outgoing !== undefined) this.#outbox.push(outgoing)
    this.ledger.parent = null
  }

  /** Tells every saga that asked for this one to be undone. */
  answerUndo(given: Answer): void {
    for (const ref of this.ledger.undoFor) this.#outbox.push(send.answer(ref, given) as Outgoing)
    this.ledger.undoFor = []
  }

  setTimeout(itemKey: string, attempt: number, { timeoutMs }: SagaWork): void {
    if (timeoutMs === undefined) return
    const event = { type: STEP_TIMEOUT, item: itemKey, attempt }
    this.#timers.push({ id: timeoutTimer(itemKey), delayMs: timeoutMs, event })
  }

  /** Wakes the item up after the pause that follows try number `tryCount`. */
  setRetry(itemKey: string, attempt: number, tryCount: number, options: Required<RetryOptions>): void {
    const delayMs = pauseMs(options, this.ledger.id, itemKey, tryCount)
    this.#timers.push({
      id: retryTimer(itemKey),
      delayMs,
      event: { type: RETRY_DUE, item: itemKey, attempt },
    })
  }

  setDeadline(): void {
    const { timeoutMs } = this.plan
    if (timeoutMs === undefined) return
    this.#timers.push({ id: DEADLINE_TIMER, delayMs: timeoutMs, event: { type: SAGA_TIMEOUT } })
  }

  /** Wakes the saga up after {@link SagaPlan.answerWaitMs}, to see whether anything happened meanwhile. */
  setSilence(): void {
    const event = { type: SILENCE, stirCount: this.ledger.stirCount ?? 0 }
    this.#timers.push({ id: SILENCE_TIMER, delayMs: this.plan.answerWaitMs, event })
  }

  cancelSilence(): void {
    this.#cancels.push(SILENCE_TIMER)
  }

  cancelRetry(itemKey: string): void {
    this.#cancels.push(retryTimer(itemKey))
  }

  /** Cancels the timers that are set in this status of the item. */
  cancelTimers(itemKey: string, { status }: SagaItem): void {
    if (status === "pausing") this.cancelRetry(itemKey)
    if (status === "requested" && this.workOf(itemKey).timeoutMs !== undefined) {
      this.#cancels.push(timeoutTimer(itemKey))
    }
  }

  cancelDeadline(): void {
    if (this.plan.timeoutMs !== undefined) this.#cancels.push(DEADLINE_TIMER)
  }
}

/** What a saga sends at one time does not fit into one commit. */
export class CommitTooLarge extends Error {
  override readonly name = "CommitTooLarge"
}

/**
 * The cause of a saga's failure: a function of the definition threw, or returned something that cannot be
 * sent.
 */
export const threw = (item: string | null, cause: unknown): SagaCause => ({
  kind: cause instanceof CommitTooLarge ? "CommitTooLarge" : "DefinitionThrew",
  item,
  reason: thrownMessage(cause),
})

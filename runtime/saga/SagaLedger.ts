/**
 * The book of one saga: what was asked, what came back, in which order, and what is to be sent next. It is the context
 * of the saga's machine, plain JSON.
 *
 * Owns the shape, the empty book and what functions of the user read from it. Who writes it: SagaRun.ts.
 */
import type { AnyEvent } from "../event/Event.ts"
import type { Outgoing, RequestRef } from "../message/Outgoing.ts"
import {
  keyWithin,
  type PlanRef,
  pathOf,
  type SagaArgs,
  type SagaCause,
  type SagaPlan,
  type SagaWork,
} from "./SagaPlan.ts"

export type SagaItemStatus =
  /** The request is out. */
  | "requested"
  /** A pause before the next attempt. */
  | "pausing"
  | "done"
  /** The participant said no. */
  | "rejected"
  /** No attempt could be decided. */
  | "failed"
  /** No answer in time. It may still come, and is awaited. */
  | "timedOut"
  /** Its condition did not hold. */
  | "skipped"
  /** The saga failed before it was done. An answer that is out is awaited. */
  | "cancelled"
  | "compensating"
  /** Undone, or there was nothing to undo, or an operator said so. */
  | "compensated"

/** One work item: a step, or a step for one item of a list. */
export interface SagaItem {
  /** `takePayment`, `checks.address` within a group, `reserveStock/sku-1` for an item of a list. */
  readonly key: string
  readonly status: SagaItemStatus
  /** Requests made. */
  readonly attempt: number
  /** Compensations asked for. */
  readonly undoAttempt: number
  /** Attempts left of what is going on now. */
  readonly left: number
  /** Attempts whose answers are still out. */
  readonly out: ReadonlyArray<number>
  /** Its place in the order of completion, from 1; 0 while it is not completed. */
  readonly order: number
  /** The item of the list. */
  readonly value?: unknown
  /** What the participant answered. */
  readonly result?: unknown
  /** What an operator said came of the compensation. */
  readonly resolution?: unknown
  /** Why it is not done. */
  readonly reason?: string
}

/** A timer to be set: it brings `event` after `delayMs`. */
export interface SagaTimer {
  readonly id: string
  readonly delayMs: number
  readonly event: AnyEvent
}

/** Why a saga is stuck, and where: a work item, or {@link COMPENSATED_HOOK}. */
export interface SagaStuck {
  readonly item: string
  readonly reason: string
  readonly detail?: unknown
  /** The plan that it should go on under, where the code does not have it or the history is not that of it. */
  readonly plan?: PlanRef
  /** The answer of the item's participant is out for too long: of its compensation where that was asked for. */
  readonly isSilent?: true
}

/** Stands for the item where `compensated(...)` of the definition threw. */
export const COMPENSATED_HOOK = "compensated"

export interface SagaLedger {
  readonly id: string
  /** The state that the machine is to be in: a stage's key, or one of the states that every saga has. */
  readonly at: string
  /** The plan that it started with; `null` for sagas of the first releases, which do not say. */
  readonly plan: PlanRef | null
  readonly input: unknown
  /** The rules that it goes on under ({@link SAGA_RULES}); 1 where it does not say. */
  readonly rules?: number
  /** The request that started it; absent where none did. Kept when the request is answered. */
  readonly startedBy?: RequestRef
  /** Whom to tell how it ended. */
  readonly parent: RequestRef | null
  /** Whom to tell when everything is undone. */
  readonly undoFor: ReadonlyArray<RequestRef>
  /** In the order in which they were begun. A list: copying an object with a thousand keys takes half a millisecond. */
  readonly items: ReadonlyArray<SagaItem>
  /** Items of this stage that are not done yet. */
  readonly openCount: number
  /** Answers that are still out. */
  readonly outCount: number
  readonly completedCount: number
  /** The item whose compensation is going on. */
  readonly undoing: string | null
  /** The compensation that is going on is in a pause before its next attempt. */
  readonly isUndoPausing?: boolean
  /** How often something was asked or answered on the way back; the end of a silence names the one that it is about. */
  readonly stirCount?: number
  readonly cause: SagaCause | null
  readonly stuck: SagaStuck | null
  /** The event that follows at once: how the saga ended, or that it is stuck or goes on. */
  readonly due: AnyEvent | null
  /** What the last event made the saga send, set and cancel. */
  readonly outbox: ReadonlyArray<Outgoing>
  readonly timers: ReadonlyArray<SagaTimer>
  readonly cancels: ReadonlyArray<string>
}

/** The book before the first event. */
export const emptyLedger = (id: string): SagaLedger => ({
  id,
  at: "idle",
  plan: null,
  input: null,
  parent: null,
  undoFor: [],
  items: [],
  openCount: 0,
  outCount: 0,
  completedCount: 0,
  undoing: null,
  cause: null,
  stuck: null,
  due: null,
  outbox: [],
  timers: [],
  cancels: [],
})

type Results = { [key: string]: unknown }

/** What was answered so far: by step, within a group by branch, within a list by the item's key. */
export const resultsOf = ({ works }: SagaPlan, items: SagaLedger["items"]): Results => {
  const results: Results = {}
  const lists = new Map<string, Results>()
  for (const { path, kind } of works.values()) {
    const list: Results = {}
    if (kind === "forEach") lists.set(path, list)
    place(results, path, kind === "forEach" ? list : undefined)
  }
  for (const { key, result } of items) {
    const list = lists.get(pathOf(key))
    if (list === undefined) place(results, key, result)
    else if (keyWithin(key) !== "") list[keyWithin(key)] = result
  }
  return results
}

const place = (results: Results, path: string, result: unknown): void => {
  const [stage = path, branch] = path.split(".")
  if (branch === undefined) {
    results[stage] = result
    return
  }
  const group = (results[stage] ?? {}) as Results
  group[branch] = result
  results[stage] = group
}

/** What functions of the user are given; `results` is put together only where it is read. */
export const argsOf = (plan: SagaPlan, ledger: SagaLedger, item?: SagaItem): SagaArgs => ({
  input: ledger.input,
  sagaId: ledger.id,
  item: item?.value,
  key: item === undefined ? "" : keyWithin(item.key),
  result: item?.result,
  get results() {
    return resultsOf(plan, ledger.items)
  },
})

export const itemOf = ({ items }: SagaLedger, itemKey: string): SagaItem | undefined =>
  items.find(({ key }) => key === itemKey)

/** The work that an item belongs to. */
export const workOf = (plan: SagaPlan, itemKey: string): SagaWork => {
  const work = plan.works.get(pathOf(itemKey))
  if (work === undefined) throw new Error(`saga "${plan.type}" has no step "${pathOf(itemKey)}" any more`)
  return work
}

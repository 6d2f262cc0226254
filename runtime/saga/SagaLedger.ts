/**
 * The ledger of one saga: what it asked, what came back and in which order, and what it sends next. It is the
 * context of the saga's machine, plain JSON.
 *
 * Owns the shape, the empty ledger and the part of it that user functions read. Who writes it: SagaRun.ts.
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

/** How far an item of a saga's work is: one step, or one element of a list. */
export type SagaItemStatus =
  /** The request is out. */
  | "requested"
  /** The item is in a pause before the next attempt. */
  | "pausing"
  | "done"
  /** The participant said no. */
  | "rejected"
  /** No attempt could be decided. */
  | "failed"
  /** No answer came in time. The answer may still come, and is awaited. */
  | "timedOut"
  /** Its condition did not hold. */
  | "skipped"
  /** The saga failed before the item was done. An answer that is out is awaited. */
  | "cancelled"
  | "compensating"
  /** The item is undone, or there was nothing to undo, or an operator said so. */
  | "compensated"

/** One work item: a step, or a step for one item of a list. */
export interface SagaItem {
  /**
   * Key of the item: `takePayment`, `checks.address` within a group, `reserveStock/sku-1` for an item of a
   * list.
   */
  readonly key: string
  readonly status: SagaItemStatus
  /** Number of requests made. */
  readonly attempt: number
  /** Number of compensations asked for. */
  readonly undoAttempt: number
  /** Attempts that are left of the present request or compensation. */
  readonly left: number
  /** Attempts whose answers are still out. */
  readonly out: ReadonlyArray<number>
  /** Number of the item in the order of completion, from 1; 0 while it is not completed. */
  readonly order: number
  /** The list's element, for work over a list. */
  readonly value?: unknown
  /** The participant's reply. */
  readonly result?: unknown
  /** The operator's result for the compensation. */
  readonly resolution?: unknown
  /** Why the item is not done. */
  readonly reason?: string
}

/** A timer that brings `event` after `delayMs`. */
export interface SagaTimer {
  readonly id: string
  readonly delayMs: number
  readonly event: AnyEvent
}

/** Why a saga is stuck, and where: a work item, or `COMPENSATED_HOOK`. */
export interface SagaStuck {
  readonly item: string
  readonly reason: string
  readonly detail?: unknown
  /** The plan that the saga needs, if the code does not have it or the history does not match it. */
  readonly plan?: PlanRef
  /**
   * Set if the participant has not answered for too long: to the compensation if one was asked for, else to
   * the step.
   */
  readonly isSilent?: true
}

/** Stands for the item if `compensated(...)` of the definition threw. */
export const COMPENSATED_HOOK = "compensated"

/** The book of one saga, and the context of its machine: what it asked, what came back, and where it is. */
export interface SagaLedger {
  readonly id: string
  /** The state that the machine must be in: a stage's key, or one of the states that every saga has. */
  readonly at: string
  /** The plan that the saga started with; `null` for sagas of the first releases, which did not store it. */
  readonly plan: PlanRef | null
  readonly input: unknown
  /** Version of the rules that the saga goes on under (`SAGA_RULES`); 1 if absent. */
  readonly rules?: number
  /** The request that started the saga; absent if a command or event did. Kept when the request is answered. */
  readonly startedBy?: RequestRef
  /** The request that is answered with the saga's end; `null` if there is none or it was answered. */
  readonly parent: RequestRef | null
  /** The requests that are answered when all is undone. */
  readonly undoFor: ReadonlyArray<RequestRef>
  /**
   * The items in the order in which they were begun. A list, because copying an object with a thousand keys
   * takes half a millisecond.
   */
  readonly items: ReadonlyArray<SagaItem>
  /** Number of items of this stage that are not done yet. */
  readonly openCount: number
  /** Number of answers that are still out. */
  readonly outCount: number
  readonly completedCount: number
  /** Key of the item whose compensation is running; `null` if none is. */
  readonly undoing: string | null
  /** Whether the running compensation is in a pause before its next attempt. */
  readonly isUndoPausing?: boolean
  /**
   * Number of requests and answers on the way back. A silence timer carries the number at which it was set.
   */
  readonly stirCount?: number
  readonly cause: SagaCause | null
  readonly stuck: SagaStuck | null
  /** The event that follows at once: it says how the saga ended, or that it is stuck or goes on. */
  readonly due: AnyEvent | null
  /** What the last event made the saga send. */
  readonly outbox: ReadonlyArray<Outgoing>
  readonly timers: ReadonlyArray<SagaTimer>
  readonly cancels: ReadonlyArray<string>
}

/** The ledger before the first event. */
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

/** The results so far: by step, within a group by branch, within a list by the item's key. */
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

/** The arguments of user functions; `results` is put together only when a function reads it. */
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

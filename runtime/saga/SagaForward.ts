/**
 * The way forward: stage by stage. A stage begins when all work of the stage before is done.
 *
 * Owns requests, their retries and time-outs. A time-out ends the wait, not the request: its answer may still
 * come, and counts. What happens when a step fails: SagaBackward.ts.
 */
import { plainJson } from "../json/Json.ts"
import type { Answer, RequestRef } from "../message/Outgoing.ts"
import { answerCame, fail } from "./SagaBackward.ts"
import { type ItemDraft, isOpen, type SagaDraft, threw } from "./SagaDraft.ts"
import type { SagaItem } from "./SagaLedger.ts"
import { resultsOf } from "./SagaLedger.ts"
import {
  itemKeyOf,
  requestNameOf,
  SAGA_ITEM_KEY_LENGTH_MAX,
  SAGA_ITEMS_MAX,
  type SagaArgs,
  type SagaWork,
} from "./SagaPlan.ts"

export const start = (draft: SagaDraft, input: unknown, parent: RequestRef | null): void => {
  draft.ledger.input = input
  draft.ledger.parent = parent
  if (parent !== null) draft.ledger.startedBy = parent
  draft.setDeadline()
  enter(draft, 0)
}

/** Enters stage number `first`, or the first stage after it that has something to do. */
const enter = (draft: SagaDraft, first: number): void => {
  const { ledger, plan } = draft
  for (const stage of plan.stages.slice(first)) {
    try {
      draft.requireRoom()
    } catch (cause) {
      return fail(draft, threw(stage.key, cause))
    }
    ledger.at = stage.key
    for (const work of stage.works) {
      // A request that cannot be made fails the saga, and the later requests are not sent.
      if (ledger.at === stage.key) open(draft, work)
    }
    if (ledger.at !== stage.key || ledger.openCount > 0) return
  }
  complete(draft)
}

const open = (draft: SagaDraft, work: SagaWork): void => {
  const { ledger } = draft
  let values: ReadonlyMap<string, unknown>
  try {
    const args = draft.argsOf()
    if (work.when !== undefined && !work.when(args)) {
      return draft.add({ ...NEW_ITEM, key: work.path, status: "skipped" })
    }
    values = valuesOf(work, args)
  } catch (cause) {
    return fail(draft, threw(work.path, cause))
  }
  ledger.openCount += values.size
  for (const [itemKey, value] of values) {
    if (!draft.isRunning) return
    const left = work.retry.attemptsMax
    draft.add({ ...NEW_ITEM, key: itemKey, left, ...(value !== undefined && { value }) })
    ask(draft, itemKey, work)
  }
}

const NEW_ITEM: Omit<SagaItem, "key"> = {
  status: "requested",
  attempt: 0,
  undoAttempt: 0,
  left: 0,
  out: [],
  order: 0,
}

/**
 * The items of a work, by their keys in the ledger. Throws for lists that are too long or have equal keys.
 */
const valuesOf = (work: SagaWork, args: SagaArgs): ReadonlyMap<string, unknown> => {
  const values = new Map<string, unknown>()
  if (work.items === undefined || work.keyOf === undefined) return values.set(work.path, undefined)
  const list = work.items(args)
  if (list.length > SAGA_ITEMS_MAX) {
    throw new Error(`"${work.path}" has ${list.length} items; ${SAGA_ITEMS_MAX} is the most`)
  }
  for (const value of list) {
    const key = work.keyOf(value)
    if (!isItemKey(key))
      throw new Error(`"${work.path}" has an item with the key ${JSON.stringify(key)}, which is none`)
    const itemKey = itemKeyOf(work.path, key)
    if (values.has(itemKey))
      throw new Error(`"${work.path}" has two items with the key ${JSON.stringify(key)}`)
    values.set(itemKey, plainJson(value))
  }
  return values
}

const isItemKey = (key: unknown): key is string =>
  typeof key === "string" && key !== "" && key.length <= SAGA_ITEM_KEY_LENGTH_MAX && key !== "__proto__"

const ask = (draft: SagaDraft, itemKey: string, work: SagaWork): void => {
  const item = draft.edit(itemKey)
  const attempt = item.attempt + 1
  try {
    draft.requireRoom()
    draft.request(work.request(draft.argsOf(itemKey)), requestNameOf("do", attempt, itemKey))
  } catch (cause) {
    item.status = "failed"
    return fail(draft, threw(itemKey, cause))
  }
  item.status = "requested"
  item.attempt = attempt
  item.left--
  item.out = [...item.out, attempt]
  draft.ledger.outCount++
  draft.setTimeout(itemKey, attempt, work)
}

/** The pause before the next attempt of a request is over. */
export const askAgain = (draft: SagaDraft, itemKey: string, attempt: number): void => {
  const item = draft.item(itemKey)
  if (item?.status === "pausing" && item.attempt === attempt) ask(draft, itemKey, draft.workOf(itemKey))
}

/** Takes the answer to a request, however late. */
export const answered = (draft: SagaDraft, itemKey: string, attempt: number, given: Answer): void => {
  if (draft.item(itemKey)?.out.includes(attempt) !== true) return
  const item = draft.edit(itemKey)
  item.out = item.out.filter((other) => other !== attempt)
  draft.ledger.outCount--
  if (given.ok) {
    if (item.order === 0) done(draft, itemKey, given.reply)
  } else if (item.out.length === 0 && isOpen(item.status)) {
    // While another attempt is out, the answer to that attempt decides.
    if (given.isRejection) giveUp(draft, itemKey, "rejected", given.reason, given.detail)
    else tryAgain(draft, itemKey, "failed", given.reason, given.detail)
  }
  answerCame(draft)
}

/**
 * Completes the item with the participant's or an operator's result. On the way back the item is then to be
 * undone.
 */
export const done = (draft: SagaDraft, itemKey: string, result: unknown): void => {
  const { ledger, plan } = draft
  const item = draft.edit(itemKey)
  const wasOpen = isOpen(item.status)
  draft.cancelTimers(itemKey, item)
  item.status = "done"
  item.order = ++ledger.completedCount
  if (result !== undefined) item.result = result
  if (wasOpen && --ledger.openCount === 0) {
    enter(draft, plan.stages.findIndex(({ key }) => key === ledger.at) + 1)
  }
}

/** Takes the end of an attempt's time without an answer. */
export const timedOut = (draft: SagaDraft, itemKey: string, attempt: number): void => {
  const item = draft.item(itemKey)
  if (item?.status !== "requested" || item.attempt !== attempt) return
  const { onTimeout, timeoutMs } = draft.workOf(itemKey)
  const reason = `no answer within ${timeoutMs} ms`
  if (onTimeout === "retry") tryAgain(draft, itemKey, "timedOut", reason)
  else giveUp(draft, itemKey, "timedOut", reason)
}

const tryAgain = (
  draft: SagaDraft,
  itemKey: string,
  otherwise: "failed" | "timedOut",
  reason: string,
  detail?: unknown,
): void => {
  const item = draft.edit(itemKey)
  if (item.left === 0) return giveUp(draft, itemKey, otherwise, reason, detail)
  draft.cancelTimers(itemKey, item)
  item.status = "pausing"
  item.reason = reason
  draft.setRetry(itemKey, item.attempt, item.attempt, draft.workOf(itemKey).retry)
}

const giveUp = (
  draft: SagaDraft,
  itemKey: string,
  status: keyof typeof CAUSES,
  reason: string,
  detail?: unknown,
): void => {
  const item: ItemDraft = draft.edit(itemKey)
  draft.cancelTimers(itemKey, item)
  item.status = status
  item.reason = reason
  fail(draft, { kind: CAUSES[status], item: itemKey, reason, ...(detail !== undefined && { detail }) })
}

const CAUSES = { rejected: "StepRejected", failed: "StepFailed", timedOut: "StepTimedOut" } as const

const complete = (draft: SagaDraft): void => {
  const { ledger, plan } = draft
  try {
    draft.requireRoom()
    draft.send(plan.completed?.(draft.argsOf()))
  } catch (cause) {
    return fail(draft, threw(null, cause))
  }
  if (ledger.parent !== null) draft.answerParent({ ok: true, reply: resultsOf(plan, ledger.items) })
  draft.cancelDeadline()
  ledger.at = "completed"
}

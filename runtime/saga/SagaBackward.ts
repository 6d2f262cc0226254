/**
 * The way back: a saga that failed undoes what was completed, the last first.
 *
 * Owns the order and when it is at its end. A request that is out is never forgotten: its answer is awaited, and what
 * turns out to be done is undone. Nothing is undone while another attempt of it is out, since that one could do it
 * again. A compensation that fails for good stops everything until an operator decides.
 */
import type { Answer } from "../outbox/Outgoing.ts"
import { isOpen, type SagaDraft, threw } from "./SagaDraft.ts"
import { COMPENSATED_HOOK, type SagaItem } from "./SagaLedger.ts"
import { requestNameOf, type SagaCause } from "./SagaPlan.ts"

/** Turns a saga that runs, or is completed, back. Nothing happens to one that is on its way back already. */
export const fail = (draft: SagaDraft, cause: SagaCause): void => {
  const { ledger } = draft
  if (draft.isRunning) draft.cancelDeadline()
  else if (ledger.at !== "completed") return
  ledger.at = "compensating"
  ledger.cause = cause
  ledger.openCount = 0
  for (const known of [...ledger.items]) {
    const itemKey = known.key
    if (known.order > 0) continue
    if (isOpen(known.status)) {
      draft.cancelTimers(itemKey, known)
      draft.edit(itemKey).status = "cancelled"
    }
    // The answer that counts is the one to the request itself.
    const stop = known.out.length > 0 ? draft.workOf(itemKey).stop : undefined
    if (stop !== undefined) draft.request(stop(draft.argsOf(itemKey)), requestNameOf("stop", 1, itemKey))
  }
  undoNext(draft)
}

/** Undoes what was completed last; where nothing is left to undo and no answer is out, the saga is compensated. */
export const undoNext = (draft: SagaDraft): void => {
  const { ledger } = draft
  while (ledger.at === "compensating" && ledger.undoing === null) {
    const itemKey = lastCompleted(draft)
    if (itemKey === undefined) {
      if (ledger.outCount === 0) finish(draft)
      return
    }
    ledger.undoing = itemKey
    draft.edit(itemKey).left = draft.workOf(itemKey).compensationRetry.attemptsMax
    undo(draft, itemKey)
  }
}

const lastCompleted = ({ ledger }: SagaDraft): string | undefined => {
  let last: SagaItem | undefined
  for (const item of ledger.items) {
    const isLater = item.order > (last?.order ?? 0)
    if (isLater && item.status === "done" && item.out.length === 0) last = item
  }
  return last?.key
}

const undo = (draft: SagaDraft, itemKey: string): void => {
  const item = draft.edit(itemKey)
  const attempt = item.undoAttempt + 1
  item.status = "compensating"
  try {
    const target = draft.workOf(itemKey).compensate?.(draft.argsOf(itemKey))
    if (target === undefined) return undone(draft, itemKey)
    draft.request(target, requestNameOf("undo", attempt, itemKey))
  } catch (cause) {
    return getStuck(draft, itemKey, threw(itemKey, cause).reason)
  }
  item.undoAttempt = attempt
  item.left--
}

const undone = (draft: SagaDraft, itemKey: string): void => {
  draft.edit(itemKey).status = "compensated"
  draft.ledger.undoing = null
}

/** The answer to a compensation. */
export const undoAnswered = (draft: SagaDraft, itemKey: string, attempt: number, given: Answer): void => {
  const { at, undoing } = draft.ledger
  const item = draft.item(itemKey)
  if (at !== "compensating" || undoing !== itemKey || item?.undoAttempt !== attempt) return
  if (given.ok) {
    undone(draft, itemKey)
    return undoNext(draft)
  }
  draft.edit(itemKey).reason = given.reason
  // A participant that says no says it again.
  if (given.isRejection || item.left === 0) return getStuck(draft, itemKey, given.reason, given.detail)
  const { compensationRetry } = draft.workOf(itemKey)
  draft.setRetry(itemKey, attempt, compensationRetry.attemptsMax - item.left, compensationRetry)
}

/** The pause before the next attempt of a compensation is over. */
export const undoAgain = (draft: SagaDraft, itemKey: string, attempt: number): void => {
  const { at, undoing } = draft.ledger
  if (at !== "compensating" || undoing !== itemKey || draft.item(itemKey)?.undoAttempt !== attempt) return
  undo(draft, itemKey)
  undoNext(draft)
}

const getStuck = ({ ledger }: SagaDraft, item: string, reason: string, detail?: unknown): void => {
  ledger.at = "stuck"
  ledger.stuck = { item, reason, ...(detail !== undefined && { detail }) }
}

const finish = (draft: SagaDraft): void => {
  const cause = draft.ledger.cause as SagaCause
  try {
    draft.send(draft.plan.compensated?.(Object.assign(draft.argsOf(), { cause })))
  } catch (thrown) {
    return getStuck(draft, COMPENSATED_HOOK, threw(null, thrown).reason)
  }
  close(draft)
}

const close = (draft: SagaDraft): void => {
  draft.ledger.at = "compensated"
  draft.answerParent({
    ok: false,
    reason: "SagaCompensated",
    detail: draft.ledger.cause,
    isRejection: true,
  })
  draft.answerUndo({ ok: true })
}

/** An operator has the compensation tried again at which the saga is stuck. */
export const retryStuck = (draft: SagaDraft, itemKey: string): void => {
  goOn(draft)
  if (itemKey !== COMPENSATED_HOOK) {
    draft.edit(itemKey).left = draft.workOf(itemKey).compensationRetry.attemptsMax
    undo(draft, itemKey)
  }
  undoNext(draft)
}

/** An operator says that what the saga is stuck at is done, and perhaps with which result. */
export const settleStuck = (draft: SagaDraft, itemKey: string, resolution?: unknown): void => {
  goOn(draft)
  if (itemKey === COMPENSATED_HOOK) return close(draft)
  if (resolution !== undefined) draft.edit(itemKey).resolution = resolution
  undone(draft, itemKey)
  undoNext(draft)
}

const goOn = ({ ledger }: SagaDraft): void => {
  ledger.at = "compensating"
  ledger.stuck = null
}

/** An operator gives up: what is not undone stays as it is. */
export const abort = (draft: SagaDraft): void => {
  const { ledger } = draft
  // There is one where the compensation is in a pause.
  if (ledger.undoing !== null) draft.cancelRetry(ledger.undoing)
  ledger.at = "aborted"
  const given: Answer = { ok: false, reason: "SagaAborted", detail: ledger.cause, isRejection: true }
  draft.answerParent(given)
  draft.answerUndo(given)
}

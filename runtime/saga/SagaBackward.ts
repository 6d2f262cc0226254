/**
 * The way back: a saga that failed undoes its completed steps, the last first.
 *
 * Owns the order and when it ends. The saga awaits the answer of every request that is out. If the answer
 * says that a step was done, that step is undone before earlier ones. A step is not undone while another
 * attempt of it is out, because that attempt could do it again. If a compensation fails for good, or a
 * participant is silent for too long, the saga stops until an operator decides.
 */
import type { Answer } from "../message/Outgoing.ts"
import { isOpen, type SagaDraft, threw } from "./SagaDraft.ts"
import { COMPENSATED_HOOK, type SagaItem } from "./SagaLedger.ts"
import { requestNameOf, type SagaCause } from "./SagaPlan.ts"

/** Turns a running or completed saga back. Does nothing for a saga that is on its way back already. */
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
    if (known.out.length > 0) stop(draft, itemKey)
  }
  undoNext(draft)
}

/** Withdraws a request that is out. The answer that counts is the one to the request itself. */
const stop = (draft: SagaDraft, itemKey: string): void => {
  try {
    const target = draft.workOf(itemKey).stop?.(draft.argsOf(itemKey))
    if (target !== undefined) draft.request(target, requestNameOf("stop", 1, itemKey))
  } catch (cause) {
    // The request then runs its course, because nothing else depends on the stop.
    draft.edit(itemKey).reason = `stop: ${threw(itemKey, cause).reason}`
  }
}

/** Takes in that a step was answered. A saga that was stuck because that answer was missing goes on. */
export const answerCame = (draft: SagaDraft): void => {
  const { ledger } = draft
  stirred(draft)
  if (ledger.at === "stuck" && ledger.stuck?.isSilent && ledger.undoing === null) goOnAfterSilence(draft)
  else undoNext(draft)
}

const stirred = ({ ledger, isPatient, isRunning }: SagaDraft): void => {
  if (isPatient && !isRunning) ledger.stirCount = (ledger.stirCount ?? 0) + 1
}

/**
 * Undoes the item that was completed last. If nothing is left to undo and no answer is out, the saga is
 * compensated.
 */
export const undoNext = (draft: SagaDraft): void => {
  const { ledger } = draft
  while (ledger.at === "compensating" && ledger.undoing === null) {
    const itemKey = draft.isPatient ? lastInTurn(draft) : lastCompleted(draft)
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

/** The item that was completed last; `undefined` while a step is out that may be completed later. */
const lastInTurn = (draft: SagaDraft): string | undefined => {
  if (awaitedStep(draft) !== undefined) return undefined
  return lastCompleted(draft)
}

/** The step whose answer the saga awaits before it undoes more: the step may still be done, or done again. */
const awaitedStep = ({ ledger }: SagaDraft): string | undefined => {
  let last: SagaItem | undefined
  for (const item of ledger.items) {
    if (item.order === 0 && item.out.length > 0) return item.key
    if (item.status === "done" && item.order > (last?.order ?? 0)) last = item
  }
  return last !== undefined && last.out.length > 0 ? last.key : undefined
}

const undo = (draft: SagaDraft, itemKey: string): void => {
  const item = draft.edit(itemKey)
  const attempt = item.undoAttempt + 1
  item.status = "compensating"
  draft.ledger.isUndoPausing = false
  stirred(draft)
  try {
    draft.requireRoom()
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
  const { at, undoing, stuck } = draft.ledger
  const item = draft.item(itemKey)
  const isAwaited = at === "compensating" || (at === "stuck" && stuck?.isSilent === true)
  if (!isAwaited || undoing !== itemKey || item?.undoAttempt !== attempt) return
  if (at === "stuck") goOn(draft)
  stirred(draft)
  if (given.ok) {
    undone(draft, itemKey)
    return undoNext(draft)
  }
  draft.edit(itemKey).reason = given.reason
  // No retry after a rejection, because the participant would reject it again.
  if (given.isRejection || item.left === 0) return getStuck(draft, itemKey, given.reason, given.detail)
  const { compensationRetry } = draft.workOf(itemKey)
  draft.ledger.isUndoPausing = true
  draft.setRetry(itemKey, attempt, compensationRetry.attemptsMax - item.left, compensationRetry)
}

/** The pause before the next attempt of a compensation is over. */
export const undoAgain = (draft: SagaDraft, itemKey: string, attempt: number): void => {
  const { at, undoing } = draft.ledger
  if (at !== "compensating" || undoing !== itemKey || draft.item(itemKey)?.undoAttempt !== attempt) return
  undo(draft, itemKey)
  undoNext(draft)
}

/** Takes the end of a silence timer. If something happened since it was set, it is set again. */
export const silent = (draft: SagaDraft, stirCount: number): void => {
  const { ledger } = draft
  if (ledger.at !== "compensating" || stirCount !== (ledger.stirCount ?? 0)) return
  const itemKey = ledger.undoing ?? awaitedStep(draft)
  if (itemKey !== undefined && ledger.isUndoPausing !== true) getStuckInSilence(draft, itemKey)
}

const getStuckInSilence = ({ ledger, plan }: SagaDraft, item: string): void => {
  ledger.at = "stuck"
  ledger.stuck = { item, reason: `no answer for ${plan.answerWaitMs} ms`, isSilent: true }
}

const getStuck = ({ ledger }: SagaDraft, item: string, reason: string, detail?: unknown): void => {
  ledger.at = "stuck"
  ledger.stuck = { item, reason, ...(detail !== undefined && { detail }) }
}

const finish = (draft: SagaDraft): void => {
  const cause = draft.ledger.cause as SagaCause
  try {
    draft.requireRoom()
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

/** `Retry`: an operator has the stuck compensation tried again, or has the saga wait once more for a step. */
export const retryStuck = (draft: SagaDraft, itemKey: string): void => {
  const isStep = isStuckAtStep(draft)
  goOn(draft)
  stirred(draft)
  if (isStep) stop(draft, itemKey)
  else if (itemKey !== COMPENSATED_HOOK) {
    draft.edit(itemKey).left = draft.workOf(itemKey).compensationRetry.attemptsMax
    undo(draft, itemKey)
  }
  undoNext(draft)
}

/**
 * `Skip` or `Resolve` of a stuck saga: the operator says that the stuck item is done, and perhaps with which
 * result.
 */
export const settleStuck = (draft: SagaDraft, itemKey: string, resolution?: unknown): void => {
  if (isStuckAtStep(draft)) return settleOut(draft, itemKey, resolution)
  goOn(draft)
  if (itemKey === COMPENSATED_HOOK) return close(draft)
  if (resolution !== undefined) draft.edit(itemKey).resolution = resolution
  undone(draft, itemKey)
  undoNext(draft)
}

/**
 * `Skip` or `Resolve` of a step whose answer is out on the way back. With a result the step was done and is
 * to be undone; without one it was not done. Its answer does not count any more.
 */
export const settleOut = (draft: SagaDraft, itemKey: string, result?: unknown): void => {
  const { ledger } = draft
  const item = draft.edit(itemKey)
  ledger.outCount -= item.out.length
  item.out = []
  if (result !== undefined && item.order === 0) {
    item.status = "done"
    item.order = ++ledger.completedCount
    item.result = result
  }
  if (isStuckAtStep(draft)) goOnAfterSilence(draft)
  else undoNext(draft)
}

const isStuckAtStep = ({ ledger }: SagaDraft): boolean =>
  ledger.at === "stuck" && ledger.stuck?.isSilent === true && ledger.undoing === null

/**
 * Goes on after a silence. The wait does not begin anew for other steps that have been silent for as long.
 */
const goOnAfterSilence = (draft: SagaDraft): void => {
  const { ledger } = draft
  goOn(draft)
  undoNext(draft)
  const isWaiting = ledger.at === "compensating" && ledger.undoing === null
  const awaited = isWaiting ? awaitedStep(draft) : undefined
  if (awaited !== undefined) getStuckInSilence(draft, awaited)
}

const goOn = ({ ledger }: SagaDraft): void => {
  ledger.at = "compensating"
  ledger.stuck = null
}

/** `Abort`: the saga ends, and the steps that are not undone stay as they are. */
export const abort = (draft: SagaDraft): void => {
  const { ledger } = draft
  // A retry is set if the compensation is in a pause.
  if (ledger.undoing !== null) draft.cancelRetry(ledger.undoing)
  ledger.at = "aborted"
  const given: Answer = { ok: false, reason: "SagaAborted", detail: ledger.cause, isRejection: true }
  draft.answerParent(given)
  draft.answerUndo(given)
}

/**
 * The decisions of a saga, pure: from the ledger and an event to the next ledger, which holds what is to be
 * sent.
 *
 * Owns what each event means. The rules are in SagaForward.ts and SagaBackward.ts. What drives it:
 * SagaMachine.ts.
 */
import type { AnyEvent } from "../event/Event.ts"
import { ANSWERED, type Answer, type RequestRef } from "../message/Outgoing.ts"
import { HISTORY_UNFIT, haltOf, planMissing } from "./SagaAudit.ts"
import {
  abort,
  fail,
  retryStuck,
  settleOut,
  settleStuck,
  silent,
  undoAgain,
  undoAnswered,
} from "./SagaBackward.ts"
import { RETRY_DUE, SAGA_TIMEOUT, SagaDraft, SILENCE, STEP_TIMEOUT, TOO_LARGE } from "./SagaDraft.ts"
import { answered, askAgain, done, start, timedOut } from "./SagaForward.ts"
import type { SagaLedger, SagaStuck } from "./SagaLedger.ts"
import { type PlanRef, readRequestName } from "./SagaPlan.ts"
import { planFor, type SagaPlans } from "./SagaPlans.ts"

/**
 * The ledger after `event`, by the saga's own plan. If a function of the definition throws, the ledger has
 * that as cause.
 */
export const reduce = (plans: SagaPlans, given: SagaLedger, event: AnyEvent): SagaLedger => {
  const before =
    event.type === "SagaStarted" ? { ...given, plan: (event.plan ?? null) as PlanRef | null } : given
  const plan = planFor(plans, before.plan)
  const draft = new SagaDraft(plan ?? plans.newest, before)
  const { ledger } = draft
  if (event.type === HISTORY_UNFIT) {
    ledger.at = "stuck"
    ledger.stuck = event.stuck as SagaStuck
  } else if (plan === undefined || haltOf(before) !== undefined) recordHalted(draft, plans, event)
  else {
    record(draft, event)
    if (draft.isPatient) {
      const inner = event.type === TOO_LARGE ? (event.event as AnyEvent) : event
      watch(draft, before, inner)
      announce(draft, before, inner)
    }
  }
  return ledger
}

/**
 * Records an event of a saga that this code cannot decide. It understands only the saga's end and `Abort`.
 */
const recordHalted = (draft: SagaDraft, plans: SagaPlans, event: AnyEvent): void => {
  const { ledger } = draft
  switch (event.type) {
    case "SagaStarted":
      ledger.at = "stuck"
      ledger.stuck = planMissing(plans, ledger.plan as PlanRef, "")
      ledger.input = event.input
      ledger.parent = event.parent as RequestRef | null
      return
    case "SagaCompleted":
      ledger.at = "completed"
      return
    case "SagaUndoAsked":
      if (ledger.at === "completed") ledger.at = "stuck"
      return
    case "SagaCompensated":
      ledger.at = "compensated"
      ledger.cause = event.cause as SagaLedger["cause"]
      return
    case "SagaAborted":
      return abort(draft)
  }
}

/** Sets the silence timer on the way back, and cancels it after that. */
const watch = (draft: SagaDraft, before: SagaLedger, event: AnyEvent): void => {
  const isOver = event.type === SILENCE
  const wasWatched = before.at === "compensating" && !isOver
  const isWatched = draft.ledger.at === "compensating"
  if (isWatched && !wasWatched) draft.setSilence()
  if (wasWatched && !isWatched) draft.cancelSilence()
}

/**
 * Stores an event for what became of the saga, because projections and reactors do not see the saga's
 * answers.
 */
const announce = ({ ledger }: SagaDraft, before: SagaLedger, event: AnyEvent): void => {
  const { at, stuck, cause } = ledger
  if (at === "compensated" && event.type !== "SagaCompensated") {
    // Once the machine is in a final state it takes no more events.
    ledger.at = "compensating"
    ledger.due = { type: "SagaCompensated", cause }
  } else if (at === "completed" && before.at !== "completed") ledger.due = { type: "SagaCompleted" }
  else if (at === "stuck" && stuck !== before.stuck) ledger.due = { type: "SagaStuck", ...stuck }
  else if (before.stuck !== null && at === "compensating" && event.type === ANSWERED) {
    ledger.due = { type: "SagaResumed", item: before.stuck.item }
  }
}

const record = (draft: SagaDraft, event: AnyEvent): void => {
  const { ledger } = draft
  switch (event.type) {
    case TOO_LARGE:
      draft.tooLarge = `${event.sizeBytes} bytes to send at once, and a commit may take ${event.limitBytes}`
      return record(draft, event.event as AnyEvent)
    case "SagaRulesSet":
      ledger.rules = event.rules as number
      return
    case "SagaStarted":
      return start(draft, event.input, event.parent as RequestRef | null)
    case ANSWERED:
      return recordAnswer(draft, event.as as string, event.answer as Answer)
    case STEP_TIMEOUT:
      return timedOut(draft, event.item as string, event.attempt as number)
    case RETRY_DUE:
      askAgain(draft, event.item as string, event.attempt as number)
      return undoAgain(draft, event.item as string, event.attempt as number)
    case SILENCE:
      return silent(draft, event.stirCount as number)
    case SAGA_TIMEOUT:
      return fail(draft, {
        kind: "SagaTimedOut",
        item: null,
        reason: `not completed within ${draft.plan.timeoutMs} ms`,
      })
    case "SagaCancelled":
      return fail(draft, {
        kind: "Cancelled",
        item: null,
        reason: event.note as string,
        detail: { by: event.by },
      })
    case "SagaUndoAsked":
      ledger.undoFor = [...ledger.undoFor, event.replyTo as RequestRef]
      return fail(draft, { kind: "UndoneByParent", item: null, reason: "the saga above failed" })
    case "SagaRetried":
      return retryStuck(draft, event.item as string)
    case "SagaSkipped":
      if (ledger.at === "stuck") return settleStuck(draft, event.item as string)
      return settleOut(draft, event.item as string)
    case "SagaResolved":
      if (ledger.at === "stuck") return settleStuck(draft, event.item as string, event.result)
      if (ledger.at === "compensating") return settleOut(draft, event.item as string, event.result)
      return done(draft, event.item as string, event.result)
    case "SagaAborted":
      return abort(draft)
    case "SagaCompensated":
      ledger.at = "compensated"
  }
}

const recordAnswer = (draft: SagaDraft, as: string, given: Answer): void => {
  const name = readRequestName(as)
  if (name === undefined || draft.item(name.itemKey) === undefined) return
  if (name.verb === "do") answered(draft, name.itemKey, name.attempt, given)
  if (name.verb === "undo") undoAnswered(draft, name.itemKey, name.attempt, given)
}

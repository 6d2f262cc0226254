/**
 * Stops a saga whose plan the code does not have, or whose history does not match its plan: it is stuck as
 * soon as it is read.
 *
 * Owns how that is found and told. The journal says what each commit asked for. Under a plan that would have
 * asked for something else, the saga would wait for answers that never come, or leave completed steps as they
 * are. Such a saga still takes in its history, decides nothing more, and accepts `Abort` only. Messages to it
 * become dead letters. Once the code has the plan again, an operator can redrive them, and the saga goes on.
 */
import type { HistoryAudit } from "../definition/HistoryAudit.ts"
import { type AnyEvent, EventUnreadable } from "../event/Event.ts"
import type { MachineState } from "../machine/Machine.ts"
import type { OutboxItem } from "../message/OutboxItem.ts"
import type { SagaLedger, SagaStuck } from "./SagaLedger.ts"
import { type PlanRef, planName, readRequestName } from "./SagaPlan.ts"
import { planFor, type SagaPlans } from "./SagaPlans.ts"

/** Event that tells the machine what the audit found. Never stored. */
export const HISTORY_UNFIT = "everstate.saga.unfit"

const bookOf = ({ context }: MachineState): SagaLedger => context as SagaLedger

/** Why this code cannot decide for a saga that is stuck, or that is completed and may be undone. */
export const haltOf = ({ at, stuck }: SagaLedger): SagaStuck | undefined =>
  stuck?.plan !== undefined && (at === "stuck" || at === "completed") ? stuck : undefined

/** Whether this is a request for a step or for undoing one. Requests to stop change nothing in the ledger. */
const isOwed = (name: string): boolean => {
  const verb = readRequestName(name)?.verb
  return verb === "do" || verb === "undo"
}

const itemOf = (name: string | undefined): string => readRequestName(name ?? "")?.itemKey ?? ""

const sentIn = (items: ReadonlyArray<OutboxItem>): ReadonlyArray<string> =>
  items.flatMap((item) => (item.k === "tell" && item.n !== undefined && isOwed(item.n) ? [item.n] : []))

/** The reason for stopping a saga whose plan is not in the code. */
export const planMissing = (plans: SagaPlans, plan: PlanRef, item: string): SagaStuck => ({
  item,
  reason: `it started with ${planName(plan)}, which this code does not have (it has ${plans.all
    .map(({ ref }) => planName(ref))
    .join(", ")})${item === "" ? "" : `; it is at step "${item}"`}`,
  plan,
})

const historyUnfit = (
  plans: SagaPlans,
  { plan }: SagaLedger,
  asked: ReadonlyArray<string>,
  sent: ReadonlyArray<string>,
): SagaStuck => {
  const ref = plan ?? (plans.all.at(-1) ?? plans.newest).ref
  const unsent = asked.find((name) => !sent.includes(name))
  const unknown = sent.find((name) => !asked.includes(name))
  const asks = unsent === undefined ? "asks for nothing" : `asks for "${unsent}"`
  const has = unknown === undefined ? "nothing was asked" : `"${unknown}" was asked`
  return {
    item: itemOf(unknown ?? unsent),
    reason: `its history is not that of ${planName(ref)}: where ${has}, the plan ${asks}`,
    plan: ref,
  }
}

/** Names the step at which a saga without its plan stands; only the journal knows it. */
const withoutPlan = (
  type: string,
  plans: SagaPlans,
  { plan, stuck }: SagaLedger,
  sent: ReadonlyArray<string>,
): AnyEvent | undefined => {
  if (plan === null) return undefined
  const { version } = plans.newest.ref
  if (plan.version > version) {
    throw new EventUnreadable({
      actorType: type,
      eventType: "SagaStarted",
      eventVersion: plan.version,
      reason: "NewerVersion",
      detail: `it started with ${planName(plan)}; this process knows plans up to ${version}`,
    })
  }
  const item = itemOf(sent.at(-1))
  if (item === "" || item === stuck?.item) return undefined
  return { type: HISTORY_UNFIT, stuck: planMissing(plans, plan, item) }
}

export const sagaAudit = (type: string, plans: SagaPlans): HistoryAudit => ({
  version: plans.newest.ref.version,
  asked: (state) =>
    bookOf(state).outbox.flatMap((outgoing) =>
      outgoing._tag === "Request" && isOwed(outgoing.as) ? [outgoing.as] : [],
    ),
  found: (state, asked, items): AnyEvent | undefined => {
    const book = bookOf(state)
    const sent = sentIn(items)
    if (planFor(plans, book.plan) === undefined) return withoutPlan(type, plans, book, sent)
    const isSame = asked.length === sent.length && asked.every((name) => sent.includes(name))
    if (isSame || haltOf(book) !== undefined) return undefined
    return { type: HISTORY_UNFIT, stuck: historyUnfit(plans, book, asked, sent) }
  },
  halted: (state) => {
    const book = bookOf(state)
    const halt = book.at === "stuck" ? haltOf(book) : undefined
    return halt === undefined ? undefined : `the saga is stuck: ${halt.reason}`
  },
})

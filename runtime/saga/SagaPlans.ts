/**
 * The plans of one saga type: the newest, under which sagas start, and former ones, under which older sagas
 * go on.
 *
 * Owns which plan a saga runs under, and which plans may stand together. What a plan is: SagaPlan.ts. How a
 * saga without its plan is stopped: SagaAudit.ts.
 */
import { InvalidDefinition } from "../definition/InvalidDefinition.ts"
import type { PlanRef, SagaPlan } from "./SagaPlan.ts"

export interface SagaPlans {
  readonly newest: SagaPlan
  /** All plans, the newest first. */
  readonly all: ReadonlyArray<SagaPlan>
}

/**
 * The plan that a saga runs under; `undefined` if the code does not have it. Sagas of the first releases did
 * not store their plan and run under the oldest.
 */
export const planFor = ({ all }: SagaPlans, ref: PlanRef | null): SagaPlan | undefined =>
  ref === null ? all.at(-1) : all.find((plan) => plan.ref.hash === ref.hash)

/**
 * The newest plan and the plans of former definitions. Throws {@link InvalidDefinition} if they contradict
 * each other.
 */
export const sagaPlans = (
  newest: SagaPlan,
  previous: ReadonlyArray<{ readonly type: string; readonly plans: SagaPlans }>,
): SagaPlans => {
  const { type } = newest
  const refuse = (what: string, hint: string) => new InvalidDefinition({ actorType: type, what, hint })
  const { version } = newest.ref
  if (!Number.isInteger(version) || version < 1) {
    throw refuse(`version: ${version}`, "Give a whole number above 0.")
  }
  const former = new Map<string, SagaPlan>()
  for (const saga of previous) {
    if (saga.type !== type) {
      throw refuse(`the saga "${saga.type}" in \`previous\``, `Give former definitions of "${type}".`)
    }
    // A former definition brings the definitions before it.
    for (const plan of saga.plans.all) former.set(plan.ref.hash, plan)
  }
  const all = [newest, ...former.values()].toSorted((left, right) => right.ref.version - left.ref.version)
  for (const [index, plan] of all.entries()) {
    const other = all[index + 1]
    if (other === undefined) continue
    if (other.ref.version === plan.ref.version) {
      const hint =
        "Raise `version` with every change of the steps; keep the definitions of before in `previous`."
      throw refuse(`two plans of version ${plan.ref.version}`, hint)
    }
    if (other.input.version > plan.input.version) {
      const hint = "The version of the input never goes down from one plan to the next: raise it along."
      throw refuse(`the input's version ${plan.input.version} in plan ${plan.ref.version}`, hint)
    }
  }
  if (all[0] !== newest) {
    throw refuse(
      `version ${version} after version ${all[0]?.ref.version}`,
      "The newest plan has the highest version.",
    )
  }
  return { newest, all }
}

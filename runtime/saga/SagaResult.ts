/**
 * What became of a saga, for callers that wait for it.
 *
 * Owns the four outcomes. Who waits: ../system/Result.ts. How a saga comes to its end: SagaRun.ts.
 */
import type { MachineState } from "../machine/Machine.ts"
import { resultsOf, type SagaLedger, type SagaStuck } from "./SagaLedger.ts"
import type { SagaCause } from "./SagaPlan.ts"
import { planFor, type SagaPlans } from "./SagaPlans.ts"

/**
 * How a saga ended. `stuck` is no end: an operator has to decide, and the saga goes on after that; wait again then.
 * A completed saga may still be undone later, by the saga that it is a step of.
 */
export type SagaResult<Results = unknown> =
  /** All steps are done. `results` has their replies, by step. */
  | { readonly status: "completed"; readonly results: Results }
  /** The saga failed because of `cause`, and every completed step is undone. */
  | { readonly status: "compensated"; readonly cause: SagaCause }
  /** The saga cannot go on by itself; `stuck` says where and why. `cause`: why it went back; `null` if it did not. */
  | { readonly status: "stuck"; readonly stuck: SagaStuck; readonly cause: SagaCause | null }
  /** An operator has ended the saga. Steps may be left as they are. */
  | { readonly status: "aborted"; readonly cause: SagaCause | null }

/** The outcome of a saga in this state; `undefined` while it is on its way. */
export const sagaOutcome =
  (plans: SagaPlans) =>
  ({ context }: MachineState): { readonly result: SagaResult } | undefined => {
    const { at, cause, stuck, items, plan } = context as SagaLedger
    switch (at) {
      case "completed": {
        const results = resultsOf(planFor(plans, plan) ?? plans.newest, items)
        return { result: { status: "completed", results } }
      }
      case "compensated":
        return { result: { status: "compensated", cause: cause as SagaCause } }
      case "stuck":
        return stuck === null ? undefined : { result: { status: "stuck", stuck, cause } }
      case "aborted":
        return { result: { status: "aborted", cause } }
      default:
        return undefined
    }
  }

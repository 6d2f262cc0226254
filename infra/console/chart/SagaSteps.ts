/**
 * The steps of a saga as a picture has them: stages one after the other, and what became of each step.
 *
 * Owns the shape, how steps form stages, and which steps of a long list are shown. The picture: SagaPicture.tsx.
 */
import type { ChartState } from "../api/Documents.ts"

export type SagaStepStatus =
  /** The saga has not come to the step. */
  | "waiting"
  | "requested"
  | "pausing"
  | "done"
  | "rejected"
  | "failed"
  | "timedOut"
  | "skipped"
  | "cancelled"
  | "compensating"
  | "compensated"

/** One step, or a step for one item of a list. */
export interface SagaStep {
  /** Key as the gateway has it: `takePayment`, `checks.address` in a group, `reserveStock/sku-1` for an item of a list. */
  readonly key: string
  /** Younger services may know others, which are shown as they are. */
  readonly status: SagaStepStatus | (string & {})
  /** Time from the first request to the answer, or until now, in milliseconds. */
  readonly durationMs?: number | undefined
  /** Number of requests made. */
  readonly attempts?: number | undefined
  /** Number of compensations asked for. */
  readonly undoAttempts?: number | undefined
  /** Time that the compensation took, in milliseconds. */
  readonly undoDurationMs?: number | undefined
  /** Why the step is not done. */
  readonly reason?: string | undefined
}

/** Steps that run at the same time. */
export interface SagaStage {
  readonly name: string
  readonly steps: ReadonlyArray<SagaStep>
}

/** Part of a key before the item of a list, and before the branch of a group. */
const stageNameOf = (key: string): string => /^[^./]*/.exec(key)?.[0] ?? key

/** `address` of `checks.address`, `sku-1` of `reserveStock/sku-1`, the key of a step that is alone. */
export const shortName = (key: string): string => key.slice(stageNameOf(key).length + 1) || key

/** The stages in the order of their first steps. */
export const stagesOf = (steps: ReadonlyArray<SagaStep>): ReadonlyArray<SagaStage> => {
  const stages = new Map<string, Array<SagaStep>>()
  for (const step of steps) {
    const name = stageNameOf(step.key)
    const stage = stages.get(name)
    if (stage === undefined) stages.set(name, [step])
    else stage.push(step)
  }
  return [...stages].map(([name, inside]) => ({ name, steps: inside }))
}

/** States of every saga that are no steps. */
const NO_STEPS: ReadonlySet<string> = new Set([
  "idle",
  "completed",
  "compensating",
  "compensated",
  "stuck",
  "aborted",
])

/** All steps of a saga: those of its chart that have not begun, and the items of its document. */
export const stepsOf = (chart: ChartState, items: ReadonlyArray<SagaStep>): ReadonlyArray<SagaStep> => {
  const planned = chart.states
    .filter(({ key }) => !NO_STEPS.has(key))
    .flatMap(({ key, states }) => (states.length === 0 ? [key] : states.map(({ path: inner }) => inner)))
  const steps = planned.flatMap((key): ReadonlyArray<SagaStep> => {
    const begun = items.filter((item) => item.key === key || item.key.startsWith(`${key}/`))
    return begun.length > 0 ? begun : [{ key, status: "waiting" }]
  })
  const known = new Set(steps)
  return [...steps, ...items.filter((item) => !known.has(item))]
}

/** Steps of one stage that a picture shows. */
export const STEPS_SHOWN_MAX = 6

/** Least number first: what somebody may have to act on. */
const URGENCY: Readonly<Record<string, number>> = {
  failed: 0,
  rejected: 0,
  timedOut: 0,
  compensating: 1,
  pausing: 1,
  requested: 2,
  cancelled: 3,
  waiting: 4,
  compensated: 5,
  done: 6,
  skipped: 7,
}

const urgencyOf = ({ status }: SagaStep): number => URGENCY[status] ?? 0

export interface ShownSteps {
  readonly shown: ReadonlyArray<SagaStep>
  /** Number of hidden steps by their status. */
  readonly hidden: ReadonlyMap<string, number>
}

/** All steps of a short stage; of a long one the most urgent ones, in their order. */
export const shownSteps = (steps: ReadonlyArray<SagaStep>): ShownSteps => {
  if (steps.length <= STEPS_SHOWN_MAX) return { shown: steps, hidden: new Map() }
  const urgent = new Set(
    steps.toSorted((left, right) => urgencyOf(left) - urgencyOf(right)).slice(0, STEPS_SHOWN_MAX),
  )
  const hidden = new Map<string, number>()
  for (const step of steps) {
    if (!urgent.has(step)) hidden.set(step.status, (hidden.get(step.status) ?? 0) + 1)
  }
  return { shown: steps.filter((step) => urgent.has(step)), hidden }
}

/** Whether the saga has begun to undo any of its steps. */
export const runsBackwards = (steps: ReadonlyArray<SagaStep>): boolean =>
  steps.some(
    ({ status, undoAttempts = 0 }) =>
      status === "compensating" || status === "compensated" || undoAttempts > 0,
  )

/**
 * The plans of a saga as one statechart: `idle`, a state for each stage, `completed`, and the way back
 * through `compensating`.
 *
 * Owns the states, and which state accepts which event. The configuration is plain JSON, so Stately can draw
 * it as it is. All rules are behind four names: `record` (SagaRun.ts), `send`, `setTimers`, `isAt`.
 */
import { type AnyStateMachine, assign, setup } from "xstate"
import type { AnyEvent } from "../event/Event.ts"
import { changeTimers } from "../machine/Intent.ts"
import { ANSWERED, dispatch } from "../message/Outgoing.ts"
import { HISTORY_UNFIT, haltOf } from "./SagaAudit.ts"
import { isOpen, RETRY_DUE, SAGA_TIMEOUT, SILENCE, STEP_TIMEOUT, TOO_LARGE } from "./SagaDraft.ts"
import { emptyLedger, itemOf, type SagaLedger } from "./SagaLedger.ts"
import type { SagaPlan, SagaStage, SagaWork } from "./SagaPlan.ts"
import type { SagaPlans } from "./SagaPlans.ts"
import { reduce } from "./SagaRun.ts"

/** States that every saga has; no step may have one of these names. */
export const SAGA_STATES = ["idle", "completed", "compensating", "compensated", "stuck", "aborted"] as const

type Json = { readonly [key: string]: unknown }

/** Events that a saga accepts on its way forward, besides answers. */
const FORWARD_EVENTS = [STEP_TIMEOUT, RETRY_DUE, SAGA_TIMEOUT, "SagaCancelled"]

const RECORD = { actions: ["record", "send", "setTimers"] }
const onHaltedAbort = { ...RECORD, guard: "wasHalted" }
const onItemStuck = { ...RECORD, guard: "isStuckThere" }
const onItemOut = { ...RECORD, guard: "isOutThere" }

/** Records these events in the ledger without a change of state. */
const records = (...types: ReadonlyArray<string>): Json =>
  Object.fromEntries(types.map((type) => [type, RECORD]))

/** Goes to `target` when the ledger is at one of these states. */
const follows = (target: string, states: ReadonlyArray<string>): Json => ({
  target,
  guard: { type: "isAt", params: { states } },
})

/**
 * Events that tell what became of the saga: accepted in the state that they tell of, and by a saga that
 * cannot be decided.
 */
const NEWS = ["SagaCompleted", "SagaCompensated", "SagaStuck", "SagaResumed"]

const BACKWARD = ["compensating", "compensated", "stuck", "aborted"]

/** Text for readers of the drawing. */
const describeWork = ({ path, kind, when, compensate }: SagaWork): string => {
  const each = kind === "forEach" ? " for each item" : ""
  const condition = when === undefined ? "" : ", if its condition holds"
  return `${path}${each}${condition}; ${compensate === undefined ? "nothing to undo" : "undone when the saga fails"}.`
}

const stageState = (stage: SagaStage, next: string, beyond: ReadonlyArray<string>): StageState => ({
  description: stage.works.map(describeWork).join(" "),
  ...(stage.isParallel && {
    type: "parallel",
    states: Object.fromEntries(stage.works.map(({ path }) => [path.slice(stage.key.length + 1), {}])),
  }),
  on: {
    ...records(...FORWARD_EVENTS, ANSWERED, TOO_LARGE, "SagaUndoAsked", HISTORY_UNFIT),
    SagaAborted: onHaltedAbort,
    SagaResolved: { ...RECORD, guard: "isOpenThere" },
  },
  always: [follows("compensating", BACKWARD), follows(next, beyond)],
})

interface StageState {
  readonly [key: string]: unknown
  readonly always: ReadonlyArray<Json>
}

/** States that follow `idle` and each stage on the way forward. */
const forwardOf = ({ stages }: SagaPlan): ReadonlyArray<string> => [
  ...stages.map(({ key }) => key),
  "completed",
]

/**
 * The stages of all plans, the newest first. A stage of several plans is one state with the transitions of
 * each plan. The ledger says where the saga must go. A transition of the newest plan that leads there comes
 * before one of a former plan, so no saga goes round in circles. The drawing shows the newest plan.
 */
const stageStates = (plans: ReadonlyArray<SagaPlan>): { readonly [key: string]: StageState } => {
  const states: Record<string, StageState> = {}
  for (const plan of plans) {
    const forward = forwardOf(plan)
    for (const [index, stage] of plan.stages.entries()) {
      const state = stageState(stage, forward[index + 1] as string, forward.slice(index + 1))
      const known = states[stage.key]
      states[stage.key] =
        known === undefined ? state : { ...known, always: [...known.always, ...state.always.slice(1)] }
    }
  }
  return states
}

/** From the start into the first stage, or to the state that the ledger names. */
const fromIdle = (plan: SagaPlan, index: number): Json => {
  const forward = forwardOf(plan)
  return follows(forward[0] as string, index === 0 ? [...forward, ...BACKWARD] : forward)
}

/** The statechart of all plans of a saga, as JSON; the newest plan first. */
export const sagaChart = (type: string, plans: ReadonlyArray<SagaPlan>): Json => {
  const starts = plans.map(fromIdle)
  return {
    id: type,
    initial: "idle",
    states: {
      idle: {
        on: records("SagaRulesSet", "SagaStarted"),
        always: starts.length === 1 ? starts[0] : starts,
      },
      ...stageStates(plans),
      // Not final, because the parent saga may still have this saga undone.
      completed: {
        on: {
          ...records(ANSWERED, "SagaUndoAsked", "SagaCompleted", HISTORY_UNFIT),
          SagaAborted: onHaltedAbort,
        },
        always: follows("compensating", BACKWARD),
      },
      compensating: {
        on: {
          ...records("SagaCompensated", "SagaResumed"),
          ...records(ANSWERED, RETRY_DUE, SILENCE, TOO_LARGE, "SagaUndoAsked", "SagaAborted", HISTORY_UNFIT),
          SagaSkipped: onItemOut,
          SagaResolved: onItemOut,
        },
        always: BACKWARD.slice(1).map((state) => follows(state, [state])),
      },
      stuck: {
        on: {
          ...records(ANSWERED, TOO_LARGE, "SagaUndoAsked", "SagaAborted", "SagaStuck", HISTORY_UNFIT),
          // These events come here only in the history of a saga that cannot be decided.
          ...Object.fromEntries(
            [...FORWARD_EVENTS, SILENCE, ...NEWS.filter((event) => event !== "SagaStuck")].map((event) => [
              event,
              { ...RECORD, guard: "isHalted" },
            ]),
          ),
          SagaRetried: onItemStuck,
          SagaSkipped: onItemStuck,
          SagaResolved: onItemStuck,
        },
        always: [
          follows("compensating", ["compensating", "compensated"]),
          follows("aborted", ["aborted"]),
          follows("completed", ["completed"]),
        ],
      },
      compensated: { type: "final" },
      aborted: { type: "final" },
    },
  }
}

interface Seen {
  readonly context: SagaLedger
  readonly event: AnyEvent & { readonly item?: string }
}

/** The machine that runs sagas of these plans. */
export const sagaMachine = (type: string, plans: SagaPlans): AnyStateMachine => {
  const record = assign(({ context, event }: Seen) => reduce(plans, context, event))
  const send = dispatch(({ context }: Seen) => context.outbox)
  const setTimers = changeTimers(({ context }) => context as SagaLedger)
  const built = setup({
    types: {} as { context: SagaLedger; events: AnyEvent; input: { readonly id: string } },
    actions: { record: record as never, send: send as never, setTimers: setTimers as never },
    guards: {
      isAt: ({ context }, { states }: { readonly states: ReadonlyArray<string> }) =>
        states.includes(context.at),
      isHalted: ({ context }) => haltOf(context) !== undefined,
      // True if code without the plan took the saga for stuck.
      wasHalted: ({ event }) => event.isHalted === true,
      isStuckThere: ({ context, event }) =>
        context.stuck?.item === event.item || haltOf(context) !== undefined,
      isOutThere: ({ context, event }) => (itemOf(context, event.item as string)?.out ?? []).length > 0,
      isOpenThere: ({ context, event }) => {
        const item = itemOf(context, event.item as string)
        return item !== undefined && isOpen(item.status)
      },
    },
  })
  const chart = sagaChart(type, plans.all) as unknown as Parameters<typeof built.createMachine>[0]
  return built.createMachine({ ...chart, context: ({ input }) => emptyLedger(input.id) } as typeof chart)
}

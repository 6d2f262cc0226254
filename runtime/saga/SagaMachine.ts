/**
 * A saga's plan as a statechart: `idle`, a state for each stage, `completed`, and the way back over `compensating`.
 *
 * Owns the states and which event is accepted in which. The configuration is plain JSON, so it is its own drawing for
 * Stately; all rules are behind four names: `record` (SagaRun.ts), `send`, `setTimers`, `isAt`.
 */
import { type AnyStateMachine, assign, cancel, enqueueActions, raise, setup } from "xstate"
import type { AnyEvent } from "../definition/Event.ts"
import { ANSWERED, dispatch } from "../outbox/Outgoing.ts"
import { isOpen, RETRY_DUE, SAGA_TIMEOUT, STEP_TIMEOUT } from "./SagaDraft.ts"
import { emptyLedger, itemOf, type SagaLedger } from "./SagaLedger.ts"
import type { SagaPlan, SagaStage, SagaWork } from "./SagaPlan.ts"
import { reduce } from "./SagaRun.ts"

/** States that every saga has; no step may be called so. */
export const SAGA_STATES = ["idle", "completed", "compensating", "compensated", "stuck", "aborted"] as const

type Json = { readonly [key: string]: unknown }

const RECORD = { actions: ["record", "send", "setTimers"] }
const onItemStuck = { ...RECORD, guard: "isStuckThere" }

/** Records these events where they come. */
const records = (...types: ReadonlyArray<string>): Json =>
  Object.fromEntries(types.map((type) => [type, RECORD]))

/** Goes to `target` once the book is at one of these states. */
const follows = (target: string, states: ReadonlyArray<string>): Json => ({
  target,
  guard: { type: "isAt", params: { states } },
})

const BACKWARD = ["compensating", "compensated", "stuck", "aborted"]

/** For readers of the drawing. */
const describeWork = ({ path, kind, when, compensate }: SagaWork): string => {
  const each = kind === "forEach" ? " for each item" : ""
  const condition = when === undefined ? "" : ", if its condition holds"
  return `${path}${each}${condition}; ${compensate === undefined ? "nothing to undo" : "undone when the saga fails"}.`
}

const stageState = (stage: SagaStage, next: string, beyond: ReadonlyArray<string>): Json => ({
  description: stage.works.map(describeWork).join(" "),
  ...(stage.isParallel && {
    type: "parallel",
    states: Object.fromEntries(stage.works.map(({ path }) => [path.slice(stage.key.length + 1), {}])),
  }),
  on: {
    ...records(ANSWERED, STEP_TIMEOUT, RETRY_DUE, SAGA_TIMEOUT, "SagaCancelled", "SagaUndoAsked"),
    SagaResolved: { ...RECORD, guard: "isOpenThere" },
  },
  always: [follows("compensating", BACKWARD), follows(next, beyond)],
})

/** The statechart as JSON. */
export const sagaChart = ({ type, stages }: SagaPlan): Json => {
  const forward = [...stages.map(({ key }) => key), "completed"]
  const states = stages.map((stage, index): readonly [string, Json] => [
    stage.key,
    stageState(stage, forward[index + 1] as string, forward.slice(index + 1)),
  ])
  return {
    id: type,
    initial: "idle",
    states: {
      idle: {
        on: records("SagaStarted"),
        always: follows(forward[0] as string, [...forward, ...BACKWARD]),
      },
      ...Object.fromEntries(states),
      // Not final: the saga that this one is a step of may still have it undone.
      completed: {
        on: records(ANSWERED, "SagaUndoAsked"),
        always: follows("compensating", BACKWARD),
      },
      compensating: {
        on: records(ANSWERED, RETRY_DUE, "SagaUndoAsked", "SagaAborted"),
        always: BACKWARD.slice(1).map((state) => follows(state, [state])),
      },
      stuck: {
        on: {
          ...records(ANSWERED, "SagaUndoAsked", "SagaAborted"),
          SagaRetried: onItemStuck,
          SagaSkipped: onItemStuck,
          SagaResolved: onItemStuck,
        },
        always: [follows("compensating", ["compensating", "compensated"]), follows("aborted", ["aborted"])],
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

/** The machine that runs `plan`. */
export const sagaMachine = (plan: SagaPlan): AnyStateMachine => {
  const record = assign(({ context, event }: Seen) => reduce(plan, context, event))
  const send = dispatch(({ context }: Seen) => context.outbox)
  const setTimers = enqueueActions(({ context, enqueue }) => {
    const { timers, cancels } = context as SagaLedger
    for (const id of cancels) enqueue(cancel(id))
    for (const { id, delayMs, event } of timers) enqueue(raise(event, { id, delay: delayMs }))
  })
  const built = setup({
    types: {} as { context: SagaLedger; events: AnyEvent; input: { readonly id: string } },
    actions: { record: record as never, send: send as never, setTimers: setTimers as never },
    guards: {
      isAt: ({ context }, { states }: { readonly states: ReadonlyArray<string> }) =>
        states.includes(context.at),
      isStuckThere: ({ context, event }) => context.stuck?.item === event.item,
      isOpenThere: ({ context, event }) => {
        const item = itemOf(context, event.item as string)
        return item !== undefined && isOpen(item.status)
      },
    },
  })
  const chart = sagaChart(plan) as unknown as Parameters<typeof built.createMachine>[0]
  return built.createMachine({ ...chart, context: ({ input }) => emptyLedger(input.id) } as typeof chart)
}

// biome-ignore-all lint/suspicious/noExplicitAny: erased type parameters; what users write is inferred and checked
/**
 * `defineSaga(...)`: a long transaction over several actors. If a step fails, the steps before it are undone
 * in reverse order.
 *
 * Owns the definition and its types. A saga is an actor. Its machine is compiled from the steps, its progress
 * is stored like that of any actor, and its messages go through the outbox, so it goes on after a crash at
 * any point. How steps are written: SagaSteps.ts. The machine: SagaMachine.ts. The rules: SagaRun.ts. Playing
 * all outcomes: CheckSaga.ts.
 */
import type { MachineSnapshot } from "xstate"
import {
  type ActorDefinition,
  type ActorTypes,
  type AnyActor,
  type CommitSize,
  defineActor,
  type EventsOf,
} from "../definition/Actor.ts"
import type { Rejection } from "../definition/Decision.ts"
import type { DefinitionOf } from "../definition/DefinitionOf.ts"
import { InvalidDefinition } from "../definition/InvalidDefinition.ts"
import type { AnyEvent } from "../event/Event.ts"
import type { ToSend } from "../message/Outgoing.ts"
import type { AnySaga, SagaStart } from "./AnySaga.ts"
import { sagaAudit } from "./SagaAudit.ts"
import { TOO_LARGE } from "./SagaDraft.ts"
import {
  type InputOfSaga,
  inputDefinition,
  type SagaCommand,
  type SagaEvent,
  type SagaInput,
  sagaCommands,
  sagaEvents,
} from "./SagaEvents.ts"
import type { SagaLedger } from "./SagaLedger.ts"
import { sagaMachine } from "./SagaMachine.ts"
import { pictureOf, type SagaPicture } from "./SagaPicture.ts"
import { planRefOf, SAGA_ANSWER_WAIT_MS_DEFAULT, type SagaCause, type SagaPlan } from "./SagaPlan.ts"
import { type SagaPlans, sagaPlans } from "./SagaPlans.ts"
import { type SagaResult, sagaOutcome } from "./SagaResult.ts"
import { requireTime, type SagaSteps, type StepArgs, StepRecorder } from "./SagaSteps.ts"

export type { AnySaga, SagaInputOf, SagaResultsOf, SagaStart } from "./AnySaga.ts"

/**
 * Says which event of another actor starts a saga, and gives the saga's id and input.
 *
 * @example startsWhen: { from: Order, event: "OrderPlaced", saga: ({ event, id }) => ({ id, input: { lines: event.lines } }) }
 */
export interface StartsWhen<A extends AnyActor, Type, Input> {
  /** The actor type, or the saga, whose event starts a saga. */
  readonly from: DefinitionOf<A>
  readonly event: Type
  /**
   * Gives the saga's id and input; `undefined` where this event starts no saga. `id` is the actor that stored
   * the event. Pure.
   */
  readonly saga: (args: {
    readonly event: Extract<EventsOf<A>, { readonly type: Type }>
    readonly id: string
  }) => { readonly id: string; readonly input: Input } | undefined
  /**
   * First event that a saga type reads when it is new. `"beginning"`, the default: events that were stored
   * before the saga type was first deployed start sagas too. `"now"`: only later events do.
   */
  readonly start?: "beginning" | "now"
}

/** Options of `defineSaga`. */
export interface SagaOptions<
  Type extends string,
  I extends SagaInput,
  Results,
  A extends AnyActor = AnyActor,
  E extends EventsOf<A>["type"] = EventsOf<A>["type"],
> {
  readonly type: Type
  /**
   * Version of the plan, default 1. Raise it when the steps change, and keep the former definition in
   * `previous`.
   */
  readonly version?: number
  /**
   * Former definitions of this saga, unchanged, because a saga goes on under the definition that it started
   * with. A former definition brings its own former ones. A saga whose definition is missing is stuck as soon
   * as it is read.
   */
  readonly previous?: ReadonlyArray<AnySaga>
  /**
   * Input of the saga: a schema whose output is plain JSON, or `defineEvent({ version, schema, upcast })`
   * once it has changed.
   */
  readonly input: I
  /** The event that starts a saga. Without it a saga is started by the command `Start`. */
  readonly startsWhen?: StartsWhen<A, E, InputOfSaga<NoInfer<I>>>
  /** Adds the steps, in the order in which they run. */
  readonly steps: (saga: SagaSteps<InputOfSaga<I>, unknown>) => SagaSteps<InputOfSaga<I>, Results>
  /**
   * Longest time from the start to the completion, in milliseconds; then the saga is cancelled. Without it
   * there is no limit.
   */
  readonly timeoutMs?: number
  /**
   * Longest silence on the way back, in milliseconds, default ten minutes. A saga that waits for the answer
   * of a step or compensation for so long, or at most twice as long, is stuck.
   */
  readonly answerWaitMs?: number
  /**
   * What is sent when all steps are completed. Pure, like all functions here. If it throws, the saga fails.
   */
  readonly completed?: (args: StepArgs<InputOfSaga<I>, NoInfer<Results>>) => ToSend
  /** What is sent when all steps are undone. If it throws, the saga is stuck. */
  readonly compensated?: (
    args: StepArgs<InputOfSaga<I>, Partial<NoInfer<Results>>> & { readonly cause: SagaCause },
  ) => ToSend
}

/** The XState snapshot of a saga; its context is the saga's ledger. */
export type SagaState = MachineSnapshot<SagaLedger, any, any, any, any, any, any, any>

/** A saga as an actor. */
export type SagaActor<Type extends string, I, Results = unknown> = ActorDefinition<
  Type,
  ActorTypes<
    SagaCommand<I>,
    SagaEvent<I>,
    SagaState,
    { readonly Undo: Rejection<"NotARequest"> | Rejection<"NotTheParent"> | [] }
  > & { readonly result: SagaResult<Results> }
>

/** A saga, as `defineSaga` makes it: its actor and its plan. It is accepted where its actor is. */
export interface SagaDefinition<Type extends string, I extends SagaInput, Results> {
  readonly type: Type
  /** The saga as an actor: `Start`, `Cancel`, and for operators `Retry`, `Skip`, `Resolve`, `Abort`. */
  readonly actor: SagaActor<Type, I, Results>
  readonly startsWhen: SagaStart | undefined
  /** The plan under which sagas start. */
  readonly plan: SagaPlan
  /** The newest plan and the plans of former versions. */
  readonly plans: SagaPlans
  /** Types of the sagas that are steps of this one, and of the sagas within them. */
  readonly nests: ReadonlySet<string>
  /** Its picture: Mermaid text, and a configuration that Stately's editor imports. */
  readonly describe: () => SagaPicture
  readonly "~types"?: { readonly input: InputOfSaga<I>; readonly results: Results }
}

/**
 * Defines a saga. Throws {@link InvalidDefinition} for malformed names and times, and for sagas that nest
 * each other.
 */
export const defineSaga = <
  const Type extends string,
  I extends SagaInput,
  Results,
  A extends AnyActor,
  const E extends EventsOf<A>["type"],
>(
  options: SagaOptions<Type, I, Results, A, E>,
): SagaDefinition<Type, I, Results> => {
  const { type, input, startsWhen, timeoutMs, completed, compensated, version = 1, previous = [] } = options
  const { answerWaitMs = SAGA_ANSWER_WAIT_MS_DEFAULT } = options
  requireTime(type, "timeoutMs", timeoutMs)
  requireTime(type, "answerWaitMs", answerWaitMs)
  const recorder = recordSteps(type, options.steps as (saga: never) => unknown)
  const plan: SagaPlan = {
    type,
    ref: planRefOf(version, recorder.stages),
    input: inputDefinition(input),
    stages: recorder.stages,
    works: new Map(recorder.works.map((work) => [work.path, work])),
    timeoutMs,
    answerWaitMs,
    completed: completed as SagaPlan["completed"],
    compensated: compensated as SagaPlan["compensated"],
  }
  const plans = sagaPlans(plan, previous)
  const nests = new Set([
    ...recorder.sagas.flatMap((saga) => [saga.type, ...saga.nests]),
    ...previous.flatMap((saga) => [...saga.nests]),
  ])
  if (nests.has(type)) throw cycle(type)
  return {
    type,
    actor: actorOf(type, plans),
    startsWhen,
    plan,
    plans,
    nests,
    describe: () => pictureOf(plan),
  }
}

/**
 * Events and commands of all sagas differ in the input only, so their types are written down, not inferred.
 */
const actorOf = <Type extends string, I extends SagaInput, Results>(
  type: Type,
  plans: SagaPlans,
): SagaActor<Type, I, Results> => {
  const parts = { events: sagaEvents(plans), commands: sagaCommands(plans) as never }
  const actor = defineActor({ type, machine: sagaMachine(type, plans), ...parts })
  const follows = ({ context }: SagaState): AnyEvent | undefined => context.due ?? undefined
  const tooLarge = (event: AnyEvent, size: CommitSize): AnyEvent => ({ type: TOO_LARGE, event, ...size })
  const outcome = sagaOutcome(plans)
  return { ...actor, follows, tooLarge, outcome, audit: sagaAudit(type, plans) } as unknown as SagaActor<
    Type,
    I,
    Results
  >
}

const recordSteps = (type: string, steps: (saga: never) => unknown): StepRecorder => {
  const recorder = new StepRecorder(type)
  try {
    steps(recorder as never)
  } catch (cause) {
    // JavaScript throws this error only if a step names a saga that is defined later.
    if (cause instanceof ReferenceError) throw cycle(type, cause.message)
    throw cause
  }
  if (recorder.stages.length > 0) return recorder
  throw new InvalidDefinition({
    actorType: type,
    what: "a saga without steps",
    hint: "Give it one step at least.",
  })
}

const cycle = (actorType: string, detail?: string): InvalidDefinition =>
  new InvalidDefinition({
    actorType,
    what: `sagas that nest each other in a cycle${detail === undefined ? "" : ` (${detail})`}`,
    hint: "It would never end. Take the common steps into a saga of their own.",
  })

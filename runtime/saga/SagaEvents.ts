/**
 * The stored events of what happens to a saga from outside, and the commands that ask for it.
 *
 * Owns both. Answers and timers come as events of the runtime and have no commands. SagaMachine.ts says which
 * event is accepted in which state.
 */
import { Schema } from "effect"
import type { CommandDefinition, DecideInput } from "../definition/Actor.ts"
import { accept, type Decided, reject } from "../definition/Decision.ts"
import { send } from "../definition/Send.ts"
import { type AnyEvent, defineEvent, type EventDefinition } from "../event/Event.ts"
import { type AnySchema, type InputOf, type OutputOf, validate } from "../event/Schema.ts"
import { RequestRef } from "../message/Outgoing.ts"
import { haltOf } from "./SagaAudit.ts"
import type { SagaLedger } from "./SagaLedger.ts"
import { type PlanRef, readRequestName, SAGA_RULES, type SagaCause } from "./SagaPlan.ts"
import { planFor, type SagaPlans } from "./SagaPlans.ts"

/** Input of a saga: a schema, or `defineEvent({ version, schema, upcast })` once it has changed. */
export type SagaInput = AnySchema | EventDefinition

type SchemaOf<I> = I extends EventDefinition<infer S> ? S : I

/** Type of the input as its schema gives it. */
export type InputOfSaga<I> = OutputOf<SchemaOf<I>>

/** Name and reason of a manual command: kept with the event for readers of the history. */
const Signed = Schema.Struct({ by: Schema.String, note: Schema.String })
type Signed = typeof Signed.Type

/** `item` is the key of the work item, as the saga's context has it. */
const OnItem = Schema.Struct({ item: Schema.String, ...Signed.fields })
type OnItem = typeof OnItem.Type

/** `isHalted`: the code that took the command had no plan of the saga. */
const Aborted = Schema.Struct({ ...Signed.fields, isHalted: Schema.optional(Schema.Boolean) })
type Aborted = typeof Aborted.Type

const Resolution = Schema.Struct({ item: Schema.String, result: Schema.Json, ...Signed.fields })
type Resolution = typeof Resolution.Type

const Cause = Schema.Struct({
  kind: Schema.String,
  item: Schema.NullOr(Schema.String),
  reason: Schema.String,
  detail: Schema.optionalKey(Schema.Json),
})

const Stuck = Schema.Struct({
  item: Schema.String,
  reason: Schema.String,
  detail: Schema.optionalKey(Schema.Json),
  isSilent: Schema.optionalKey(Schema.Literal(true)),
})

/** Commands that a saga takes. */
export type SagaCommand<I> =
  /** Starts the saga. If it comes by a request, the saga's end is the answer. */
  | { readonly type: "Start"; readonly input: InputOf<SchemaOf<I>> }
  /** Cancels a saga that is not completed and undoes its completed steps. */
  | ({ readonly type: "Cancel" } & Signed)
  /**
   * Undoes the saga, completed or not. The parent saga asks for it by request and gets the answer when all is
   * undone.
   */
  | { readonly type: "Undo" }
  /** Tries the stuck compensation again, or waits once more for the answer to a step. */
  | ({ readonly type: "Retry" } & OnItem)
  /**
   * Goes on as if the stuck compensation were done. On the way back, a step whose answer is out counts as not
   * done.
   */
  | ({ readonly type: "Skip" } & OnItem)
  /** Gives the result of a step that does not answer, or of the stuck compensation. */
  | ({ readonly type: "Resolve" } & Resolution)
  /** Ends a saga that is being undone or is stuck. Steps that are not undone stay as they are. */
  | ({ readonly type: "Abort" } & Signed)

/** Events that a saga stores. Answers and timers are stored too, as events of the runtime. */
export type SagaEvent<I> =
  /** Stored before the start: the rules that the saga goes on under in every release. */
  | { readonly type: "SagaRulesSet"; readonly rules: number }
  | {
      readonly type: "SagaStarted"
      readonly input: InputOfSaga<I>
      readonly parent: RequestRef | null
      /** The plan that the saga goes on under; the first releases did not store it. */
      readonly plan?: PlanRef
    }
  | ({ readonly type: "SagaCancelled" } & Signed)
  | { readonly type: "SagaUndoAsked"; readonly replyTo: RequestRef }
  | ({ readonly type: "SagaRetried" } & OnItem)
  | ({ readonly type: "SagaSkipped" } & OnItem)
  | ({ readonly type: "SagaResolved" } & Resolution)
  /** All steps are completed. */
  | { readonly type: "SagaCompleted" }
  /** All steps are undone. */
  | { readonly type: "SagaCompensated"; readonly cause: SagaCause }
  /** The saga waits for an operator: a compensation failed, or an answer does not come. */
  | ({ readonly type: "SagaStuck" } & typeof Stuck.Type)
  /**
   * The missing answer came, and the stuck saga goes on. After `Retry`, `Skip` and `Resolve` it goes on
   * without this event.
   */
  | { readonly type: "SagaResumed"; readonly item: string }
  | ({ readonly type: "SagaAborted" } & Aborted)

/** A plain schema is version 1. */
export const inputDefinition = (input: SagaInput): EventDefinition =>
  "upcast" in input ? input : { version: 1, schema: input, upcast: {} }

/**
 * An object schema that takes the field `input` from the plan's schema and leaves the other fields as they
 * are.
 */
const withInput = (schemaFor: (given: Started) => AnySchema | undefined): AnySchema => ({
  "~standard": {
    version: 1,
    vendor: "everstate",
    validate: (value: unknown) => {
      const given = (value ?? {}) as Started
      const schema = schemaFor(given)
      if (schema === undefined) return { value: given }
      const validated = validate(schema, given.input)
      if ("value" in validated) return { value: { ...given, input: validated.value } }
      return {
        issues: validated.issues.map(({ path, message }) => ({
          message,
          path: path === "" ? ["input"] : ["input", ...path.split(".")],
        })),
      }
    },
  },
})

interface Started {
  readonly input?: unknown
  readonly plan?: PlanRef
}

/**
 * The event with which a saga starts. Its input has the form of the saga's own plan, because the functions of
 * a former plan do not know the newest form. Without the plan the input stays as it was stored.
 */
const sagaStarted = (plans: SagaPlans): EventDefinition => {
  const inputFor = ({ plan }: Started) => planFor(plans, plan ?? null)?.input
  const { version } = plans.newest.input
  const upcasters = Array.from({ length: version - 1 }, (_, index) => [
    index + 1,
    (payload: Started) => {
      const own = inputFor(payload)
      const upcaster = own?.upcast[index + 1]
      if (own === undefined || upcaster === undefined || index + 1 >= own.version) return payload
      return { ...payload, input: upcaster(payload.input) }
    },
  ])
  return {
    version,
    schema: withInput((given) => inputFor(given)?.schema),
    upcast: Object.fromEntries(upcasters),
  }
}

/** The events of a saga that has these plans. */
export const sagaEvents = (plans: SagaPlans): { readonly [type: string]: EventDefinition } => ({
  SagaStarted: sagaStarted(plans),
  SagaRulesSet: defineEvent(Schema.Struct({ rules: Schema.Int })),
  SagaCancelled: defineEvent(Signed),
  SagaUndoAsked: defineEvent(Schema.Struct({ replyTo: RequestRef })),
  SagaRetried: defineEvent(OnItem),
  SagaSkipped: defineEvent(OnItem),
  SagaResolved: defineEvent(Resolution),
  SagaCompleted: defineEvent(Schema.Struct({})),
  SagaCompensated: defineEvent(Schema.Struct({ cause: Cause })),
  SagaStuck: defineEvent(Stuck),
  SagaResumed: defineEvent(Schema.Struct({ item: Schema.String })),
  SagaAborted: defineEvent(Aborted),
})

interface Seen {
  readonly value: unknown
  readonly context: unknown
}

type Decide = (input: DecideInput<AnyEvent, Seen>) => Decided<AnyEvent>

type SagaCommandDefinition = CommandDefinition<AnySchema, AnyEvent, Seen, ReturnType<Decide>>

const start =
  ({ newest: { ref } }: SagaPlans): Decide =>
  ({ command: { input }, replyTo, state }) => {
    const started = { type: "SagaStarted", input, parent: replyTo ?? null, plan: ref }
    // The machine refuses `SagaStarted` of a saga that has started already.
    const events = state.value === "idle" ? [{ type: "SagaRulesSet", rules: SAGA_RULES }, started] : [started]
    return accept(events, { send: replyTo === undefined ? [] : send.answerLater })
  }

/** Rejects every command but `Abort` of a saga that this code cannot decide. */
const unlessHalted =
  (decide: Decide): Decide =>
  (asked) => {
    const halt = haltOf(asked.state.context as SagaLedger)
    return halt === undefined ? decide(asked) : reject("PlanMissing", halt)
  }

/** Whether `asker` is the request for the step that started this saga. */
const isParent = (asker: RequestRef, { context }: Seen): boolean => {
  const { startedBy } = context as SagaLedger
  if (startedBy?.to !== asker.to) return false
  // Only sagas name their requests after steps.
  const [own, other] = [readRequestName(startedBy.as), readRequestName(asker.as)]
  return own === undefined || other === undefined || own.itemKey === other.itemKey
}

/** Decides `Cancel`: a saga cancels its own nested saga by name, any other caller by command. */
const cancel: Decide = ({ payload, state, replyTo }) => {
  const isStop = replyTo !== undefined && readRequestName(replyTo.as)?.verb === "stop"
  if (isStop && !isParent(replyTo, state)) return reject("NotTheParent")
  return { type: "SagaCancelled", ...payload }
}

const undo: Decide = ({ state, replyTo }) => {
  if (replyTo === undefined) return reject("NotARequest")
  const isNested = (state.context as SagaLedger).startedBy !== undefined
  if (isNested && !isParent(replyTo, state)) return reject("NotTheParent")
  if (state.value === "compensated") return []
  return accept({ type: "SagaUndoAsked", replyTo }, { send: send.answerLater })
}

/** Decides that an event happens, if the machine accepts it in its state. */
const happens =
  (type: string): Decide =>
  ({ payload }) => ({ type, ...payload })

/**
 * Without the plan, the saga may be in any state of its own plan. The event says so, because that plan has to
 * take it too.
 */
const abort: Decide = (asked) => {
  const isHalted = haltOf(asked.state.context as SagaLedger) !== undefined
  return { type: "SagaAborted", ...asked.payload, ...(isHalted && { isHalted }) }
}

/** The commands of a saga that has these plans. */
export const sagaCommands = (plans: SagaPlans): { readonly [type: string]: SagaCommandDefinition } => ({
  Start: { schema: withInput(() => plans.newest.input.schema), decide: start(plans) },
  Cancel: { schema: Signed, decide: unlessHalted(cancel) },
  Undo: { schema: Schema.Struct({}), decide: unlessHalted(undo) },
  Retry: { schema: OnItem, decide: unlessHalted(happens("SagaRetried")) },
  Skip: { schema: OnItem, decide: unlessHalted(happens("SagaSkipped")) },
  Resolve: { schema: Resolution, decide: unlessHalted(happens("SagaResolved")) },
  Abort: { schema: Signed, decide: abort },
})

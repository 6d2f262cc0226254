/**
 * What happens to a saga from outside, as stored events, and the commands that ask for it.
 *
 * Owns both. Answers and timers come as events of the runtime and have no commands. Which event is accepted in which
 * state is the machine's business: SagaMachine.ts.
 */
import { Schema } from "effect"
import type { CommandDefinition, DecideInput } from "../definition/Actor.ts"
import { accept, type Decided, reject } from "../definition/Decision.ts"
import { type AnyEvent, type EventDefinition, event } from "../definition/Event.ts"
import { type AnySchema, type InputOf, type OutputOf, validate } from "../definition/Schema.ts"
import { answerLater, RequestRef } from "../outbox/Outgoing.ts"

/** What goes into a saga: a schema, or `event({ version, schema, upcast })` once it has changed. */
export type SagaInput = AnySchema | EventDefinition

type SchemaOf<I> = I extends EventDefinition<infer S> ? S : I

/** The input as its schema gives it. */
export type InputOfSaga<I> = OutputOf<SchemaOf<I>>

/** Who asks for something by hand, and why: kept with the event for whoever reads the history. */
const Signed = Schema.Struct({ by: Schema.String, note: Schema.String })
type Signed = typeof Signed.Type

/** `item`: the work item that it is about, as the saga's context names it. */
const OnItem = Schema.Struct({ item: Schema.String, ...Signed.fields })
type OnItem = typeof OnItem.Type

const Resolution = Schema.Struct({ item: Schema.String, result: Schema.Json, ...Signed.fields })
type Resolution = typeof Resolution.Type

/** What can be asked of a saga. */
export type SagaCommand<I> =
  /** Starts it; where this comes by a request, the saga's end is the answer. */
  | { readonly type: "Start"; readonly input: InputOf<SchemaOf<I>> }
  /** Gives it up and undoes what was done; until it is completed. */
  | ({ readonly type: "Cancel" } & Signed)
  /** Undoes it, also when completed; by request of the saga that it is a step of, answered when all is undone. */
  | { readonly type: "Undo" }
  /** Tries the compensation again at which it is stuck. */
  | ({ readonly type: "Retry" } & OnItem)
  /** Takes the compensation at which it is stuck for done, and goes on. */
  | ({ readonly type: "Skip" } & OnItem)
  /** Says what came of a step that does not answer, or of the compensation at which the saga is stuck. */
  | ({ readonly type: "Resolve" } & Resolution)
  /** Ends a saga that is being undone or is stuck. What is not undone stays as it is. */
  | ({ readonly type: "Abort" } & Signed)

/** What is stored of it. Answers and timers are stored as well, as events of the runtime. */
export type SagaEvent<I> =
  | {
      readonly type: "SagaStarted"
      readonly input: InputOfSaga<I>
      readonly parent: RequestRef | null
    }
  | ({ readonly type: "SagaCancelled" } & Signed)
  | { readonly type: "SagaUndoAsked"; readonly replyTo: RequestRef }
  | ({ readonly type: "SagaRetried" } & OnItem)
  | ({ readonly type: "SagaSkipped" } & OnItem)
  | ({ readonly type: "SagaResolved" } & Resolution)
  | ({ readonly type: "SagaAborted" } & Signed)

const definitionOf = (input: SagaInput): EventDefinition =>
  "upcast" in input ? input : { version: 1, schema: input, upcast: {} }

/** A schema for an object: the user's for its field `input`, the rest as it is. */
const withInput = (schema: AnySchema): AnySchema => ({
  "~standard": {
    version: 1,
    vendor: "everstate",
    validate: (value: unknown) => {
      const given = (value ?? {}) as { readonly input?: unknown }
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

/** The events of a saga with this input. */
export const sagaEvents = (input: SagaInput): { readonly [type: string]: EventDefinition } => {
  const { version, schema, upcast } = definitionOf(input)
  const upcasters = Object.entries(upcast).map(([from, upcaster]) => [
    from,
    (payload: { readonly input: unknown }) => ({ ...payload, input: upcaster(payload.input) }),
  ])
  return {
    SagaStarted: { version, schema: withInput(schema), upcast: Object.fromEntries(upcasters) },
    SagaCancelled: event(Signed),
    SagaUndoAsked: event(Schema.Struct({ replyTo: RequestRef })),
    SagaRetried: event(OnItem),
    SagaSkipped: event(OnItem),
    SagaResolved: event(Resolution),
    SagaAborted: event(Signed),
  }
}

type Decide = (input: DecideInput<AnyEvent, { readonly value: unknown }>) => Decided<AnyEvent>

type SagaCommandDefinition = CommandDefinition<
  AnySchema,
  AnyEvent,
  { readonly value: unknown },
  ReturnType<Decide>
>

const start: Decide = ({ command: { input }, replyTo }) =>
  accept(
    { type: "SagaStarted", input, parent: replyTo ?? null },
    undefined,
    replyTo === undefined ? [] : answerLater,
  )

const undo: Decide = ({ state, replyTo }) => {
  if (replyTo === undefined) return reject("NotARequest")
  if (state.value === "compensated") return []
  return accept({ type: "SagaUndoAsked", replyTo }, undefined, answerLater)
}

/** What was asked has happened, if the machine accepts it in its state. */
const happens =
  (type: string): Decide =>
  ({ command }) => ({ ...command, type })

/** The commands of a saga with this input. */
export const sagaCommands = (input: SagaInput): { readonly [type: string]: SagaCommandDefinition } => ({
  Start: { schema: withInput(definitionOf(input).schema), decide: start },
  Cancel: { schema: Signed, decide: happens("SagaCancelled") },
  Undo: { schema: Schema.Struct({}), decide: undo },
  Retry: { schema: OnItem, decide: happens("SagaRetried") },
  Skip: { schema: OnItem, decide: happens("SagaSkipped") },
  Resolve: { schema: Resolution, decide: happens("SagaResolved") },
  Abort: { schema: Signed, decide: happens("SagaAborted") },
})

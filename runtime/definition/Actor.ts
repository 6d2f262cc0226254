// biome-ignore-all lint/suspicious/noExplicitAny: erased type parameters; what users write is inferred and checked
/**
 * `defineActor(...)`: one type of actor, from its machine, its events and its commands.
 *
 * Owns the public shape of a definition and everything that types infer from it. Checks at definition time
 * that the machine can be durable (DurableMachine.ts). How commands are decided: ../cell/Decide.ts. How the
 * machine runs: ../machine/Machine.ts.
 */
import type { AnyStateMachine, EventFromLogic, InputFrom, SnapshotFrom } from "xstate"
import { ACTOR_TYPE_PATTERN } from "../address/ActorAddress.ts"
import type { Metadata } from "../commit/Commit.ts"
import type { AnyEvent, EventDefinition, EventOf, PayloadOf, Typed } from "../event/Event.ts"
import { type IntegrationEventDefinition, publishesByType } from "../event/IntegrationEvent.ts"
import type { AnySchema, InputOf, OutputOf } from "../event/Schema.ts"
import { isReserved, Machine, type MachineState } from "../machine/Machine.ts"
import type { RequestRef } from "../message/Outgoing.ts"
import type { Decided, ReasonsIn, ReplyIn } from "./Decision.ts"
import {
  type ColumnsOfType,
  type ColumnValues,
  columnsOfType,
  type DirectoryColumns,
} from "./DirectoryColumns.ts"
import { refuseWhatCannotBeDurable } from "./DurableMachine.ts"
import type { HistoryAudit } from "./HistoryAudit.ts"
import { InvalidDefinition } from "./InvalidDefinition.ts"
import { warn, warningsOf } from "./MachineWarnings.ts"
import { checkedLabel, positive, requireWholeUpcastChain } from "./OptionChecks.ts"

/** Arguments of `decide`. It may depend on nothing else, because it must be pure and synchronous. */
export interface DecideInput<Command, State> {
  /** The command with its `type`. */
  readonly command: Command
  /** The command without its `type`: `{ type: "Held", ...payload }` is an event with the same fields. */
  readonly payload: PayloadOf<Command>
  /** The XState snapshot: `matches`, `can`, `context` (frozen), `value`, `hasTag`. */
  readonly state: State
  readonly id: string
  /** Version of the last stored event, 0 for a new actor. */
  readonly version: number
  /** The commit's time, Unix milliseconds. */
  readonly nowMs: number
  readonly metadata: Metadata
  /** The request to answer, if the command came by `request`; see `send.answerLater`. */
  readonly replyTo: RequestRef | undefined
}

/** Schemas that documents show (OpenAPI, /types). The runtime does not check replies and rejections against them. */
export interface CommandDocs {
  /** Schema of the reply. */
  readonly reply?: AnySchema
  /** Schemas of the facts of rejections, by their reason. */
  readonly rejections?: { readonly [reason: string]: AnySchema }
}

/** A command: the schema of its payload (without `type`) and the pure decision. */
export interface CommandDefinition<S extends AnySchema, Command, State, Result> extends CommandDocs {
  readonly schema: S
  /** Decides the command on the actor's state. Pure, because it runs again when the actor is read again in between. */
  readonly decide: (input: DecideInput<Command, State>) => Result
}

/**
 * The type of a correct decision. For a wrong one, the type that it should have, so that the compiler's
 * complaint points at the mistake.
 */
type Checked<Decision, Event extends { readonly type: unknown }> =
  Decision extends Decided<Event>
    ? Decision
    : Decision extends { readonly type: infer Type }
      ? Type extends Event["type"]
        ? Extract<Event, { readonly type: Type }>
        : { readonly type: Event["type"] }
      : Decided<Event>

type EventMap = { readonly [type: string]: EventDefinition }

// Two maps over `commands`, one for each inferred type, because TypeScript cannot infer both types from one
// map.
type SchemaMap<Schemas> = {
  readonly [Type in keyof Schemas]: {
    readonly schema: Schemas[Type] extends AnySchema ? Schemas[Type] : AnySchema
  }
}

type DecideMap<Decisions, Schemas, Events, M extends AnyStateMachine> = {
  readonly [Type in keyof Decisions]: CommandDocs & {
    readonly decide: (
      input: DecideInput<Typed<Type, OutputOf<Schemas[Type & keyof Schemas]>>, SnapshotFrom<M>>,
    ) => Checked<Decisions[Type], Stored<Events, M>>
  }
}

/** The stored events: those of the definition, or without them the machine's own. */
type Stored<Events, M extends AnyStateMachine> = [Events] extends [never]
  ? EventFromLogic<M>
  : EventOf<Events>

/** The commands: those of the definition, or without them the machine's events. */
type Asked<Schemas, M extends AnyStateMachine> = [Schemas] extends [never]
  ? EventFromLogic<M>
  : { [Type in keyof Schemas & string]: Typed<Type, InputOf<Schemas[Type]>> }[keyof Schemas & string]

/** Type of the input that a caller gives. */
type Given<Input> = [Input] extends [never] ? undefined : InputOf<Input>

/** Type of the machine's input at the birth: the schema's output together with the actor's id. */
type Born<Input> = ([Input] extends [never] ? unknown : OutputOf<Input>) & { readonly id: string }

/**
 * Input as schemas give it: readonly, and possibly `undefined` for an optional field. Such a field is left
 * out.
 */
type Yielded<T> = unknown extends T
  ? T
  : {
      readonly [Key in keyof T]:
        | Yielded<T[Key]>
        | (Record<never, never> extends Pick<T, Key> ? undefined : never)
    }

/** Requires that the machine takes the input that it gets at the birth. */
type InputFits<Input, M extends AnyStateMachine> = [Born<Input>] extends [Yielded<InputFrom<M>>]
  ? unknown
  : [Input] extends [never]
    ? { readonly "the machine takes input: give `input`, a schema for it": never }
    : { readonly input: "the schema's output, with the id of the actor, is not the input of the machine" }

/** Requires that a definition has both events and commands, or neither. */
type BothOrNone<Events, Schemas> = [Events] extends [never]
  ? [Schemas] extends [never]
    ? unknown
    : { readonly events: unknown }
  : [Schemas] extends [never]
    ? { readonly commands: unknown }
    : unknown

/** Number of recent command ids that an actor remembers, unless its definition says otherwise. */
export const COMMANDS_REMEMBERED_DEFAULT = 1_000

/** Number of events after which a snapshot is written, unless the definition says otherwise. */
export const SNAPSHOT_EVERY_EVENTS_DEFAULT = 100

/** Options of `defineActor` that have defaults. */
export interface ActorOptions {
  /** Number of recent command ids that are remembered for deduplication, default 1,000. */
  readonly commandsRememberedCount?: number
  /**
   * Number of events after which a snapshot is written, default 100; at least half of the remembered
   * commands.
   */
  readonly snapshotEveryEvents?: number
  /**
   * Version of the snapshots, default 1; snapshots of other versions are ignored. Raise it when functions of
   * the machine give the context or the states another meaning. Changed states, transitions, names and event
   * versions are noticed without it.
   */
  readonly snapshotVersion?: number
  /** Label of the nodes that run these actors. Default: any node. */
  readonly nodeLabel?: string
  /** Integration events that this actor type publishes, by `send.publish` or by `emit` of the machine. */
  readonly publishes?: ReadonlyArray<IntegrationEventDefinition>
}

/** Types of a definition; the field does not exist at run time. */
export interface ActorTypes<Command, Event, State, Decisions, Input = undefined, Columns = NoColumns> {
  readonly command: Command
  readonly event: Event
  readonly state: State
  readonly decisions: Decisions
  /** Input that a caller gives at the birth; `undefined` for an actor without input. */
  readonly input: Input
  /** Columns that the type adds to the directory. */
  readonly columns: Columns
}

/** An actor type adds no columns to the directory. */
type NoColumns = Readonly<Record<string, never>>

type AnyCommandDefinition = CommandDefinition<AnySchema, any, any, Decided<any>>

/** Size of a commit, and the largest size that is allowed. */
export interface CommitSize {
  readonly sizeBytes: number
  readonly limitBytes: number
}

/** An actor type as the runtime sees it. */
export interface ActorDefinition<Type extends string = string, Types = unknown> {
  readonly type: Type
  readonly machine: Machine
  /** `undefined` for a machine-only actor, whose events have no schemas. */
  readonly events: { readonly [type: string]: EventDefinition } | undefined
  /** `undefined` for a machine-only actor, whose commands are its machine's events. */
  readonly commands: { readonly [type: string]: AnyCommandDefinition } | undefined
  /** Schema of the input that an actor is born with; `undefined` for an actor without input. */
  readonly input?: AnySchema | undefined
  readonly publishes: { readonly [type: string]: IntegrationEventDefinition }
  readonly commandsRememberedCount: number
  readonly snapshotEveryEvents: number
  readonly snapshotVersion: number
  readonly nodeLabel: string | undefined
  /** Columns that the type adds to the directory. */
  readonly directory?: ColumnsOfType | undefined
  /**
   * For sagas: the event that follows at once from a state. It is stored in the same commit as the event that
   * led there. Projections, reactors and metrics see it; they do not see the answers of participants.
   */
  readonly follows?: (state: MachineState) => AnyEvent | undefined
  /**
   * For sagas: the event that is stored in place of a timer or answer that makes them send more than a commit
   * can hold.
   */
  readonly tooLarge?: (event: AnyEvent, size: CommitSize) => AnyEvent
  /** For sagas: what became of one in this state; `undefined` while it is on its way. Other actors are done or not. */
  readonly outcome?: (state: MachineState) => { readonly result: unknown } | undefined
  /** For sagas: compares their histories with the code. */
  readonly audit?: HistoryAudit
  /** Warnings about features of the machine that have no effect. `defineActor` has logged each of them. */
  readonly warnings: ReadonlyArray<string>
  readonly "~types"?: Types
}

/** The definition of an actor type, whatever its events and commands. */
export type AnyActor = ActorDefinition<string, any>

type TypesOf<A> =
  A extends ActorDefinition<string, infer Types>
    ? Types extends ActorTypes<any, any, any, any, any, any>
      ? Types
      : never
    : // A saga stands for its actor.
      A extends { readonly actor: infer Actor }
      ? TypesOf<Actor>
      : never

/** The union of commands that can be asked of an actor type, or of a saga: `{ type, ...payload }`. */
export type CommandsOf<A> = TypesOf<A>["command"]

/** The union of events that an actor type stores: `{ type, ...payload }`. */
export type EventsOf<A> = TypesOf<A>["event"]

/** The XState snapshot of an actor type. */
export type StateOf<A> = TypesOf<A>["state"]

/** The input that an actor of the type is born with, as callers give it; `undefined` if it takes none. */
export type BirthInputOf<A> = TypesOf<A>["input"]

/** The columns that an actor type adds to the directory. */
export type ColumnsOf<A> = TypesOf<A>["columns"]

/** What `decide` of a command returns. */
export type DecisionOf<A, CommandType> = CommandType extends keyof TypesOf<A>["decisions"]
  ? TypesOf<A>["decisions"][CommandType]
  : undefined

/** The reply of an accepted command; `undefined` unless its `decide` uses `accept`. */
export type ReplyOf<A, CommandType> = ReplyIn<DecisionOf<A, CommandType>>

/** The reasons for which a command may be rejected by its `decide`. */
export type ReasonsOf<A, CommandType> = ReasonsIn<DecisionOf<A, CommandType>>

// One signature, because with overloads the first one that TypeScript tries widens `() => ({ type: "Paid" })`
// for all of them, and one wrong command makes it forget the types of all others.
/**
 * Defines an actor type from its machine, which EVENTS drive, and the commands that decide these events. Or
 * from a machine alone: then the machine's events are the commands and are stored as they come.
 */
export function defineActor<
  const Type extends string,
  M extends AnyStateMachine,
  const Decisions,
  Events extends EventMap = never,
  Schemas = never,
  Input extends AnySchema = never,
  const Columns extends ColumnValues = NoColumns,
>(
  options: ActorOptions & {
    readonly type: Type
    readonly machine: M
    /**
     * Schema of the machine's input. The actor's first command, a spawn or a message brings the input, and
     * the birth stores it. The machine gets `{ ...input, id }`.
     */
    readonly input?: Input
    /** Values of the context by which the directory finds actors of the type: `list({ type, where })`. */
    readonly directory?: DirectoryColumns<SnapshotFrom<M>, Columns>
    readonly events?: Events
    readonly commands?: SchemaMap<Schemas> & DecideMap<Decisions, Schemas, Events, M>
  } & BothOrNone<Events, Schemas> &
    InputFits<Input, M>,
): ActorDefinition<
  Type,
  ActorTypes<Asked<Schemas, M>, Stored<Events, M>, SnapshotFrom<M>, Decisions, Given<Input>, Columns>
>
export function defineActor(
  options: ActorOptions & {
    readonly type: string
    readonly machine: AnyStateMachine
    readonly input?: AnySchema
    readonly directory?: DirectoryColumns<any, unknown>
    readonly events?: { readonly [type: string]: EventDefinition }
    readonly commands?: { readonly [type: string]: AnyCommandDefinition }
  },
): ActorDefinition {
  const { type, machine, events, commands } = options
  if (!ACTOR_TYPE_PATTERN.test(type)) {
    throw new InvalidDefinition({
      actorType: type,
      what: "the actor type's name",
      hint: `Use lower-case letters, digits, "-" and "_", starting with a letter, 64 at most: ${ACTOR_TYPE_PATTERN}.`,
    })
  }
  if ((events === undefined) !== (commands === undefined)) {
    throw new InvalidDefinition({
      actorType: type,
      what: "a definition with only one of events and commands",
      hint: "Give both, or neither: then the machine's own events are the commands.",
    })
  }
  for (const name of [...Object.keys(events ?? {}), ...Object.keys(commands ?? {})]) {
    if (isReserved(name)) {
      const hint = 'Names are not empty, not "*", and do not start with "xstate." or "everstate.".'
      throw new InvalidDefinition({ actorType: type, what: `the event or command name "${name}"`, hint })
    }
  }
  for (const [eventType, definition] of Object.entries(events ?? {})) {
    requireWholeUpcastChain(type, eventType, definition)
  }
  const eventTypes = events && Object.keys(events)
  refuseWhatCannotBeDurable(type, machine, eventTypes)
  const durable = new Machine(type, machine)
  const definition = {
    type,
    machine: durable,
    warnings: warningsOf(type, machine, eventTypes),
    events,
    commands,
    ...(options.input === undefined ? undefined : { input: options.input }),
    publishes: publishesByType(
      options.publishes ?? [],
      (what, hint) => new InvalidDefinition({ actorType: type, what, hint }),
    ),
    commandsRememberedCount: positive(
      type,
      "commandsRememberedCount",
      options.commandsRememberedCount ?? COMMANDS_REMEMBERED_DEFAULT,
    ),
    snapshotEveryEvents: positive(
      type,
      "snapshotEveryEvents",
      options.snapshotEveryEvents ?? SNAPSHOT_EVERY_EVENTS_DEFAULT,
    ),
    snapshotVersion: positive(type, "snapshotVersion", options.snapshotVersion ?? 1),
    nodeLabel: checkedLabel(type, options.nodeLabel),
    directory: columnsOfType(type, options.directory),
  }
  warn(definition.warnings)
  return definition
}

/**
 * Defines a command in its own file, with the same type inference as inside `defineActor`: pass the machine
 * and the events that it belongs to.
 *
 * @example export const Pay = defineCommand({ type: "Pay", machine, events }, { schema, decide: ({ command, state }) => ... })
 */
export const defineCommand = <
  const Type extends string,
  M extends AnyStateMachine,
  Events extends EventMap,
  S extends AnySchema,
  const Decision,
>(
  _of: { readonly type: Type; readonly machine: M; readonly events: Events },
  definition: CommandDefinition<
    S,
    Typed<Type, OutputOf<S>>,
    SnapshotFrom<M>,
    Checked<Decision, EventOf<Events>>
  >,
): CommandDefinition<S, Typed<Type, OutputOf<S>>, SnapshotFrom<M>, Checked<Decision, EventOf<Events>>> =>
  definition

/**
 * A handle on one actor: ask it, tell it, read its state, its history, its past, and follow it. Costs nothing to make; holds
 * no state.
 *
 * Owns the Effect face; the promise face (../promise/) wraps it. The first step of a command's walk: Asker.ts.
 */
import { Clock, Effect, type Stream } from "effect"
import type { ActorAddress, InvalidActorId } from "../address/ActorAddress.ts"
import {
  type ActorQuarantined,
  type ActorUnborn,
  type AskError,
  InvalidCommand,
  type ReadError,
  SystemStopped,
  type UnknownActorType,
} from "../cell/AskError.ts"
import type { Accepted, CurrentState, Waiting } from "../cell/Waiting.ts"
import type { AskOptions, AskOptionsWithInput } from "../command/Ask.ts"
import type { AnyActor, BirthInputOf, CommandsOf, EventsOf, ReplyOf, StateOf } from "../definition/Actor.ts"
import { actorOf, type DefinitionOf } from "../definition/DefinitionOf.ts"
import type { ResultOf } from "../definition/ResultOf.ts"
import type { JournalReadError } from "../journal/Journal.ts"
import type { ProjectedEvent } from "../projection/Projection.ts"
import { Schedule } from "../schedule/Schedule.ts"
import type { Change } from "../watch/Change.ts"
import type { WatchError } from "../watch/WatchError.ts"
import { type Answer, Asker, type ReadOptions, type RefContext, type WatchRefused } from "./Asker.ts"
import { type DryRun, type DryRunOptions, dryRun } from "./DryRun.ts"
import { type HistoryOptions, type HistoryPage, history, stateAt } from "./History.ts"
import type { InvalidMoment, PastMoment, PastState } from "./PastMoment.ts"
import { type PendingWork, pendingWork } from "./PendingWork.ts"
import { type ResultError, type ResultOptions, resultOf } from "./Result.ts"
import { scheduleIdOf, schedulePlanOf, type When } from "./Scheduling.ts"
import type { TellError, Told } from "./Telling.ts"
import { sendInCallersSpan } from "./Traced.ts"
import { type EventsOptions, streamOf, type WatchOptions } from "./Watch.ts"
import type { Watcher } from "./Watcher.ts"

/** Options of a command that its actor may be born with. */
export interface BearingOptions<A extends AnyActor> extends AskOptions {
  readonly input?: BirthInputOf<A>
}

/** Options of a spawn. Input is needed where the actor's schema does not accept nothing. */
export interface SpawnOptions<Input> extends Omit<AskOptions, "ifVersion"> {
  readonly input?: Input
}

/** The last argument of a spawn: it may be left out where the actor is born without input. */
export type SpawnArguments<A extends AnyActor> =
  undefined extends BirthInputOf<A>
    ? [options?: SpawnOptions<BirthInputOf<A>>]
    : Record<string, never> extends BirthInputOf<A>
      ? [options?: SpawnOptions<BirthInputOf<A>>]
      : [options: SpawnOptions<BirthInputOf<A>> & { readonly input: BirthInputOf<A> }]

/** The actor is there. */
export interface Spawned {
  /** Version of the actor's last event, 0 without one. */
  readonly version: number
  /** Journal sequence up to which this was seen. */
  readonly sequence: number
  /** False: the actor was there before, born with the same input. */
  readonly isNew: boolean
}

type PastError =
  | JournalReadError
  | ActorQuarantined
  | ActorUnborn
  | SystemStopped
  | UnknownActorType
  | InvalidActorId

/** A handle on one actor of type `A`. */
export interface ActorRef<A extends AnyActor> {
  readonly type: string
  readonly id: string
  /**
   * Sends a command and waits until its events are durable. At most once per `commandId`, however often it is sent.
   * After `AskTimeout` or `Unavailable` send it again with the same `commandId`.
   */
  readonly ask: <C extends CommandsOf<A>>(
    command: C,
    options?: BearingOptions<A>,
  ) => Effect.Effect<Accepted<ReplyOf<A, C["type"]>>, AskError<A, C["type"]>>
  /**
   * Sends a command that is applied once, even if processes crash after this has succeeded, in the order in which this
   * process told this actor. Succeeds when the command is applied, if this node has the actor, else when it is stored in
   * the actor's mailbox. A command that the actor rejects becomes a dead letter.
   */
  readonly tell: (
    command: CommandsOf<A>,
    options?: Omit<BearingOptions<A>, "ifVersion">,
  ) => Effect.Effect<Told, TellError>
  /**
   * Tells the actor a command at a time, or again and again. A schedule has a name, unique for the actor: set again it
   * is replaced, and `unschedule` ends it; after that it never fires. Every run is a message, as of `tell`.
   */
  readonly schedule: (
    name: string,
    command: CommandsOf<A>,
    when: When,
    options?: AskOptions,
  ) => Effect.Effect<Accepted<undefined>, AskError>
  /** Ends a schedule. Rejected as `NotSet` where there is none (any more). */
  readonly unschedule: (name: string, options?: AskOptions) => Effect.Effect<Accepted<undefined>, AskError>
  /** The state after everything that was asked before through this process. */
  readonly state: (options?: ReadOptions) => Effect.Effect<CurrentState<StateOf<A>>, ReadError>
  /** One page of its events, with its birth on the first, oldest first, as the current definition reads them. */
  readonly history: (options?: HistoryOptions) => Effect.Effect<HistoryPage<EventsOf<A>>, PastError>
  /** Its state right after a version, or as it was at a time. */
  readonly stateAt: (moment: PastMoment) => Effect.Effect<PastState<StateOf<A>>, PastError | InvalidMoment>
  /** What it waits for: timers, calls, answers; and why it is in quarantine. Read from the journal. */
  readonly pending: () => Effect.Effect<PendingWork, PastError>
  /** What a command would store, send and answer, now or at a moment of the past. Stores nothing. */
  readonly dryRun: <C extends CommandsOf<A>>(
    command: C,
    options?: DryRunOptions<A>,
  ) => Effect.Effect<DryRun<A, C["type"]>, PastError | InvalidMoment>
  /**
   * First the current state, then every change in order, wherever the actor moves. Waits for an actor whose birth needs
   * input. A reader that falls more than 256 versions behind is told how many it skips, and goes on with the newest state.
   * Keeps no actor in memory.
   */
  readonly watch: (
    options?: WatchOptions,
  ) => Stream.Stream<Change<StateOf<A>, EventsOf<A>>, WatchError | InvalidMoment>
  /** Every event once, in order: the history from a version on, and then live. Skips nothing. */
  readonly events: (
    options?: EventsOptions,
  ) => Stream.Stream<ProjectedEvent<EventsOf<A>>, WatchError | InvalidMoment>
  /**
   * Waits until the machine is in a final state, and gives its output; of a saga, what became of it. Fails with
   * `ActorFailed` where the machine ended with an error, with `ResultTimeout` at the deadline.
   */
  readonly result: (options?: ResultOptions) => Effect.Effect<ResultOf<A>, ResultError>
}

/** Where handles come from: a system, or a client. */
export interface ActorRefs {
  /** A handle on the actor `id` of a type, or on the saga `id`, whose definition was given. Makes nothing; never fails. */
  readonly get: <A extends AnyActor>(definition: DefinitionOf<A>, id: string) => ActorRef<A>
  /** The callback form of {@link get}, for hot paths and the promise face. */
  readonly asker: (definition: DefinitionOf<AnyActor>, id: string) => Asker
  /**
   * Has the actor be born without a command, with its input. Idempotent: an actor that was born with the same input is
   * found. Fails with `ActorExists` where it was born with another one.
   */
  readonly spawn: <A extends AnyActor>(
    definition: DefinitionOf<A>,
    id: string,
    ...options: SpawnArguments<A>
  ) => Effect.Effect<Spawned, AskError>
}

export const makeActorRefs = (context: RefContext): ActorRefs => ({
  get: (definition, id) => makeActorRef(context, actorOf(definition), id),
  asker: (definition, id) => new Asker(context, actorOf(definition), id),
  spawn: (definition, id, ...[options]) => spawnActor(new Asker(context, actorOf(definition), id), options),
})

const checked = <B>(check: () => B): Effect.Effect<B, InvalidCommand> =>
  Effect.suspend(() => {
    try {
      return Effect.succeed(check())
    } catch (cause) {
      if (cause instanceof InvalidCommand) return Effect.fail(cause)
      throw cause
    }
  })

/** What came of a spawn. */
export const spawnedOf = ({ version, sequence, reply, duplicate }: Accepted): Spawned => ({
  version,
  sequence,
  isNew: reply === undefined && !duplicate,
})

/** Brings the actor about, if it is not there. */
const spawnActor = (asker: Asker, options: AskOptionsWithInput = {}): Effect.Effect<Spawned, AskError> =>
  Effect.map(
    Effect.callback<Accepted, AskError>((resume) => {
      const item = asker.spawn(options, resume)
      return item === undefined ? undefined : Effect.sync(() => item.abandon())
    }),
    spawnedOf,
  )

/** The Effect face of an asker. */
const makeActorRef = <A extends AnyActor>(context: RefContext, actor: A, id: string): ActorRef<A> => {
  const asker = new Asker(context, actor, id)
  const { trace } = context
  const placed = Effect.suspend(
    (): Effect.Effect<ActorAddress, SystemStopped | UnknownActorType | InvalidActorId> => {
      const address = asker.address()
      if (address instanceof Error) return Effect.fail(address)
      if (context.isStopped()) return Effect.fail(new SystemStopped({ actorType: actor.type, id }))
      return Effect.succeed(address)
    },
  )
  const waitFor = <B, E>(handOver: (answer: Answer<B, E>) => Waiting | undefined): Effect.Effect<B, E> =>
    Effect.callback<B, E>((resume) => {
      const item = handOver(resume)
      return item === undefined ? undefined : Effect.sync(() => item.abandon())
    })
  return {
    type: actor.type,
    id,
    ask: (command, options = {}) =>
      sendInCallersSpan(trace, options, (given) =>
        waitFor((answer) => asker.ask(command, given, answer as Answer<Accepted, AskError>)),
      ),
    tell: (command, options = {}) =>
      sendInCallersSpan(trace, options, (given) =>
        Effect.callback<Told, TellError>((resume) => {
          const abandon = asker.tell(command, given, resume)
          return abandon === undefined ? undefined : Effect.sync(abandon)
        }),
      ),
    schedule: (name, command, when, options = {}) =>
      Effect.flatMap(placed, (address) =>
        Effect.flatMap(Clock.currentTimeMillis, (nowMs) => {
          const plan = checked(() => ({
            id: scheduleIdOf(address, name),
            set: schedulePlanOf(actor, address, command, when, nowMs),
          }))
          return Effect.flatMap(plan, ({ id, set }) => makeActorRef(context, Schedule, id).ask(set, options))
        }),
      ),
    unschedule: (name, options = {}) =>
      Effect.flatMap(placed, (address) =>
        Effect.flatMap(
          checked(() => scheduleIdOf(address, name)),
          (id) => makeActorRef(context, Schedule, id).ask({ type: "Clear" }, options),
        ),
      ),
    state: (options = {}) => waitFor((answer) => asker.read(options, answer)),
    history: (options = {}) =>
      Effect.flatMap(placed, (address) => history(context.journal, actor, address, options)) as Effect.Effect<
        HistoryPage<EventsOf<A>>,
        PastError
      >,
    stateAt: (moment) => Effect.flatMap(placed, (address) => stateAt(context, actor, address, moment)),
    pending: () => Effect.flatMap(placed, (address) => pendingWork(context.journal, actor, address)),
    dryRun: (command, options = {}) =>
      Effect.flatMap(placed, (address) => dryRun(context, actor, address, command, options)) as never,
    watch: (options = {}) => streamOf(orRefused(() => asker.watcher(options))),
    events: (options = {}) => streamOf(orRefused(() => asker.eventWatcher(options))),
    result: (options = {}) =>
      Effect.flatMap(placed, (address) => resultOf(context, actor, address, options, context.askDeadlineMs)),
  }
}

const orRefused = <Item>(
  make: () => Watcher<Item> | WatchRefused,
): Effect.Effect<Watcher<Item>, WatchRefused> =>
  Effect.suspend(() => {
    const made = make()
    return made instanceof Error ? Effect.fail(made) : Effect.succeed(made)
  })

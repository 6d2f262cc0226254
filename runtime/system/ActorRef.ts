/**
 * A handle on one actor: ask it, tell it, read its state, its history, its past. Costs nothing to make; holds no state.
 *
 * Owns the first step of a command's walk: check, deadline, hand over to the cells. This is the Effect face; the
 * promise face (../promise/) wraps it.
 */
import { Clock, Effect, Exit } from "effect"
import { type ActorAddress, addressOf, InvalidActorId } from "../address/ActorAddress.ts"
import {
  type ActorQuarantined,
  type ActorUnborn,
  type AskError,
  AskTimeout,
  InvalidCommand,
  type ReadError,
  SystemStopped,
  Unavailable,
  UnknownActorType,
} from "../cell/AskError.ts"
import type { Cells } from "../cell/Cells.ts"
import type { Command, Spawn } from "../cell/Decide.ts"
import {
  type Accepted,
  type CurrentState,
  type Waiting,
  WaitingCommand,
  WaitingRead,
} from "../cell/Waiting.ts"
import { type AskOptions, type AskOptionsWithInput, commandOf, optionsOf, spawnOf } from "../command/Ask.ts"
import type { AnyActor, BirthInputOf, CommandsOf, EventsOf, ReplyOf, StateOf } from "../definition/Actor.ts"
import { actorOf, type DefinitionOf } from "../definition/DefinitionOf.ts"
import type { JournalReadError, JournalService } from "../journal/Journal.ts"
import type { MailboxService } from "../mailbox/Mailbox.ts"
import { Schedule } from "../schedule/Schedule.ts"
import type { DeadlineWheel } from "../time/DeadlineWheel.ts"
import { type DryRun, type DryRunOptions, dryRun } from "./DryRun.ts"
import { type HistoryOptions, type HistoryPage, history, type PastState, stateAt } from "./History.ts"
import type { InvalidMoment, PastMoment } from "./PastMoment.ts"
import { type PendingWork, pendingWork } from "./PendingWork.ts"
import { scheduleIdOf, schedulePlanOf, type When } from "./Scheduling.ts"
import { type TellError, type Told, tellActor } from "./Tell.ts"

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

/** Options of a read of an actor. */
export interface ReadOptions {
  readonly deadlineMs?: number
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
   * Stores a command in the actor's mailbox: applied once, also where processes crash meanwhile, in the order in which this sender
   * told this actor. What the actor then rejects becomes a dead letter.
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

/** What refs of one system share. */
export interface RefContext {
  /** Where commands and reads go. */
  readonly cells: Pick<Cells, "offer">
  readonly journal: JournalService
  readonly mailbox: MailboxService
  readonly wheel: DeadlineWheel
  readonly shardCount: number
  readonly askDeadlineMs: number
  readonly knows: (actor: AnyActor) => boolean
  readonly nextCommandId: () => string
  readonly isStopped: () => boolean
}

/** Any answer of a cell. */
type Answer<A, E> = (exit: Exit.Exit<A, E>) => void

/** The callback form of a ref, without a fiber of its own: both faces stand on it. */
export class Asker {
  readonly #context: RefContext
  readonly #actor: AnyActor
  readonly id: string
  #address: ActorAddress | UnknownActorType | InvalidActorId | undefined

  constructor(context: RefContext, actor: AnyActor, id: string) {
    this.#context = context
    this.#actor = actor
    this.id = id
  }

  /** Hands the command over. The returned item can be abandoned; the work then goes on without an answer. */
  ask(given: unknown, options: AskOptionsWithInput, answer: Answer<Accepted, AskError>): Waiting | undefined {
    const hint = "It may have been stored all the same: ask again with the same commandId."
    return this.#hand(options, hint, answer, (address, read) =>
      commandOf(this.#actor, address, given, read, this.#context.nextCommandId),
    )
  }

  #hand(
    options: AskOptionsWithInput,
    hint: string,
    answer: Answer<Accepted, AskError>,
    commandFrom: (address: ActorAddress, options: AskOptionsWithInput) => Command | Spawn,
  ): Waiting | undefined {
    const address = this.address()
    if (address instanceof Error) {
      answer(Exit.fail(address))
      return undefined
    }
    let item: WaitingCommand
    let deadlineMs: number | undefined
    try {
      const read = optionsOf(address, options)
      const command = commandFrom(address, read)
      item = new WaitingCommand(command, read.ifVersion, answer)
      deadlineMs = read.deadlineMs
    } catch (cause) {
      if (!(cause instanceof InvalidCommand)) throw cause
      answer(Exit.fail(cause))
      return undefined
    }
    this.#handOver(address, item, item.command.commandId, deadlineMs, hint)
    return item
  }

  /** The same for a spawn. */
  spawn(options: AskOptionsWithInput, answer: Answer<Accepted, AskError>): Waiting | undefined {
    return this.#hand(options, "Spawn again.", answer, (address, read) =>
      spawnOf(this.#actor, address, read, this.#context.nextCommandId),
    )
  }

  read(options: ReadOptions, answer: Answer<CurrentState, ReadError>): Waiting | undefined {
    const address = this.address()
    if (address instanceof Error) {
      answer(Exit.fail(address))
      return undefined
    }
    const item = new WaitingRead(answer)
    this.#handOver(address, item, "", options.deadlineMs, "Try again.")
    return item
  }

  address(): ActorAddress | UnknownActorType | InvalidActorId {
    this.#address ??= this.#place()
    return this.#address
  }

  #place(): ActorAddress | UnknownActorType | InvalidActorId {
    const { type } = this.#actor
    if (!this.#context.knows(this.#actor)) {
      const hint = "Give its definition to the system at start (`actors: [...]`)."
      return new UnknownActorType({ actorType: type, id: this.id, hint })
    }
    try {
      return addressOf(type, this.id, this.#context.shardCount)
    } catch (cause) {
      if (cause instanceof InvalidActorId) return cause
      throw cause
    }
  }

  #handOver(
    address: ActorAddress,
    item: Waiting,
    commandId: string,
    deadlineMs: number = this.#context.askDeadlineMs,
    hint: string,
  ): void {
    const { cells, wheel } = this.#context
    const timeout = () => {
      const { type: actorType, id } = address
      const { trouble: detail } = item
      if (detail === undefined) {
        const why = item.waitsFor === undefined ? undefined : { detail: item.waitsFor }
        return item.settle(Exit.fail(new AskTimeout({ actorType, id, commandId, deadlineMs, ...why, hint })))
      }
      const stored = item._tag === "Command" && item.mayBeStored ? "Unknown" : "No"
      item.settle(
        Exit.fail(
          new Unavailable({ actorType, id, stored, detail, hint: "Try again with the same commandId." }),
        ),
      )
    }
    if (this.#context.isStopped()) {
      return item.settle(Exit.fail(new SystemStopped({ actorType: address.type, id: address.id })))
    }
    item.giveUpAt(wheel.schedule(deadlineMs, timeout), deadlineMs)
    cells.offer(this.#actor, address, item)
  }
}

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
      waitFor((answer) => asker.ask(command, options, answer as Answer<Accepted, AskError>)),
    tell: (command, options = {}) =>
      Effect.flatMap(placed, (address) => tellActor(context, actor, address, command, options)),
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
    stateAt: (moment) =>
      Effect.flatMap(placed, (address) => stateAt(context.journal, actor, address, moment)),
    pending: () => Effect.flatMap(placed, (address) => pendingWork(context.journal, actor, address)),
    dryRun: (command, options = {}) =>
      Effect.flatMap(placed, (address) => dryRun(context, actor, address, command, options)) as never,
  }
}

/**
 * The callback form of a handle on an actor: the first step of a command's walk, and of a watch.
 *
 * Owns check, deadline, and handing over to the cells. It makes no fiber. Both faces stand on it: ActorRef.ts and
 * ../promise/ActorRef.ts.
 */
import { Exit } from "effect"
import { type ActorAddress, addressOf, InvalidActorId } from "../address/ActorAddress.ts"
import {
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
import { type AskOptionsWithInput, commandOf, optionsOf, spawnOf } from "../command/Ask.ts"
import type { AnyActor } from "../definition/Actor.ts"
import type { JournalService } from "../journal/Journal.ts"
import type { ProjectedEvent } from "../projection/Projection.ts"
import type { WatchRoutes } from "../router/WatchRoute.ts"
import type { DeadlineWheel } from "../time/DeadlineWheel.ts"
import type { Change } from "../watch/Change.ts"
import type { InvalidMoment } from "./PastMoment.ts"
import type { PastStates } from "./PastStates.ts"
import type { Tells } from "./Tell.ts"
import type { TellAnswer } from "./Telling.ts"
import { type TraceContext, tracedSend } from "./Traced.ts"
import { type EventsOptions, invalidVersion, type WatchOptions } from "./Watch.ts"
import { ChangeWatcher, EventWatcher, type Watcher } from "./Watcher.ts"

/** Options of a read of an actor. */
export interface ReadOptions {
  readonly deadlineMs?: number
}

/** What refs of one system share. */
export interface RefContext {
  /** Where commands and reads go. */
  readonly cells: Pick<Cells, "offer">
  readonly routes: WatchRoutes
  readonly journal: JournalService
  /** States of the past that were folded lately. */
  readonly past: PastStates
  readonly tells: Tells
  readonly wheel: DeadlineWheel
  readonly shardCount: number
  readonly askDeadlineMs: number
  readonly knows: (actor: AnyActor) => boolean
  readonly nextCommandId: () => string
  readonly isStopped: () => boolean
  /** For spans; `undefined`: nothing is traced. */
  readonly trace: TraceContext | undefined
}

/** Why there is no watcher. */
export type WatchRefused = InvalidMoment | UnknownActorType | InvalidActorId

/** Any answer of a cell. */
export type Answer<A, E> = (exit: Exit.Exit<A, E>) => void

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
    const { trace } = this.#context
    if (trace === undefined) return this.#ask(given, options, answer)
    const sent = { verb: "ask", actorType: this.#actor.type, id: this.id, command: given } as const
    const traced = tracedSend(trace, sent, { options, answer })
    return this.#ask(given, traced.options, traced.answer)
  }

  #ask(
    given: unknown,
    options: AskOptionsWithInput,
    answer: Answer<Accepted, AskError>,
  ): Waiting | undefined {
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

  /** Tells the actor a command. Returns how to stop waiting for the answer; the work then goes on without one. */
  tell(given: unknown, options: AskOptionsWithInput, answer: TellAnswer): (() => void) | undefined {
    const { trace, tells, isStopped } = this.#context
    const address = this.address()
    const { type: actorType } = this.#actor
    if (address instanceof Error || isStopped()) {
      const error = address instanceof Error ? address : new SystemStopped({ actorType, id: this.id })
      answer(Exit.fail(error))
      return undefined
    }
    if (trace === undefined) return tells.tell(this.#actor, address, given, options, answer)
    const sent = { verb: "tell", actorType, id: this.id, command: given } as const
    const traced = tracedSend(trace, sent, { options, answer })
    return tells.tell(this.#actor, address, given, traced.options, traced.answer)
  }

  /** The same for a spawn. */
  spawn(options: AskOptionsWithInput, answer: Answer<Accepted, AskError>): Waiting | undefined {
    const { trace } = this.#context
    const sent = { verb: "spawn", actorType: this.#actor.type, id: this.id, command: undefined } as const
    const given = { options, answer }
    const traced = trace === undefined ? given : tracedSend(trace, sent, given)
    return this.#hand(traced.options, "Spawn again.", traced.answer, (address, read) =>
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

  /** A watcher of states and events, or why there is none. */
  watcher({ after, deadlineMs = this.#context.askDeadlineMs }: WatchOptions): Watcher<Change> | WatchRefused {
    const invalid = invalidVersion("after", after)
    const address = this.address()
    if (invalid !== undefined || address instanceof Error) return invalid ?? (address as WatchRefused)
    return new ChangeWatcher(this.#context, this.#actor, address, after, deadlineMs)
  }

  /** A watcher of events, or why there is none. */
  eventWatcher(options: EventsOptions): Watcher<ProjectedEvent> | WatchRefused {
    const { from = 1, deadlineMs = this.#context.askDeadlineMs } = options
    const invalid = invalidVersion("from", from)
    const address = this.address()
    if (invalid !== undefined || address instanceof Error) return invalid ?? (address as WatchRefused)
    return new EventWatcher(this.#context, this.#actor, address, from, deadlineMs)
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

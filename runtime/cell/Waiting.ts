/**
 * What waits in front of a cell: commands, signals and reads, each answered at most once.
 *
 * Owns the item's life: taken in, answered by the cell or at its deadline, dropped if its caller has gone.
 * The queue: CellQueue.ts.
 */
import { Exit } from "effect"
import type { MachineState } from "../machine/Machine.ts"
import type { Message } from "../mailbox/Message.ts"
import type { Floor, Origin } from "../message/Origin.ts"
import type { Deadline } from "../time/DeadlineWheel.ts"
import { type AskError, type Busy, type ReadError, type SystemStopped, Unavailable } from "./AskError.ts"
import type { Command, Spawn, Undecidable } from "./Decide.ts"
import type { Pending } from "./Pending.ts"
import type { Signal } from "./Signal.ts"

/** Items that may wait in the queue of one actor's cell; further items are refused as Busy. */
export const QUEUE_ITEMS_MAX = 1_024

/** The answer to an accepted command. */
export interface Accepted<Reply = unknown> {
  /** Version of the actor's last event after the command. */
  readonly version: number
  /** Journal sequence that holds the command's events. Give it to `waitFor` to read your own write. */
  readonly sequence: number
  readonly reply: Reply
  /**
   * The command had been applied before, and this is the answer that it got then. Also true for a first time
   * if another node may have answered and its answer was lost.
   */
  readonly duplicate: boolean
}

/** An actor's state as its owner knows it. */
export interface CurrentState<State = MachineState> {
  /** Version of the last event, 0 for an actor that never stored one. */
  readonly version: number
  /** Journal sequence of the last event's commit, 0 for an actor that never stored one. */
  readonly sequence: number
  /** False: the actor has no event and was not spawned. `state` is the state in which it would be born. */
  readonly isBorn: boolean
  /** The XState snapshot: `value`, `context`, `matches`, `can`, `hasTag`. Its context is frozen. */
  readonly state: State
}

/** Count of items of a node that wait or are in work. */
export interface InFlight {
  count: number
}

abstract class Item<A, E> {
  #answer: ((exit: Exit.Exit<A, E>) => void) | undefined
  #deadline: Deadline | undefined
  #inFlight: InFlight | undefined
  #waitMs = 0
  /** The item came from another node; if this node cannot answer it, the item goes back there. */
  isRemote = false
  /** Known cause of the missing answer, told if the deadline passes. */
  trouble: string | undefined
  /** What the item's actor waits for, if known, told if the deadline passes. */
  waitsFor: string | undefined

  constructor(answer: (exit: Exit.Exit<A, E>) => void) {
    this.#answer = answer
  }

  /** The caller has its answer, or its deadline has passed. A settled item that still waits is dropped. */
  get isSettled(): boolean {
    return this.#answer === undefined
  }

  /**
   * Counts the item until it is settled. It is counted once, even if it goes to another node and comes back.
   */
  countIn(inFlight: InFlight): void {
    if (this.isSettled || this.#inFlight !== undefined) return
    inFlight.count++
    this.#inFlight = inFlight
  }

  /** Sets the deadline, which is cancelled when the item is settled in time. */
  giveUpAt(deadline: Deadline, waitMs: number): void {
    this.#waitMs = waitMs
    if (this.isSettled) deadline.cancel()
    else this.#deadline = deadline
  }

  /** Total time that its caller waits, in milliseconds. */
  get waitMs(): number {
    return this.#waitMs
  }

  /** Answers the caller; later calls do nothing. */
  settle(exit: Exit.Exit<A, E>): void {
    const answer = this.#answer
    if (answer === undefined) return
    this.#answer = undefined
    this.#deadline?.cancel()
    if (this.#inFlight !== undefined) this.#inFlight.count--
    answer(exit)
  }

  /** Refuses an item that was not decided. */
  refuse(error: E): void {
    this.settle(Exit.fail(error))
  }

  /** The caller has gone away; the work goes on without an answer. */
  abandon(): void {
    if (this.#answer !== undefined) this.#answer = ignore
  }
}

const ignore = (): void => undefined

/** Origin of a message, for its cell. */
export interface Sent {
  readonly origin: Origin
  /** What its source reports as settled. */
  readonly floor: Floor | undefined
  /** The message itself, which its dead letter holds. */
  readonly message: Message
}

export class WaitingCommand extends Item<Accepted, AskError> {
  readonly _tag = "Command"
  readonly command: Command | Signal | Spawn | Undecidable
  readonly ifVersion: number | undefined
  /** Origin and message, if the command came by a message with an origin. */
  readonly sent: Sent | undefined
  /**
   * The command came by a message. A refused message does not come again, so a refusal must rest on the
   * newest state.
   */
  readonly isMessage: boolean
  /**
   * An append that carried the command had an unknown outcome. Finding the command in the journal is then no
   * repeat.
   */
  wasAttempted = false
  /**
   * Another node was sent the command and may have stored it. If it is found in the journal, the caller is
   * told that it is a repeat.
   */
  wasSent = false

  constructor(
    command: Command | Signal | Spawn | Undecidable,
    ifVersion: number | undefined,
    answer: (exit: Exit.Exit<Accepted, AskError>) => void,
    isMessage = false,
    sent?: Sent,
  ) {
    super(answer)
    this.command = command
    this.ifVersion = ifVersion
    this.isMessage = isMessage
    this.sent = sent
  }

  get origin(): Origin | undefined {
    return this.sent?.origin
  }

  get floor(): Floor | undefined {
    return this.sent?.floor
  }

  get mayBeStored(): boolean {
    return this.wasAttempted || this.wasSent
  }

  /** A refusal does not tell whether an earlier attempt stored the command. */
  override refuse(error: Busy | SystemStopped | Unavailable): void {
    if (!this.mayBeStored) return super.refuse(error)
    const { actorType, id, message: detail } = error
    const hint = "Ask again with the same commandId."
    super.refuse(new Unavailable({ actorType, id, stored: "Unknown", detail, hint }))
  }
}

export class WaitingRead extends Item<CurrentState, ReadError> {
  readonly _tag = "Read"
}

/** A request for what the actor still waits for. */
export class WaitingPending extends Item<Pending, ReadError> {
  readonly _tag = "Pending"
  /** Journal sequence of the commit that the request is about. */
  readonly since: number

  constructor(since: number, answer: (exit: Exit.Exit<Pending, ReadError>) => void) {
    super(answer)
    this.since = since
  }
}

export type Waiting = WaitingCommand | WaitingRead | WaitingPending

/** The journal sequence that an actor's state must include before it can decide or answer `waiting`. */
export const neededBy = (waiting: Waiting): number => {
  if (waiting._tag === "Pending") return waiting.since
  return waiting._tag === "Command" && waiting.command._tag === "Signal" ? waiting.command.since : 0
}

/** The timers whose message does not wait here. */
export const timersWithout = (
  timers: Pending["timers"],
  waiting: ReadonlyArray<Waiting>,
): Pending["timers"] => {
  const rest = new Map(timers)
  for (const item of waiting) {
    const command = item._tag === "Command" ? item.command : undefined
    if (command?._tag === "Signal" && command.kind === "timer") rest.delete(command.name)
  }
  return rest
}

export const isCommand = (waiting: Waiting): waiting is WaitingCommand => waiting._tag === "Command"

/** Whether a caller still waits for the item's answer. */
export const isOpen = (waiting: Waiting): boolean => !waiting.isSettled

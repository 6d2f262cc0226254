/**
 * What waits in front of a cell: commands, signals and reads, each answered at most once.
 *
 * Owns the item's life: taken in, answered by the cell or at its deadline, dropped if its caller has gone.
 * The queue itself: CellQueue.ts.
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

/** Items that may wait in the queue of one actor's cell; the next one is refused as Busy. */
export const QUEUE_ITEMS_MAX = 1_024

/** The answer to an accepted command. */
export interface Accepted<Reply = unknown> {
  /** Version of the actor's last event after the command. */
  readonly version: number
  /** Journal sequence that holds the command's events; give it to `waitFor` to read your own write. */
  readonly sequence: number
  readonly reply: Reply
  /**
   * The command had been applied before; this is the answer it got then. Also said of a first time whose answer another
   * node gave and nobody heard.
   */
  readonly duplicate: boolean
}

/** An actor's state as its owner knows it. */
export interface CurrentState<State = MachineState> {
  /** Version of the last event, 0 for an actor that never stored one. */
  readonly version: number
  /** Journal sequence of the last event's commit, 0 likewise. */
  readonly sequence: number
  /** False: the actor has no event and was not spawned. `state` is the one that it would be born in. */
  readonly isBorn: boolean
  /** The XState snapshot: `value`, `context`, `matches`, `can`, `hasTag`. Its context is frozen. */
  readonly state: State
}

/** How many items of a node wait or are in work. */
export interface InFlight {
  count: number
}

abstract class Item<A, E> {
  #answer: ((exit: Exit.Exit<A, E>) => void) | undefined
  #deadline: Deadline | undefined
  #inFlight: InFlight | undefined
  #waitMs = 0
  /** Another node asks; what this one cannot answer goes back there. */
  isRemote = false
  /** What keeps the answer away, where that is known: said if the deadline passes. */
  trouble: string | undefined
  /** What its actor waits for, where that is known: told with the time-out. */
  waitsFor: string | undefined

  constructor(answer: (exit: Exit.Exit<A, E>) => void) {
    this.#answer = answer
  }

  /** The caller has its answer, or its deadline has passed: an item that still waits then is dropped. */
  get isSettled(): boolean {
    return this.#answer === undefined
  }

  /** Counts the item until it is settled; once, though it goes elsewhere and comes back. */
  countIn(inFlight: InFlight): void {
    if (this.isSettled || this.#inFlight !== undefined) return
    inFlight.count++
    this.#inFlight = inFlight
  }

  /** The deadline that is cancelled when the item is settled in time. */
  giveUpAt(deadline: Deadline, waitMs: number): void {
    this.#waitMs = waitMs
    if (this.isSettled) deadline.cancel()
    else this.#deadline = deadline
  }

  /** How long its caller waits in all, in milliseconds. */
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

  /** Refuses the item, which was not looked at. */
  refuse(error: E): void {
    this.settle(Exit.fail(error))
  }

  /** The caller has gone away: the work goes on without an answer. */
  abandon(): void {
    if (this.#answer !== undefined) this.#answer = ignore
  }
}

const ignore = (): void => undefined

/** Where a message comes from, as its cell has to know it. */
export interface Sent {
  readonly origin: Origin
  /** What its source says to be settled. */
  readonly floor: Floor | undefined
  /** The message itself: its dead letter holds it. */
  readonly message: Message
}

export class WaitingCommand extends Item<Accepted, AskError> {
  readonly _tag = "Command"
  readonly command: Command | Signal | Spawn | Undecidable
  readonly ifVersion: number | undefined
  /** It came by a message that has an origin. */
  readonly sent: Sent | undefined
  /** It came by a message, which is gone once it is refused: so a refusal has to rest on the newest state. */
  readonly isMessage: boolean
  /** An append that carried it had an unknown outcome: finding it in the journal is then no repeat. */
  wasAttempted = false
  /** Another node was sent it, and may have stored it: finding it may be a repeat or not, and is told as one. */
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

  /** What became of an earlier attempt to store it is not known from a refusal. */
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

/** Somebody wants to know what the actor still waits for. */
export class WaitingPending extends Item<Pending, ReadError> {
  readonly _tag = "Pending"
  /** Journal sequence of the commit that it is about. */
  readonly since: number

  constructor(since: number, answer: (exit: Exit.Exit<Pending, ReadError>) => void) {
    super(answer)
    this.since = since
  }
}

export type Waiting = WaitingCommand | WaitingRead | WaitingPending

/** The journal sequence that an actor's state must include before it can say anything about `waiting`. */
export const neededBy = (waiting: Waiting): number => {
  if (waiting._tag === "Pending") return waiting.since
  return waiting._tag === "Command" && waiting.command._tag === "Signal" ? waiting.command.since : 0
}

/** The timers whose message is not among what waits. */
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

/** Somebody still waits for its answer. */
export const isOpen = (waiting: Waiting): boolean => !waiting.isSettled

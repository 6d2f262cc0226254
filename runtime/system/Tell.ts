/**
 * `tell`: a command that is applied once, later or now. Accepted when it is stored: its effect in the journal, or the
 * message in the mailbox.
 *
 * Owns the choice of the road. The same check as for an ask (../command/Ask.ts) comes first, so what is malformed never
 * becomes a message. Where this node has the actor's shard, the command goes to the actor's cell, without a message and
 * without a fiber. It goes to the mailbox where the shard is another node's, while its type is paused, and behind an
 * earlier tell of this process to the actor that is there. One tell: TellOnItsWay.ts. Their order: TellLane.ts and
 * ../inbox/ToldMail.ts. Who takes messages from the mailbox: ../inbox/Inbox.ts.
 */
import { Clock, Effect, Exit, FiberSet, type Scope } from "effect"
import type { ActorAddress, InvalidActorId } from "../address/ActorAddress.ts"
import {
  type Busy,
  InvalidCommand,
  type PayloadTooLarge,
  type SystemStopped,
  type Unavailable,
  type UnknownActorType,
} from "../cell/AskError.ts"
import type { Cells } from "../cell/Cells.ts"
import type { Command } from "../cell/Decide.ts"
import type { ShardMap } from "../cluster/ShardMap.ts"
import { type AskOptions, type AskOptionsWithInput, commandOf, optionsOf } from "../command/Ask.ts"
import { DeadLetters, type DeadLettersService } from "../deadletter/DeadLetters.ts"
import type { ActorDefinition } from "../definition/Actor.ts"
import type { InboxCounts } from "../inbox/InboxCounts.ts"
import type { PublishingTell, ToldMail } from "../inbox/ToldMail.ts"
import type { MailboxService } from "../mailbox/Mailbox.ts"
import type { DeadlineWheel } from "../time/DeadlineWheel.ts"
import { TellLane } from "./TellLane.ts"
import { TellOnItsWay } from "./TellOnItsWay.ts"

/** As for an ask, without a version to compare with: the command may be applied later. */
export type TellingOptions = Omit<AskOptions, "ifVersion">

/** The command is stored: it was applied, will be applied, or is a dead letter. */
export interface Told {
  /** Id under which it is applied once. */
  readonly commandId: string
}

/** What can come of a tell. After `Unavailable` send it again with the same `commandId`. */
export type TellError =
  | Busy
  | InvalidCommand
  | PayloadTooLarge
  | Unavailable
  | SystemStopped
  | UnknownActorType
  | InvalidActorId

export type TellAnswer = (exit: Exit.Exit<Told, TellError>) => void

/** How many tells of this process took which road. */
export interface TellCounts {
  /** Given to the actor's cell on this node. Some of them then had to take the mailbox. */
  directCount: number
  /** Published to the mailbox. */
  mailedCount: number
}

/** What a process with actors of its own has for tells. */
export interface DirectTells {
  readonly cells: Pick<Cells, "offer" | "takes" | "withdraw">
  readonly isPaused: (type: string) => boolean
  readonly isClear: (definition: ActorDefinition, address: ActorAddress) => boolean
  /** A tell is being published. */
  readonly publishing: (definition: ActorDefinition, address: ActorAddress) => PublishingTell
  readonly deadLetters: DeadLettersService
  readonly counts: InboxCounts
}

export interface TellContext {
  readonly mailbox: MailboxService
  readonly wheel: DeadlineWheel
  readonly clock: Clock.Clock
  readonly nextCommandId: () => string
  readonly fork: (work: Effect.Effect<unknown, unknown>) => void
  /** The system has ended: nothing can be stored any more. */
  readonly isEnded: () => boolean
  readonly counts: TellCounts
  /** `undefined` for a client: all its tells take the mailbox. */
  readonly direct: DirectTells | undefined
}

export interface TellsOptions {
  readonly mailbox: MailboxService
  readonly wheel: DeadlineWheel
  readonly askDeadlineMs: number
  readonly nextCommandId: () => string
}

/** The tells of a process. */
export class Tells {
  readonly #context: TellContext
  readonly #askDeadlineMs: number
  /** By the actor's key. */
  readonly #lanes = new Map<string, TellLane>()

  constructor(context: TellContext, askDeadlineMs: number) {
    this.#context = context
    this.#askDeadlineMs = askDeadlineMs
  }

  get counts(): Readonly<TellCounts> {
    return this.#context.counts
  }

  /**
   * Tells the actor a command; `answer` is called once. Returns how to stop waiting for the answer; `undefined` if it
   * was given already.
   */
  tell(
    definition: ActorDefinition,
    address: ActorAddress,
    given: unknown,
    options: AskOptionsWithInput,
    answer: TellAnswer,
  ): (() => void) | undefined {
    const { nextCommandId, direct } = this.#context
    let command: Command
    let deadlineMs: number
    try {
      const read = optionsOf(address, options)
      command = commandOf(definition, address, given, read, nextCommandId)
      deadlineMs = read.deadlineMs ?? this.#askDeadlineMs
    } catch (cause) {
      if (!(cause instanceof InvalidCommand)) throw cause
      answer(Exit.fail(cause))
      return undefined
    }
    const tell = new TellOnItsWay(this.#context, { definition, address, command, deadlineMs, answer })
    if (direct !== undefined) this.#start(tell, direct, definition, address)
    else tell.publish()
    return tell.abandon
  }

  #start(tell: TellOnItsWay, direct: DirectTells, definition: ActorDefinition, address: ActorAddress): void {
    const { cells, isPaused, isClear } = direct
    const lane = this.#lanes.get(address.key)
    const isDirect =
      lane?.isDiverted !== true &&
      cells.takes(definition, address) &&
      !isPaused(definition.type) &&
      isClear(definition, address)
    if (isDirect) tell.toCell(direct, lane ?? TellLane.of(this.#lanes, address.key))
    else if (lane === undefined) tell.publish()
    else tell.toMailbox(lane)
  }
}

const makeContext = (
  { mailbox, wheel, nextCommandId }: TellsOptions,
  direct: DirectTells | undefined,
): Effect.Effect<TellContext, never, Scope.Scope> =>
  Effect.gen(function* () {
    const clock = yield* Clock.Clock
    const fork = yield* FiberSet.makeRuntime<never>()
    let isEnded = false
    yield* Effect.addFinalizer(() =>
      Effect.sync(() => {
        isEnded = true
      }),
    )
    const counts = { directCount: 0, mailedCount: 0 }
    return { mailbox, wheel, clock, nextCommandId, fork, isEnded: () => isEnded, counts, direct }
  })

/** The tells of a client. */
export const makeClientTells = (options: TellsOptions): Effect.Effect<Tells, never, Scope.Scope> =>
  Effect.map(makeContext(options, undefined), (context) => new Tells(context, options.askDeadlineMs))

export interface NodeTellsOptions extends TellsOptions, Pick<DirectTells, "cells" | "isPaused"> {
  readonly inbox: { readonly told: ToldMail; readonly counts: InboxCounts }
  readonly shardMap: ShardMap
}

/** The tells of a node. */
export const makeNodeTells = (
  options: NodeTellsOptions,
): Effect.Effect<Tells, never, DeadLetters | Scope.Scope> =>
  Effect.gen(function* () {
    const { cells, isPaused, inbox, shardMap, askDeadlineMs } = options
    const { told, counts } = inbox
    const deadLetters = yield* DeadLetters
    const shardIndexOf = ({ type }: ActorDefinition, { shard }: ActorAddress) =>
      shardMap.indexOf(type, shard) ?? -1
    const context = yield* makeContext(options, {
      cells,
      isPaused,
      isClear: (definition, address) => told.isClear(address, shardIndexOf(definition, address)),
      publishing: (definition, address) => told.begin(address, shardIndexOf(definition, address)),
      deadLetters,
      counts,
    })
    return new Tells(context, askDeadlineMs)
  })

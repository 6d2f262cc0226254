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
import type { ActorAddress } from "../address/ActorAddress.ts"
import { InvalidCommand } from "../cell/AskError.ts"
import type { Command } from "../cell/Decide.ts"
import type { ShardMap } from "../cluster/ShardMap.ts"
import { type AskOptionsWithInput, commandOf, optionsOf } from "../command/Ask.ts"
import { DeadLetters } from "../deadletter/DeadLetters.ts"
import type { ActorDefinition } from "../definition/Actor.ts"
import type { InboxCounts } from "../inbox/InboxCounts.ts"
import type { ToldMail } from "../inbox/ToldMail.ts"
import type { MailboxService } from "../mailbox/Mailbox.ts"
import type { DeadlineWheel } from "../time/DeadlineWheel.ts"
import type { DirectTells, TellAnswer, TellContext, TellCounts } from "./Telling.ts"
import { TellLane } from "./TellLane.ts"
import { TellOnItsWay } from "./TellOnItsWay.ts"

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

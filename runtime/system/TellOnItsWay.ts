/**
 * One tell, from its caller to the place where it is stored: the journal, through the cell of its actor, or the mailbox.
 *
 * Owns what each answer of the cell means for the caller. A tell that the cell refuses for good becomes a dead letter
 * here, and never goes to the mailbox, where it would be decided a second time. A tell that the cell does not take goes
 * to the mailbox, unless it may be in an append: then only the cell knows its outcome. Order: TellLane.ts.
 */
import { Effect, Exit } from "effect"
import type { ActorAddress } from "../address/ActorAddress.ts"
import { type AskError, unavailable } from "../cell/AskError.ts"
import type { Command } from "../cell/Decide.ts"
import { type FinalRefusal, finalRefusalOf } from "../cell/FinalRefusal.ts"
import { type Accepted, WaitingCommand } from "../cell/Waiting.ts"
import type { ActorDefinition } from "../definition/Actor.ts"
import { DIRECT_MS } from "../mailbox/Deliver.ts"
import { encodeMessage, messageText } from "../mailbox/Message.ts"
import { storeLetter } from "../outbox/StoreLetter.ts"
import type { Deadline } from "../time/DeadlineWheel.ts"
import { monotonicMs } from "../time/MonotonicTime.ts"
import { messageOfTell, notInTime, TELL_AGAIN, tellByMail, tooLargeToTell } from "./TellByMail.ts"
import type { DirectTells, TellAnswer, TellContext } from "./Telling.ts"
import type { LaneTell, TellLane } from "./TellLane.ts"

const ENDED = "the system stopped before it was stored"

interface Given {
  readonly definition: ActorDefinition
  readonly address: ActorAddress
  readonly command: Command
  readonly deadlineMs: number
  readonly answer: TellAnswer
}

export class TellOnItsWay implements LaneTell {
  readonly #context: TellContext
  readonly #given: Given
  readonly #untilMs: number
  #answer: TellAnswer | undefined
  #lane: TellLane | undefined
  /** In front of the actor's cell. */
  #item: WaitingCommand | undefined
  #deadline: Deadline | undefined
  /** The cell gave it back, and it may be stored. */
  #mayBeStored = false

  constructor(context: TellContext, given: Given) {
    this.#context = context
    this.#given = given
    this.#answer = given.answer
    this.#untilMs = monotonicMs(context.clock) + given.deadlineMs
  }

  /** The caller has gone away; the work goes on without an answer. */
  readonly abandon = (): void => {
    if (this.#answer !== undefined) this.#answer = ignore
  }

  /** Gives it to the actor's cell, behind the earlier ones of the lane. */
  toCell({ cells }: DirectTells, lane: TellLane): void {
    const { definition, address, command, deadlineMs } = this.#given
    this.#lane = lane
    this.#context.counts.directCount++
    lane.toCell(this)
    const item = new WaitingCommand(command, undefined, (exit) => this.#answered(item, exit), true)
    this.#item = item
    // A short deadline leaves time for the mailbox.
    this.#lookAfter(item, Math.min(DIRECT_MS, deadlineMs / 2))
    cells.offer(definition, address, item)
  }

  /** Leaves it to the mailbox, behind the earlier ones of the lane. */
  toMailbox(lane: TellLane): void {
    this.#lane = lane
    this.#waitForTurn()
    lane.toMailbox(this)
  }

  withdraw(): boolean {
    const item = this.#item
    const { direct } = this.#context
    if (item === undefined || direct === undefined) return false
    this.#item = undefined
    if (!direct.cells.withdraw(this.#given.address, item)) {
      this.#item = item
      return false
    }
    this.#waitForTurn()
    return true
  }

  publish(): void {
    if (this.#answer === undefined) return
    const { mailbox, fork, isEnded, direct, counts } = this.#context
    const { address, command, definition, deadlineMs } = this.#given
    this.#deadline?.cancel()
    if (isEnded()) return this.#end()
    counts.mailedCount++
    const data = encodeMessage(messageOfTell(command))
    const mayBeStored = this.#mayBeStored
    const publishing = direct?.publishing(definition, address)
    const repeated = () => publishing?.repeated()
    const mailed = { address, command, data, restMs: this.#restMs, deadlineMs, mayBeStored, repeated }
    fork(
      Effect.onExit(tellByMail(mailbox, mailed), (exit) =>
        Effect.sync(() => {
          if (Exit.isSuccess(exit)) {
            publishing?.stored(exit.value)
            return this.#stored()
          }
          publishing?.failed()
          const [reason] = exit.cause.reasons
          if (reason?._tag === "Interrupt") return this.#end("Unknown")
          this.#settle(Exit.failCause(exit.cause))
        }),
      ),
    )
  }

  get #restMs(): number {
    return Math.max(0, this.#untilMs - monotonicMs(this.#context.clock))
  }

  #lookAfter(item: WaitingCommand, ms: number): void {
    item.giveUpAt(
      this.#context.wheel.schedule(ms, () => this.#silent(item)),
      ms,
    )
  }

  /** The cell has not answered. */
  #silent(item: WaitingCommand): void {
    const restMs = this.#restMs
    if (restMs === 0) return this.#tooLate(item)
    // An earlier one that the cell has may still be stored, so this one cannot go to the mailbox yet.
    if (this.#lane?.isFirst(this) === true && this.withdraw()) this.#lane.divert(this)
    else this.#lookAfter(item, Math.min(DIRECT_MS, restMs))
  }

  #tooLate(item: WaitingCommand): void {
    const stored = this.withdraw() && !this.#mayBeStored ? "No" : "Unknown"
    this.#item = undefined
    item.settle(Exit.interrupt())
    this.#giveUp(stored)
  }

  #waitForTurn(): void {
    this.#deadline = this.#context.wheel.schedule(this.#restMs, () =>
      this.#giveUp(this.#mayBeStored ? "Unknown" : "No"),
    )
  }

  #giveUp(stored: "No" | "Unknown"): void {
    this.#settle(Exit.fail(notInTime(this.#given.address, stored, this.#given.deadlineMs)))
    this.#lane?.leave(this)
  }

  /** The cell's answer. */
  #answered(item: WaitingCommand, exit: Exit.Exit<Accepted, AskError>): void {
    if (this.#item !== item) return
    this.#item = undefined
    const lane = this.#lane
    if (Exit.isSuccess(exit)) {
      this.#stored()
      return lane?.leave(this)
    }
    const [reason] = exit.cause.reasons
    const error = reason?._tag === "Fail" ? reason.error : undefined
    const refusal = error === undefined ? undefined : finalRefusalOf(error)
    if (refusal !== undefined) {
      this.#refused(refusal, error?._tag === "PayloadTooLarge" ? error.hint : undefined)
      return lane?.leave(this)
    }
    this.#mayBeStored = item.mayBeStored || (error?._tag === "Unavailable" && error.stored === "Unknown")
    this.#waitForTurn()
    lane?.divert(this)
  }

  /** Stores the dead letter. `hintIfTooLarge`: the refusal is about the size of the command's commit. */
  #refused({ reason, detail }: FinalRefusal, hintIfTooLarge: string | undefined): void {
    const { mailbox, clock, fork, direct, nextCommandId } = this.#context
    const { address, command, deadlineMs } = this.#given
    const message = messageOfTell(command)
    if (hintIfTooLarge !== undefined) {
      const { length } = encodeMessage(message)
      // The mailbox would have refused it, too.
      if (length > mailbox.messageBytesMax)
        return this.#settle(Exit.fail(tooLargeToTell(mailbox, address, length, hintIfTooLarge)))
    }
    if (direct === undefined) return
    this.#deadline = this.#context.wheel.schedule(this.#restMs, () =>
      this.#settle(Exit.fail(notInTime(address, "Unknown", deadlineMs))),
    )
    direct.counts.deadLetterCount++
    const letter = {
      key: address.key,
      reason,
      detail,
      attemptCount: 1,
      atMs: clock.currentTimeMillisUnsafe(),
      // The same command may be told again, and its second refusal is another letter.
      messageId: `${command.commandId}@tell.${nextCommandId()}`,
      original: messageText(message),
    }
    const storing = storeLetter(direct.deadLetters, letter, { isWanted: () => this.#answer !== undefined })
    fork(
      Effect.onExit(storing, (exit) =>
        Effect.sync(() =>
          Exit.isSuccess(exit) && exit.value._tag === "Sent" ? this.#stored() : this.#end("Unknown"),
        ),
      ),
    )
  }

  #stored(): void {
    this.#settle(Exit.succeed({ commandId: this.#given.command.commandId }))
  }

  /** The system stops. */
  #end(stored: "No" | "Unknown" = this.#mayBeStored ? "Unknown" : "No"): void {
    this.#settle(Exit.fail(unavailable(this.#given.address, stored, ENDED, TELL_AGAIN)))
  }

  #settle(exit: Parameters<TellAnswer>[0]): void {
    const answer = this.#answer
    if (answer === undefined) return
    this.#answer = undefined
    this.#deadline?.cancel()
    answer(exit)
  }
}

const ignore = (): void => undefined

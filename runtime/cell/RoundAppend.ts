/**
 * The append of a round's commit, as a cell waits for it: answered by callback, without a fiber.
 *
 * Owns the way from a round to the journal and back to the phase that played it. The content of the commit:
 * RoundCommit.ts. Running.ts and Asleep.ts handle the answer.
 */
import { Effect } from "effect"
import type { CommitStamp } from "../commit/Commit.ts"
import { invariant } from "../invariant/Invariant.ts"
import type { AppendUnderWay, AppendUnknown, JournalRefused } from "../journal/Journal.ts"
import type { MachineState } from "../machine/Machine.ts"
import { directoryPartOf } from "./DirectoryPartOf.ts"
import type { Confirmed } from "./Fold.ts"
import type { CellCore } from "./Phase.ts"
import type { Round } from "./Round.ts"
import { commitOf } from "./RoundCommit.ts"
import type { Step, Wait, Waiter } from "./Wait.ts"

export type AppendError = AppendUnknown | JournalRefused

export abstract class RoundAppend implements Wait {
  readonly cell: CellCore
  /** State on which the round was played. */
  readonly before: Confirmed
  readonly round: Round
  readonly stamp: CommitStamp
  readonly #data: Uint8Array
  #answer: number | AppendError | undefined
  #defect: unknown
  #waiter: Waiter | undefined
  #underWay: AppendUnderWay | undefined

  constructor(cell: CellCore, before: Confirmed, round: Round) {
    const { context, epoch, shardIndex } = cell
    const { format, nowMs } = round.limits
    // Without a lease the commit would name no epoch, so nothing would fence it.
    invariant(epoch > 0, "appendUnderLease", () => ({ key: cell.address.key, epoch }))
    const mark = format === 1 ? undefined : context.markOf(shardIndex)
    this.cell = cell
    this.before = before
    this.round = round
    this.stamp = { era: mark?.era ?? epoch, atMs: nowMs }
    const directoryOf = (state: MachineState) => directoryPartOf(cell, state)
    this.#data = commitOf(before, round, { format, at: nowMs, epoch, directoryOf }, mark)
  }

  /** The commit is in the journal. */
  protected abstract onStored(sequence: number): Step
  protected abstract onFailed(error: AppendError): Step

  begin(waiter: Waiter): void {
    const { address, appends, context } = this.cell
    this.#waiter = waiter
    appends.begin(this.before.sequence)
    this.#underWay = context.beginAppend(address, this.before.sequence, this.#data, this)
  }

  stored(sequence: number): void {
    this.#answer = sequence
    this.#waiter?.answered(this)
  }

  failed(error: AppendError): void {
    this.#answer = error
    this.#waiter?.answered(this)
  }

  died(defect: unknown): void {
    this.#defect = defect
    this.#waiter?.answered(this)
  }

  goOn(): Step {
    const answer = this.#answer
    if (answer === undefined) throw this.#defect
    if (typeof answer === "number") {
      invariant(answer > this.before.sequence, "commitsAscend", () => ({
        key: this.cell.address.key,
        before: this.before.sequence,
        stored: answer,
      }))
      return this.onStored(answer)
    }
    this.cell.queue.roundIsOver()
    return this.onFailed(answer)
  }

  get stop(): Effect.Effect<void> {
    return Effect.sync(() => this.#underWay?.cancel())
  }
}

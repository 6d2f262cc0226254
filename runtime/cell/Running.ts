/**
 * Running: the actor is in memory, and waiting items are decided round by round.
 *
 * Before: Recovering.ts, or Asleep.ts if the actor was new. After: Asleep.ts, if the state is not trusted any
 * more or the journal does not answer; Quarantined.ts, if a record of another node cannot be read.
 *
 * Owns the walk of a command after it was routed (docs/ARCHITECTURE.md): round → append → state visible →
 * answers → actions. One append is in flight per actor. Every failure of the append that leaves the outcome
 * open has one remedy: read what the journal holds now and play the round again.
 */
import { Effect } from "effect"
import type { JournalRefused } from "../journal/Journal.ts"
import { answer, confirmedBy, tell } from "./Acknowledged.ts"
import type { Confirmed } from "./Fold.ts"
import { pauseAfter } from "./JournalTrouble.ts"
import { type CellCore, type Running, withoutState } from "./Phase.ts"
import { neededSequence, play } from "./Playing.ts"
import { catchUp } from "./Recovery.ts"
import { answerRefused } from "./RefusedRound.ts"
import type { Round } from "./Round.ts"
import { type AppendError, RoundAppend } from "./RoundAppend.ts"
import { unknownOutcome } from "./UnknownOutcome.ts"
import { unreadable } from "./Unreadable.ts"
import { EffectWait, type Step } from "./Wait.ts"
import { isOpen } from "./Waiting.ts"

/** Reads, over about five seconds, for a commit that a message is about, before the commit counts as lost. */
const BEHIND_LOOKS_MAX = 12

export const running = (cell: CellCore, phase: Running): Step => {
  const isBehind = phase.confirmed.sequence < neededSequence(cell)
  return isBehind ? catchUpBehind(cell, phase) : decideRound(cell, phase)
}

/**
 * Reads again, because a message is about a commit that this state lacks: another node wrote it, or a server
 * answered with too little. A commit that never appears was lost with a server's power; the cell then goes on
 * with the state that it has.
 */
const catchUpBehind = (cell: CellCore, phase: Running): Step => {
  const { queue, appends, trouble } = cell
  const pause = phase.behindCount === 0 ? Effect.void : pauseAfter(trouble.attemptCount)
  trouble.attemptCount++
  return caughtUp(cell, pause, phase.confirmed, (now) => {
    phase.confirmed = now
    appends.reached(now.sequence)
    const isBehind = now.sequence < neededSequence(cell)
    phase.behindCount = isBehind ? phase.behindCount + 1 : 0
    if (!isBehind) trouble.attemptCount = 0
    if (phase.behindCount < BEHIND_LOOKS_MAX) return
    queue.neededSequence = phase.behindCount = 0
    appends.abandon()
  })
}

/** Reads what the journal holds after `confirmed`, after `pause`. */
const caughtUp = (
  cell: CellCore,
  pause: Effect.Effect<void>,
  confirmed: Confirmed,
  onRead: (now: Confirmed) => void,
): Step =>
  new EffectWait(
    cell.context.fork,
    Effect.andThen(pause, catchUp(cell.context, cell.definition, cell.address, confirmed)).pipe(
      Effect.matchEffect({
        onSuccess: (now) =>
          Effect.sync(() => {
            onRead(now)
            cell.context.changes.caughtUp(cell.address, now)
          }),
        onFailure: (failure) => unreadable(cell, failure),
      }),
    ),
  )

const decideRound = (cell: CellCore, phase: Running): Step => {
  const { confirmed } = phase
  const round = play(cell, confirmed)
  // A refusal may be untrue if an append with an open outcome may still be stored, or another node's commit
  // was not seen. A commit without entries (a fence) then takes that place in the journal, or shows that the
  // place is taken.
  const isUnsure = cell.appends.isUnresolvedAt(confirmed.sequence)
  const mustFence = round.refusesMessage || (isUnsure && (round.refusesSome || round.taken.length === 0))
  if (round.entries.length === 0 && !mustFence) {
    answer(cell, round, confirmed)
    return undefined
  }
  // Take no snapshot of this state while the append is in flight.
  if (round.isStateSuspect) cell.phase = withoutState(cell.phase)
  return new RunningAppend(cell, phase, round)
}

class RunningAppend extends RoundAppend {
  readonly #phase: Running

  constructor(cell: CellCore, phase: Running, round: Round) {
    super(cell, phase.confirmed, round)
    this.#phase = phase
  }

  /** The tentative state becomes the confirmed state, and callers get their answers. */
  protected onStored(sequence: number): Step {
    const confirmed = confirmedBy(this, sequence)
    this.#phase.confirmed = confirmed
    tell(this, confirmed, this.#phase.snapshotDue)
    return undefined
  }

  protected onFailed(error: AppendError): Step {
    return error._tag === "AppendUnknown" ? this.#readAgain(error) : this.#refused(error)
  }

  /** Reads what the journal holds, and decides again. */
  #readAgain(error: AppendError & { readonly _tag: "AppendUnknown" }): Step {
    const { cell, round, before } = this
    cell.context.counts.unknownCount++
    const pause = unknownOutcome(cell, round, error)
    return caughtUp(cell, pause, before, (now) => {
      this.#phase.confirmed = now
      cell.appends.reached(now.sequence)
    })
  }

  /**
   * The journal says that nothing was stored. Items that did not need the commit are decided again without
   * it.
   */
  #refused(refusal: JournalRefused): Step {
    const { cell, round } = this
    cell.appends.refused()
    answerRefused(cell.address, round, cell.queue.waiting, refusal)
    cell.queue.putBack(round.taken.filter(isOpen))
    return undefined
  }
}

/**
 * Asleep: the cell knows nothing of the actor.
 *
 * Before: no phase, for a new cell; Running or Recovering, for a cell that does not trust its state any more
 * (user code threw, the shard left and came back, the journal did not answer). After: Running, if the cell
 * guesses rightly that the actor is new; otherwise Recovering.ts.
 *
 * Owns the first round of an actor that is likely to be new. The cell plays that round without reading the
 * journal, because the journal takes the actor's first commit only if the actor has none.
 */
import { confirmedBy, tell } from "./Acknowledged.ts"
import type { BirthGuess } from "./BirthGuess.ts"
import type { Asleep, CellCore } from "./Phase.ts"
import { neededSequence, play } from "./Playing.ts"
import { recovering } from "./Recovering.ts"
import { type AppendError, RoundAppend } from "./RoundAppend.ts"
import { SnapshotDue } from "./SnapshotDue.ts"
import { unknownOutcome } from "./UnknownOutcome.ts"
import { EffectWait, type Step } from "./Wait.ts"

export const asleep = (cell: CellCore, phase: Asleep): Step =>
  guessBirth(cell, phase) ?? recovering(cell, phase)

/** Plays the first round on a guessed birth. `undefined`: the actor has to be read. */
const guessBirth = (cell: CellCore, { birth }: Asleep): Step => {
  const { queue, appends } = cell
  if (birth === undefined || appends.isAnyUnresolved || neededSequence(cell) > 0) return undefined
  const newborn = birth.newborn(cell.address.id, queue.waiting[0])
  if (newborn === undefined) return undefined
  const round = play(cell, newborn)
  // Without a commit nothing proves that the actor is new.
  if (round.entries.length === 0) {
    queue.putBack(round.taken)
    return undefined
  }
  return new BirthAppend(cell, newborn, round, birth)
}

class BirthAppend extends RoundAppend {
  readonly #birth: BirthGuess

  constructor(...[cell, newborn, round, birth]: [...ConstructorParameters<typeof RoundAppend>, BirthGuess]) {
    super(cell, newborn, round)
    this.#birth = birth
  }

  protected onStored(sequence: number): Step {
    const { cell } = this
    this.#birth.born()
    cell.context.counts.activatedCount++
    const confirmed = confirmedBy(this, sequence)
    const snapshotDue = new SnapshotDue(cell.definition)
    cell.phase = { _tag: "Running", confirmed, snapshotDue, behindCount: 0 }
    tell(this, confirmed, snapshotDue)
    return undefined
  }

  protected onFailed(error: AppendError): Step {
    const { cell, round } = this
    const isNotNew = this.#birth.refused(round, this.stamp, error)
    if (error._tag === "JournalRefused") {
      cell.appends.refused()
      cell.queue.putBack(round.taken)
      return undefined
    }
    cell.context.counts.unknownCount += isNotNew ? 0 : 1
    return new EffectWait(cell.context.fork, unknownOutcome(cell, round, error))
  }
}

/**
 * A cell's guess that its actor is new: it decides what waits on the actor as it is at birth, and appends that without a look
 * at the journal, which takes such a commit only if the actor has none.
 *
 * Owns what the guess rests on, and what its commands count as when it was wrong. Who plays the round: Cell.ts. How likely
 * a guess is right: BirthEvidence.ts.
 */
import { type CommitStamp, isSameStamp } from "../commit/Commit.ts"
import type { ActorDefinition } from "../definition/Actor.ts"
import type { AppendUnknown, JournalRefused } from "../journal/Journal.ts"
import { isThrown } from "../json/Thrown.ts"
import { MachineFailed } from "../machine/MachineFailed.ts"
import type { BirthEvidence } from "./BirthEvidence.ts"
import { type Confirmed, unborn } from "./Fold.ts"
import type { Round } from "./Round.ts"
import type { Waiting, WaitingCommand } from "./Waiting.ts"

interface RefusedGuess {
  /** Those that were attempted by it for the first time. */
  readonly commands: ReadonlyArray<WaitingCommand>
  readonly stamp: CommitStamp
  readonly mayLand: boolean
}

export class BirthGuess {
  readonly #evidence: BirthEvidence
  readonly #definition: ActorDefinition
  #first: Waiting | undefined
  /** What a guess would have stored that was wrong, or whose outcome is not known. */
  #refused: RefusedGuess | undefined

  constructor(evidence: BirthEvidence, definition: ActorDefinition) {
    this.#evidence = evidence
    this.#definition = definition
  }

  /** The actor at its birth, if it is likely to be new; `first` waits for it. */
  newborn(id: string, first: Waiting | undefined): Confirmed | undefined {
    if (this.#refused !== undefined || !this.#evidence.isLikely(this.#definition.type, first))
      return undefined
    this.#first = first
    try {
      return unborn(this.#definition, id)
    } catch (cause) {
      // Its recovery throws as well, and says why.
      if (isThrown(cause, MachineFailed)) return undefined
      throw cause
    }
  }

  /**
   * Infinite where the guess was wrong: its append counts as open, because a copy of it may be what the journal has, but no
   * snapshot can include that copy.
   */
  get toldUpTo(): number | undefined {
    return this.#refused?.mayLand === false ? Number.POSITIVE_INFINITY : undefined
  }

  /** The round is stored: the actor was new. */
  born(): void {
    this.#evidence.found(this.#definition.type, this.#first, true)
  }

  /** The append was not acknowledged; there is no second guess. True: the journal says that the actor is not new. */
  refused(round: Round, stamp: CommitStamp, error: AppendUnknown | JournalRefused): boolean {
    const isOther = error._tag === "AppendUnknown" && error.reason === "WrongSequence"
    if (isOther) this.#evidence.found(this.#definition.type, this.#first, false)
    const commands = round.entries.map(({ waiting }) => waiting).filter(({ wasAttempted }) => !wasAttempted)
    this.#refused = { commands, stamp, mayLand: !isOther }
    return isOther
  }

  /**
   * The actor was read from the journal, where `first` waits for it. Commands of a wrong guess have not been attempted after
   * all if the guess's commit is not there: they are repeats where the journal has them.
   */
  read({ sequence, stamp }: Confirmed, first: Waiting | undefined): void {
    this.#evidence.found(this.#definition.type, first, sequence === 0)
    if (this.#refused === undefined || this.#refused.mayLand || sequence === 0) return
    if (stamp !== undefined && isSameStamp(stamp, this.#refused.stamp)) return
    for (const command of this.#refused.commands) command.wasAttempted = false
  }
}

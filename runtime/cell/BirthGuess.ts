/**
 * A cell's guess that its actor is new. The cell decides the waiting commands on the actor's state at birth
 * and appends the commit without reading the journal, which takes such a commit only if the actor has none.
 *
 * Owns what the guess rests on, and how its commands count when the guess was wrong. Cell.ts plays the round.
 * BirthEvidence.ts says how likely a guess is right.
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
  /** The commands whose first attempt was this guess. */
  readonly commands: ReadonlyArray<WaitingCommand>
  readonly stamp: CommitStamp
  readonly mayLand: boolean
}

export class BirthGuess {
  readonly #evidence: BirthEvidence
  readonly #definition: ActorDefinition
  #first: Waiting | undefined
  /** The guess that was refused, or whose outcome is unknown. */
  #refused: RefusedGuess | undefined

  constructor(evidence: BirthEvidence, definition: ActorDefinition) {
    this.#evidence = evidence
    this.#definition = definition
  }

  /** The actor at its birth, if it is likely to be new; `first` is the item that waits for it. */
  newborn(id: string, first: Waiting | undefined): Confirmed | undefined {
    if (this.#refused !== undefined || !this.#evidence.isLikely(this.#definition.type, first))
      return undefined
    this.#first = first
    try {
      return unborn(this.#definition, id)
    } catch (cause) {
      // Recovery throws the same error and reports the reason.
      if (isThrown(cause, MachineFailed)) return undefined
      throw cause
    }
  }

  /**
   * Sequence up to which the outbox knows the actor's records. Infinite after a wrong guess: its append
   * counts as open, because the journal may hold a copy of it, but no snapshot can include that copy.
   */
  get toldUpTo(): number | undefined {
    return this.#refused?.mayLand === false ? Number.POSITIVE_INFINITY : undefined
  }

  /** The round is stored, so the actor was new. */
  born(): void {
    this.#evidence.found(this.#definition.type, this.#first, true)
  }

  /**
   * The append was not acknowledged; the cell does not guess again. True: the journal says that the actor is
   * not new.
   */
  refused(round: Round, stamp: CommitStamp, error: AppendUnknown | JournalRefused): boolean {
    const isOther = error._tag === "AppendUnknown" && error.reason === "WrongSequence"
    if (isOther) this.#evidence.found(this.#definition.type, this.#first, false)
    const commands = round.entries.map(({ waiting }) => waiting).filter(({ wasAttempted }) => !wasAttempted)
    this.#refused = { commands, stamp, mayLand: !isOther }
    return isOther
  }

  /**
   * The actor was read from the journal, where `first` waits for it. If the commit of a wrong guess is not
   * there, its commands count as never attempted: a command that the journal holds is then a repeat.
   */
  read({ sequence, stamp }: Confirmed, first: Waiting | undefined): void {
    this.#evidence.found(this.#definition.type, first, sequence === 0)
    if (this.#refused === undefined || this.#refused.mayLand || sequence === 0) return
    if (stamp !== undefined && isSameStamp(stamp, this.#refused.stamp)) return
    for (const command of this.#refused.commands) command.wasAttempted = false
  }
}

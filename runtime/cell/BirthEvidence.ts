/**
 * Whether an actor that is not in memory is likely to be new, judged by the command that activates it.
 *
 * Owns a score for each command of each actor type: how the last activations by that command turned out. If
 * new actors are likely, their cells decide and append without reading anything (Cell.ts). A wrong guess
 * costs one refused append and nothing else, because the journal takes the first commit of an actor only if
 * the actor has none.
 */
import { Context } from "effect"
import type { Waiting } from "./Waiting.ts"

/** Lowest score at which a cell guesses that an actor is new. */
export const LIKELY_FROM = 4

/** Highest score: four actors with a history then stop the guessing. */
const SCORE_MAX = 16

/**
 * Points that one actor with a history takes from the score. A new actor adds 1, so four of five have to be
 * new.
 */
const KNOWN_COST = 4

/**
 * Commands whose scores are kept; the cell never guesses for other commands. The bound is needed because an
 * actor without declared commands may take any number of them.
 */
export const COMMANDS_SCORED_MAX = 1_000

export class BirthEvidence {
  readonly #scores = new Map<string, number>()

  /** Whether the actor for which `first` waits is likely to be new. */
  isLikely(actorType: string, first: Waiting | undefined): boolean {
    const command = commandOf(actorType, first)
    return command !== undefined && (this.#scores.get(command) ?? 0) >= LIKELY_FROM
  }

  /** Records whether the actor for which `first` waited was new. */
  found(actorType: string, first: Waiting | undefined, isNew: boolean): void {
    const command = commandOf(actorType, first)
    if (command === undefined) return
    const score = this.#scores.get(command)
    if (score === undefined && this.#scores.size >= COMMANDS_SCORED_MAX) return
    this.#scores.set(
      command,
      isNew ? Math.min((score ?? 0) + 1, SCORE_MAX) : Math.max((score ?? 0) - KNOWN_COST, 0),
    )
  }
}

/** The evidence that the cells of a system use; `undefined`: each system makes its own. */
export const CurrentBirthEvidence = Context.Reference<BirthEvidence | undefined>(
  "everstate/cell/BirthEvidence",
  { defaultValue: () => undefined },
)

/**
 * The command to score; none for signals, which concern a commit of the actor, for reads, which tell nothing,
 * and for commands sent to another node before, which may be stored.
 */
const commandOf = (actorType: string, first: Waiting | undefined): string | undefined =>
  first?._tag === "Command" && first.command._tag === "Command" && !first.mayBeStored
    ? `${actorType} ${first.command.type}`
    : undefined

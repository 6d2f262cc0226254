/**
 * Whether an actor that is not in memory is likely to be new, judged by the command that brings it in.
 *
 * Owns a score for each command of each actor type: what came of the last activations by it. Where new actors are likely,
 * their cells decide and append without reading anything (Cell.ts). A wrong guess costs one refused append and nothing else,
 * because the journal takes the first commit of an actor only if the actor has none.
 */
import { Context } from "effect"
import type { Waiting } from "./Waiting.ts"

/** Score from which on actors are taken for new. */
export const LIKELY_FROM = 4

/** Highest score: four actors with a history then end the guessing. */
const SCORE_MAX = 16

/** What one actor with a history takes from the score. A new one adds 1, so that four of five have to be new. */
const KNOWN_COST = 4

/** Commands whose scores are kept; the others are never guessed about. Actors without commands of their own have any number. */
export const COMMANDS_SCORED_MAX = 1_000

export class BirthEvidence {
  readonly #scores = new Map<string, number>()

  /** Whether the actor for which `first` waits is likely to be new. */
  isLikely(actorType: string, first: Waiting | undefined): boolean {
    const command = commandOf(actorType, first)
    return command !== undefined && (this.#scores.get(command) ?? 0) >= LIKELY_FROM
  }

  /** The actor for which `first` waited was new, or had a history. */
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

/** What the cells of a system go by; a new one for each system, where none is given. */
export const CurrentBirthEvidence = Context.Reference<BirthEvidence | undefined>(
  "everstate/cell/BirthEvidence",
  { defaultValue: () => undefined },
)

/** Signals are about a commit of their actor, and reads tell nothing. What was sent before may be stored. */
const commandOf = (actorType: string, first: Waiting | undefined): string | undefined =>
  first?._tag === "Command" && first.command._tag === "Command" && !first.mayBeStored
    ? `${actorType} ${first.command.type}`
    : undefined

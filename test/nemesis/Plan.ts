/**
 * What the nemesis does, one thing after the other: the same for a seed, wherever it is played.
 *
 * Owns the order. Kinds come in decks, each once a deck, so that a short run meets all of them. What each of them is:
 * Attack.ts.
 */
import { Chance } from "./Chance.ts"

export const ATTACK_KINDS = [
  "kill",
  "freeze",
  "drain",
  "rolling",
  "join",
  "nats",
  "blackhole",
  "cut",
  "delay",
] as const

export type AttackKind = (typeof ATTACK_KINDS)[number]

export interface Attack {
  readonly kind: AttackKind
  /** Which of the nodes, or NATS servers. */
  readonly target: number
  /** How long it stays broken, in milliseconds. */
  readonly durationMs: number
  /** Quiet before the next one, in milliseconds. */
  readonly restMs: number
}

const DURATION_MS = { min: 1_000, max: 12_000 }
const REST_MS = { min: 2_000, max: 5_000 }

/** Never ends. */
export function* planOf(
  seed: number,
  targetCount: number,
  kinds: ReadonlyArray<AttackKind> = ATTACK_KINDS,
): Generator<Attack, never> {
  const chance = new Chance(seed)
  while (true) {
    const deck = [...kinds]
    while (deck.length > 0) {
      const [kind] = deck.splice(chance.between(0, deck.length - 1), 1)
      yield {
        kind: kind as AttackKind,
        target: chance.between(0, targetCount - 1),
        durationMs: chance.between(DURATION_MS.min, DURATION_MS.max),
        restMs: chance.between(REST_MS.min, REST_MS.max),
      }
    }
  }
}

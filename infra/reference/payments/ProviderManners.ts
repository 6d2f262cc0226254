/**
 * How the fake payment provider misbehaves: which payments it declines, and when it is slow, silent, broken
 * or cut off.
 *
 * A test chooses one misbehaviour by the token of the card; a demo gets all of them by chance. Chance is a
 * hash of seed, key and attempt, not a random number, so the treatment of a request does not depend on other
 * requests. ProviderServer.ts carries it out.
 */
import { createHash } from "node:crypto"
import type { Money } from "../../../actors/Money.ts"

/**
 * `hang`: takes the request, does nothing, never answers. `error`: answers 500 and does nothing. `lost`:
 * carries the operation out and cuts the connection instead of answering. `slow`: carries it out and answers
 * late.
 */
export type Manner = "prompt" | "hang" | "error" | "lost" | "slow"

export interface ProviderMannersOptions {
  /** Any number. The same seed gives the same misbehaviour. */
  readonly seed?: number
  /** Shares, 0 to 1: of payments for `declined`, of requests for the others. */
  readonly declined?: number
  readonly hang?: number
  readonly error?: number
  readonly lost?: number
  readonly slow?: number
  /** Time of a slow answer, in milliseconds; default 500. */
  readonly slowMs?: number
  /** Amounts above it are declined, in minor units of any currency. */
  readonly declineAboveMinor?: number
}

const SLOW_MS_DEFAULT = 500

/** Prefixes of cards that misbehave when they are authorised. */
export const CARD_PREFIXES = {
  /** Always declined. */
  declined: "card-declined",
  /** Every attempt hangs. */
  hang: "card-hang",
  /** The first attempt under each key answers 500. */
  error: "card-error",
  /** The first answer under each key is lost. */
  lost: "card-lost",
  /** Every answer is slow. */
  slow: "card-slow",
} as const

const DIGEST_BYTES = 6

export class ProviderManners {
  readonly #options: ProviderMannersOptions
  readonly slowMs: number

  constructor(options: ProviderMannersOptions = {}) {
    this.#options = options
    this.slowMs = options.slowMs ?? SLOW_MS_DEFAULT
  }

  /** Why the bank declines, or `undefined`. The answer for a payment is always the same. */
  declines(paymentId: string, amount: Money, card: string): string | undefined {
    const { declined = 0, declineAboveMinor = Number.POSITIVE_INFINITY } = this.#options
    if (card.startsWith(CARD_PREFIXES.declined)) return "CardDeclined"
    if (amount.minor > declineAboveMinor) return "LimitExceeded"
    return this.#chance("declined", paymentId) < declined ? "InsufficientFunds" : undefined
  }

  /** Treatment of attempt number `attempt`, from 1, with `key`. Only an authorisation has a `card`. */
  mannerOf(key: string, attempt: number, card: string | undefined): Manner {
    const byCard = card === undefined ? undefined : mannerOfCard(card, attempt)
    if (byCard !== undefined) return byCard
    const { hang = 0, error = 0, lost = 0, slow = 0 } = this.#options
    let chance = this.#chance(key, String(attempt))
    for (const [manner, share] of [
      ["hang", hang],
      ["error", error],
      ["lost", lost],
      ["slow", slow],
    ] as const) {
      if (chance < share) return manner
      chance -= share
    }
    return "prompt"
  }

  /** A number from 0 to 1, evenly distributed. */
  #chance(...of: ReadonlyArray<string>): number {
    const digest = createHash("sha256")
      .update(JSON.stringify([this.#options.seed ?? 0, ...of]))
      .digest()
    return digest.readUIntBE(0, DIGEST_BYTES) / 2 ** (8 * DIGEST_BYTES)
  }
}

const mannerOfCard = (card: string, attempt: number): Manner | undefined => {
  if (card.startsWith(CARD_PREFIXES.hang)) return "hang"
  if (card.startsWith(CARD_PREFIXES.slow)) return "slow"
  if (attempt > 1) return undefined
  if (card.startsWith(CARD_PREFIXES.error)) return "error"
  return card.startsWith(CARD_PREFIXES.lost) ? "lost" : undefined
}

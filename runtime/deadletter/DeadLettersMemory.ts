/** Dead letters in memory, for tests and the simulation: only the contract of DeadLetters.ts. */
import { Clock, Effect, Layer } from "effect"
import {
  DEAD_LETTER_PAGE_MAX,
  type DeadLetter,
  DeadLetters,
  type DeadLettersService,
  type StoredDeadLetter,
} from "./DeadLetters.ts"

/** Time in which a repeated letter is recognised, in milliseconds. */
const REPEAT_WINDOW_MS = 120_000

export interface DeadLettersMemory extends DeadLettersService {
  /** Letters by number, ascending. */
  readonly letters: ReadonlyMap<number, StoredDeadLetter>
}

export const makeDeadLettersMemory = (): DeadLettersMemory => {
  const letters = new Map<number, StoredDeadLetter>()
  /** Time at which each message was abandoned, oldest first. */
  const givenUpAtMs = new Map<string, number>()
  let lastNumber = 0

  const add = (letter: DeadLetter, nowMs: number): void => {
    for (const [id, atMs] of givenUpAtMs) {
      if (atMs > nowMs - REPEAT_WINDOW_MS) break
      givenUpAtMs.delete(id)
    }
    const id = `${letter.key} ${letter.messageId}`
    if (givenUpAtMs.has(id)) return
    givenUpAtMs.set(id, nowMs)
    const number = ++lastNumber
    letters.set(number, { ...letter, number })
  }

  return {
    letters,
    add: (letter) => Effect.map(Clock.currentTimeMillis, (nowMs) => add(letter, nowMs)),
    list: ({ after, limit, reason }) =>
      Effect.sync(() => {
        const page: Array<StoredDeadLetter> = []
        for (const letter of letters.values()) {
          if (page.length >= Math.min(limit, DEAD_LETTER_PAGE_MAX)) break
          if (letter.number > after && (reason === undefined || letter.reason === reason)) page.push(letter)
        }
        return page
      }),
    get: (number) => Effect.sync(() => letters.get(number)),
    lastNumber: Effect.sync(() => lastNumber),
    remove: (number) => Effect.sync(() => void letters.delete(number)),
  }
}

export const DeadLettersMemory = {
  /** No dead letters. */
  layer: Layer.sync(DeadLetters, makeDeadLettersMemory),
}

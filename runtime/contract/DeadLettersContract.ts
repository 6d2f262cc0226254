/**
 * What every store of dead letters honours (runtime/deadletter/DeadLetters.ts).
 */
import { Effect } from "effect"
import {
  DEAD_LETTER_PAGE_MAX,
  DEAD_LETTER_REASONS,
  type DeadLetter,
  DeadLetters,
  type StoredDeadLetter,
} from "../deadletter/DeadLetters.ts"
import { type ContractRunner, factOfPort, type PortContractOptions } from "./ContractSuite.ts"
import { expect } from "./Expectation.ts"

const letter = (messageId: string, given: Partial<DeadLetter> = {}): DeadLetter => ({
  key: "order/a",
  reason: "Rejected",
  detail: "AlreadyShipped",
  attemptCount: 1,
  atMs: 1_767_225_600_000,
  messageId,
  original: '{"v":1,"k":"command"}',
  ...given,
})

const addAll = Effect.fnUntraced(function* (letters: ReadonlyArray<DeadLetter>) {
  const deadLetters = yield* DeadLetters
  for (const one of letters) yield* deadLetters.add(one)
})

const idsOf = (letters: ReadonlyArray<StoredDeadLetter>): Array<string> =>
  letters.map(({ messageId }) => messageId)

/** Registers the contract of `DeadLetters` with a test runner. */
export const deadLettersContract = (
  runner: ContractRunner,
  options: PortContractOptions<DeadLetters>,
): void => {
  const fact = factOfPort(runner, options)

  runner.describe(`${options.name} dead letters`, () => {
    fact(
      "are listed as they were added, with ascending numbers, and found by number",
      Effect.gen(function* () {
        const deadLetters = yield* DeadLetters
        const added = DEAD_LETTER_REASONS.map((reason, index) =>
          letter(`m${index}`, {
            key: index % 2 === 0 ? "order/a" : "reactor/mail_주문",
            reason,
            detail: `Error: no\n    at <anonymous> ${"€".repeat(500)}`,
            attemptCount: index,
            original: index === 0 ? "\u0000 not JSON �" : `{"n":${index}}`,
          }),
        )
        yield* addAll(added)
        const listed = yield* deadLetters.list({ after: 0, limit: 100 })
        expect(listed.map(({ number: _, ...rest }) => rest)).toEqual(added)
        const numbers = listed.map(({ number }) => number)
        expect(numbers).toEqual([...new Set(numbers)].sort((left, right) => left - right))
        for (const stored of listed) expect(yield* deadLetters.get(stored.number)).toEqual(stored)
        expect(yield* deadLetters.get((numbers.at(-1) ?? 0) + 1_000)).toBeUndefined()
      }),
    )

    fact(
      "FAULT 70: keep as much as fits of a large original under a long id",
      Effect.gen(function* () {
        const deadLetters = yield* DeadLetters
        yield* deadLetters.add(letter("€".repeat(5_000), { original: "x".repeat(1_040_000) }))
        const [stored] = yield* deadLetters.list({ after: 0, limit: 1 })
        expect(stored?.messageId).toBe("€".repeat(5_000))
        expect(stored?.original).toMatch(/^x{100,}$/)
      }),
    )

    fact(
      "are listed in pages",
      Effect.gen(function* () {
        const deadLetters = yield* DeadLetters
        const ids = Array.from({ length: 25 }, (_, index) => `m${index}`)
        yield* addAll(ids.map((id) => letter(id)))
        const seen: Array<StoredDeadLetter> = []
        while (true) {
          const page = yield* deadLetters.list({ after: seen.at(-1)?.number ?? 0, limit: 10 })
          expect(page.length).toBeLessThanOrEqual(10)
          if (page.length === 0) break
          seen.push(...page)
        }
        expect(idsOf(seen)).toEqual(ids)
      }),
    )

    fact(
      "fill a page as far as its bound, whatever is asked for",
      Effect.gen(function* () {
        const deadLetters = yield* DeadLetters
        const letters = Array.from({ length: DEAD_LETTER_PAGE_MAX + 5 }, (_, index) => letter(`m${index}`))
        yield* Effect.forEach(letters, deadLetters.add, { concurrency: 50, discard: true })
        const page = yield* deadLetters.list({ after: 0, limit: 10 * DEAD_LETTER_PAGE_MAX })
        expect(page).toHaveLength(DEAD_LETTER_PAGE_MAX)
        const rest = yield* deadLetters.list({ after: page.at(-1)?.number ?? 0, limit: 100 })
        expect(rest).toHaveLength(5)
      }),
    )

    fact(
      "are listed by reason, a full page where there are enough",
      Effect.gen(function* () {
        const deadLetters = yield* DeadLetters
        yield* addAll(
          Array.from({ length: 30 }, (_, index) =>
            letter(`m${index}`, { reason: index % 10 === 9 ? "Malformed" : "Rejected" }),
          ),
        )
        const malformed = yield* deadLetters.list({ after: 0, limit: 2, reason: "Malformed" })
        expect(idsOf(malformed)).toEqual(["m9", "m19"])
        const after = malformed.at(-1)?.number ?? 0
        expect(idsOf(yield* deadLetters.list({ after, limit: 2, reason: "Malformed" }))).toEqual(["m29"])
        expect(yield* deadLetters.list({ after: 0, limit: 2, reason: "Failed" })).toEqual([])
      }),
    )

    fact(
      "are forgotten once removed, as often as that is asked for",
      Effect.gen(function* () {
        const deadLetters = yield* DeadLetters
        yield* addAll([letter("a"), letter("b"), letter("c")])
        const [, b] = yield* deadLetters.list({ after: 0, limit: 10 })
        const number = b?.number ?? 0
        yield* deadLetters.remove(number)
        yield* deadLetters.remove(number)
        yield* deadLetters.remove(number + 1_000)
        expect(yield* deadLetters.get(number)).toBeUndefined()
        expect(idsOf(yield* deadLetters.list({ after: 0, limit: 10 }))).toEqual(["a", "c"])
        yield* addAll([letter("d")])
        expect(
          (yield* deadLetters.list({ after: number, limit: 10 })).map(({ messageId }) => messageId),
        ).toEqual(["c", "d"])
      }),
    )

    fact(
      "know the last number, also when its letter is removed",
      Effect.gen(function* () {
        const deadLetters = yield* DeadLetters
        expect(yield* deadLetters.lastNumber).toBe(0)
        yield* addAll([letter("a"), letter("b"), letter("b")])
        const numbers = (yield* deadLetters.list({ after: 0, limit: 10 })).map(({ number }) => number)
        expect(yield* deadLetters.lastNumber).toBe(numbers.at(-1))
        for (const number of numbers) yield* deadLetters.remove(number)
        expect(yield* deadLetters.lastNumber).toBe(numbers.at(-1))
      }),
    )

    fact(
      "are stored once for a receiver and message, however often they are added",
      Effect.gen(function* () {
        const deadLetters = yield* DeadLetters
        yield* addAll([
          letter("a"),
          letter("a", { attemptCount: 2 }),
          letter("a", { key: "order/b" }),
          letter("b"),
        ])
        const listed = yield* deadLetters.list({ after: 0, limit: 10 })
        expect(listed.map(({ key, messageId, attemptCount }) => [key, messageId, attemptCount])).toEqual([
          ["order/a", "a", 1],
          ["order/b", "a", 1],
          ["order/a", "b", 1],
        ])
      }),
    )
  })
}

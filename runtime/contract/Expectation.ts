/**
 * The comparisons that the contract suites are written with. They have the names that vitest, jest and bun use, and need
 * none of them.
 *
 * Owns the comparison of values and the error of a failed one. The suites throw; the test runner reports.
 */
import { Formatter } from "effect"
import { EverstateError } from "../error/EverstateError.ts"

/** An adapter does not do what the contract of its port demands. */
export class ContractBroken extends EverstateError {
  readonly _tag = "ContractBroken"
  readonly kind = "defect"
  readonly retry = "never"
  readonly hint = "Mend the adapter: the title of the test says what its port promises."
  override readonly name = "ContractBroken"
  /** What the adapter gave. */
  readonly actual: unknown
  /** What the contract demands, if it names a value. */
  readonly expected: unknown

  constructor(what: string, actual: unknown, expected?: unknown) {
    super(what)
    this.actual = actual
    this.expected = expected
  }
}

/** Longest text of a value in an error, in characters. */
const TEXT_LENGTH_MAX = 2_000

const textOf = (value: unknown): string => {
  const text = Formatter.format(value)
  return text.length > TEXT_LENGTH_MAX ? `${text.slice(0, TEXT_LENGTH_MAX)}…` : text
}

/** One value and what a suite may demand of it. Each method throws {@link ContractBroken} unless it holds. */
class Expectation {
  readonly #actual: unknown
  readonly #about: string
  readonly #isNegated: boolean

  constructor(actual: unknown, about: string, isNegated = false) {
    this.#actual = actual
    this.#about = about
    this.#isNegated = isNegated
  }

  /** Demands the opposite of the next comparison. */
  get not(): Expectation {
    return new Expectation(this.#actual, this.#about, !this.#isNegated)
  }

  /** The same value, by `Object.is`. */
  toBe(expected: unknown): void {
    this.#demand(Object.is(this.#actual, expected), "is", expected)
  }

  toBeUndefined(): void {
    this.#demand(this.#actual === undefined, "is", undefined)
  }

  /** The same content. A field that is undefined counts as absent, and the class of an object does not count. */
  toEqual(expected: unknown): void {
    this.#demand(matches(this.#actual, expected, "whole"), "equals", expected)
  }

  /** The same content in every field that `expected` has. Arrays have the same length. */
  toMatchObject(expected: object): void {
    this.#demand(matches(this.#actual, expected, "part"), "has the fields of", expected)
  }

  toBeInstanceOf(expected: abstract new (...given: Array<never>) => unknown): void {
    this.#demand(this.#actual instanceof expected, "is an instance of", expected.name)
  }

  toHaveLength(expected: number): void {
    const { length } = this.#actual as ArrayLike<unknown>
    this.#demand(length === expected, `has length ${length}, and wanted is`, expected)
  }

  /** A list has the element, a set the member, a text the part. */
  toContain(expected: unknown): void {
    const all = this.#actual as string | Iterable<unknown>
    const has =
      typeof all === "string" ? all.includes(String(expected)) : new Set<unknown>([...all]).has(expected)
    this.#demand(has, "contains", expected)
  }

  /** A list has an element with the same content. */
  toContainEqual(expected: unknown): void {
    const has = [...(this.#actual as Iterable<unknown>)].some((each) => matches(each, expected, "whole"))
    this.#demand(has, "contains", expected)
  }

  toMatch(expected: RegExp): void {
    this.#demand(expected.test(String(this.#actual)), "matches", expected)
  }

  toBeGreaterThan(expected: number): void {
    this.#demand(Number(this.#actual) > expected, "is greater than", expected)
  }

  toBeGreaterThanOrEqual(expected: number): void {
    this.#demand(Number(this.#actual) >= expected, "is at least", expected)
  }

  toBeLessThan(expected: number): void {
    this.#demand(Number(this.#actual) < expected, "is less than", expected)
  }

  toBeLessThanOrEqual(expected: number): void {
    this.#demand(Number(this.#actual) <= expected, "is at most", expected)
  }

  #demand(holds: boolean, relation: string, expected: unknown): void {
    if (holds !== this.#isNegated) return
    const demand = `${this.#isNegated ? "not: " : ""}${relation} ${textOf(expected)}`
    throw new ContractBroken(
      `${this.#about}\n  demanded: ${demand}\n  actual:   ${textOf(this.#actual)}`,
      this.#actual,
      expected,
    )
  }
}

/** Begins a demand on a value, as in `expect(found).toEqual(wanted)`. `about` begins the text of the error. */
export const expect = (actual: unknown, about = "the adapter breaks its contract"): Expectation =>
  new Expectation(actual, about)

/** `part`: the actual object may have further fields. */
type Extent = "whole" | "part"

const matches = (actual: unknown, expected: unknown, extent: Extent): boolean => {
  if (Object.is(actual, expected)) return true
  if (!isObject(actual) || !isObject(expected)) return false
  if (isList(actual) || isList(expected)) {
    return isList(actual) && isList(expected) && listMatches(actual, expected, extent)
  }
  if (expected instanceof Set) {
    return (
      actual instanceof Set &&
      actual.size === expected.size &&
      [...expected].every((each) => actual.has(each))
    )
  }
  return fieldsMatch(actual, expected, extent)
}

const isObject = (value: unknown): value is object => typeof value === "object" && value !== null

const isList = (value: object): value is ArrayLike<unknown> =>
  Array.isArray(value) || value instanceof Uint8Array

const listMatches = (actual: ArrayLike<unknown>, expected: ArrayLike<unknown>, extent: Extent): boolean => {
  if (actual.length !== expected.length) return false
  for (let index = 0; index < expected.length; index++) {
    if (!matches(actual[index], expected[index], extent)) return false
  }
  return true
}

const fieldsMatch = (actual: object, expected: object, extent: Extent): boolean => {
  const isPart = Object.keys(expected).every((key) =>
    matches(Reflect.get(actual, key), Reflect.get(expected, key), extent),
  )
  if (!isPart || extent === "part") return isPart
  return Object.keys(actual).every((key) => Reflect.get(actual, key) === undefined || key in expected)
}

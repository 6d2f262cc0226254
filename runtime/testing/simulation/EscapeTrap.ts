/**
 * Catches code that leaves the simulation or a scenario: real time, real randomness, real timers, native
 * asynchrony.
 *
 * During a run the globals that lead outside are replaced by functions that record their caller. The call
 * itself gets a harmless answer, so that the run ends normally; then the run fails with the place of the
 * call. Only this file and ../../machine/BirthWatch.ts name those globals in runtime/.
 */
import { EverstateError } from "../../error/EverstateError.ts"
import { isBirthWatched } from "../../machine/BirthWatch.ts"

/** Code under simulation reached for something that no seed decides. */
export class SimulationEscape extends EverstateError {
  readonly _tag = "SimulationEscape"
  readonly kind = "defect"
  readonly retry = "never"
  readonly hint = "Take time, chance and I/O from what is given."
  override readonly name = "SimulationEscape"
  /** The function that was called, for instance `Date.now`. */
  readonly what: string
  /** The first line of the stack outside the simulator. */
  readonly place: string

  constructor(what: string, place: string, during = "a simulated run") {
    super(
      `${what} was called during ${during} ${place}. There is no time, chance or I/O but what is given: take the time from \`nowMs\` or Effect's Clock, randomness from Effect's Random or the command.`,
    )
    this.what = what
    this.place = place
  }
}

type Replace = (owner: object, key: string, value: unknown) => void

/** Answers that the replaced globals give. */
interface HarmlessAnswers {
  readonly nowMs: () => number
  readonly random: () => number
}

export class EscapeTrap {
  readonly #answers: HarmlessAnswers
  readonly #replaced: Array<() => void> = []
  #found: SimulationEscape | undefined

  readonly #during: string | undefined

  /** `during`: text for the error, which says what the trap is for. */
  constructor(answers: HarmlessAnswers, during?: string) {
    this.#answers = answers
    this.#during = during
  }

  /** Throws the first escape, if there was one. */
  readonly check = (): void => {
    if (this.#found === undefined) return
    const found = this.#found
    this.#found = undefined
    throw found
  }

  /** Runs `work` with the trap set, and always removes the trap. */
  during<A>(work: () => A): A {
    // The run makes thousands of errors as values; their stacks would take a tenth of its time.
    const { stackTraceLimit } = Error
    this.#replaced.push(() => {
      Error.stackTraceLimit = stackTraceLimit
    })
    Error.stackTraceLimit = 0
    this.#set()
    try {
      return work()
    } finally {
      this.#lift()
    }
  }

  #set(): void {
    const replace: Replace = (owner, key, value) => {
      const descriptor = Object.getOwnPropertyDescriptor(owner, key)
      if (descriptor === undefined) return
      Object.defineProperty(owner, key, { configurable: true, writable: true, value })
      this.#replaced.push(() => Object.defineProperty(owner, key, descriptor))
    }
    const { nowMs, random } = this.#answers
    this.#replaceTime(replace, nowMs)
    replace(Math, "random", this.#caught("Math.random", random))
    for (const timer of ["setTimeout", "setInterval", "setImmediate", "queueMicrotask"]) {
      replace(
        globalThis,
        timer,
        this.#caught(timer, () => undefined),
      )
    }
    replace(
      globalThis,
      "fetch",
      this.#caught("fetch", () => new Promise(() => undefined)),
    )
    if (typeof process !== "undefined") {
      replace(
        process,
        "nextTick",
        this.#caught("process.nextTick", () => undefined),
      )
      replace(
        process,
        "hrtime",
        this.#caught("process.hrtime", () => [Math.floor(nowMs() / 1000), 0]),
      )
    }
    if (typeof crypto !== "undefined") {
      const uuid = () => "00000000-0000-4000-8000-000000000000"
      replace(Object.getPrototypeOf(crypto), "randomUUID", this.#caught("crypto.randomUUID", uuid))
      const fill = (array: unknown) => array
      replace(Object.getPrototypeOf(crypto), "getRandomValues", this.#caught("crypto.getRandomValues", fill))
    }
    replace(
      Promise.prototype,
      "then",
      this.#caught("a native promise", () => new Promise(() => undefined)),
    )
  }

  #replaceTime(replace: Replace, nowMs: () => number): void {
    const RealDate = Date
    replace(
      globalThis,
      "Date",
      new Proxy(RealDate, {
        construct: (target, given, newTarget) => {
          if (given.length > 0) return Reflect.construct(target, given, newTarget) as object
          this.#note("new Date()")
          return Reflect.construct(target, [nowMs()], newTarget) as object
        },
        get: (target, key) =>
          key === "now" ? this.#caught("Date.now", nowMs) : (Reflect.get(target, key) as unknown),
      }),
    )
    replace(Object.getPrototypeOf(performance) as object, "now", this.#caught("performance.now", nowMs))
  }

  #caught<Given extends ReadonlyArray<unknown>, A>(what: string, answer: (...given: Given) => A) {
    return (...given: Given): A => {
      this.#note(what)
      return answer(...given)
    }
  }

  #note(what: string): void {
    if (this.#found !== undefined || (ALLOWED_AT_BIRTH.has(what) && isBirthWatched())) return
    Error.stackTraceLimit = PLACE_LINES_MAX
    const lines = (new Error(what).stack ?? "").split("\n").slice(1)
    Error.stackTraceLimit = 0
    const outside = lines.find((line) => !line.includes("EscapeTrap"))
    // Effect draws a random hash for an object without one, for instance when it merges causes. The answer is
    // seeded.
    if (outside !== undefined && HASH_OF_EFFECT.test(outside)) return
    this.#found = new SimulationEscape(what, outside?.trim() ?? "(no stack)", this.#during)
  }

  #lift(): void {
    for (const restore of this.#replaced.splice(0).reverse()) restore()
  }
}

/** Clocks and random sources that a birth may read, because the birth is stored with their values. */
const ALLOWED_AT_BIRTH: ReadonlySet<string> = new Set([
  "Date.now",
  "new Date()",
  "Math.random",
  "performance.now",
  "process.hrtime",
  "crypto.randomUUID",
  "crypto.getRandomValues",
])

const HASH_OF_EFFECT = /[\\/]effect[\\/](dist|src)[\\/]Hash\.[jt]s/

/** Stack lines among which the caller is searched. */
const PLACE_LINES_MAX = 12

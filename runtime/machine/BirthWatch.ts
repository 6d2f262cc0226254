/**
 * Notices whether the birth of an actor reads a clock or a random number, because such a birth gives another
 * state each time.
 *
 * Owns the list of watched globals. For the time of one synchronous call they are replaced by functions that
 * count and return real values. Only this file and the trap of the simulation name these globals. Who stores
 * the state of such a birth: ../cell/Birth.ts.
 */

/** Runs `birth`. `isImpure`: it read a value that differs the next time, or it cannot be watched. */
export const watched = <A>(birth: () => A): { readonly result: A; readonly isImpure: boolean } => {
  // In a birth within a birth, the outer call notices.
  if (isWatching) return { result: birth(), isImpure: false }
  useCount = 0
  isWatching = true
  const own = replaceAll()
  try {
    const result = birth()
    return { result, isImpure: own === undefined || useCount > 0 }
  } finally {
    isWatching = false
    own?.restore()
  }
}

/**
 * Whether a birth is watched now. Its clocks and random numbers are allowed then, because its state is
 * stored.
 */
export const isBirthWatched = (): boolean => isWatching

let isWatching = false
let useCount = 0

interface Replaced {
  readonly restore: () => void
}

type Global = Record<string, unknown>

/** The watched functions, each as its owner and its name there. */
const places = (): ReadonlyArray<readonly [owner: Global, name: string]> => {
  const found: Array<readonly [Global, string]> = [
    [Math as unknown as Global, "random"],
    [Object.getPrototypeOf(performance) as Global, "now"],
  ]
  if (typeof crypto !== "undefined") {
    const prototype = Object.getPrototypeOf(crypto) as Global
    found.push([prototype, "randomUUID"], [prototype, "getRandomValues"])
  }
  if (typeof process !== "undefined") found.push([process as unknown as Global, "hrtime"])
  return found
}

let known: ReturnType<typeof places> | undefined

/** Replaces the watched globals; `undefined` if they cannot be replaced here. */
const replaceAll = (): Replaced | undefined => {
  known ??= places()
  const { Date: RealDate } = globalThis
  const before: Array<unknown> = []
  try {
    for (const [owner, name] of known) {
      const real = owner[name] as (...given: ReadonlyArray<unknown>) => unknown
      before.push(real)
      owner[name] = counting(real)
    }
    globalThis.Date = countingDate(RealDate)
  } catch {
    // The globals are frozen: put back what was replaced already.
    putBack(before)
    return undefined
  }
  return {
    restore: () => {
      globalThis.Date = RealDate
      putBack(before)
    },
  }
}

const putBack = (before: ReadonlyArray<unknown>): void => {
  for (const [index, real] of before.entries()) {
    const [owner, name] = (known as ReturnType<typeof places>)[index] as readonly [Global, string]
    owner[name] = real
  }
}

type Any = (...given: ReadonlyArray<unknown>) => unknown

const wrappers = new WeakMap<object, unknown>()

/**
 * The same function, counted. Made once for each function, because making it anew would cost more than the
 * birth.
 */
const counting = (real: Any): unknown => {
  const made = wrappers.get(real)
  if (made !== undefined) return made
  const wrapper = Object.assign(function (this: unknown, ...given: ReadonlyArray<unknown>): unknown {
    useCount++
    return Reflect.apply(real, this, given)
  }, real)
  wrappers.set(real, wrapper)
  // process.hrtime.bigint
  if ("bigint" in real) Object.assign(wrapper, { bigint: counting(real.bigint as Any) })
  return wrapper
}

const countingDate = (RealDate: DateConstructor): DateConstructor => {
  const made = wrappers.get(RealDate)
  if (made !== undefined) return made as DateConstructor
  const wrapper: DateConstructor = new Proxy(RealDate, {
    construct: (target, given, newTarget) => {
      if (given.length === 0) useCount++
      // An instance of the original class, unless a class of the user extends it.
      return Reflect.construct(target, given, newTarget === wrapper ? target : newTarget) as object
    },
    apply: (target, self, given) => {
      useCount++
      return Reflect.apply(target as unknown as Any, self, given)
    },
    get: (target, key) => {
      const value = Reflect.get(target, key) as unknown
      if (key !== "now") return value
      return counting(value as Any)
    },
  })
  wrappers.set(RealDate, wrapper)
  return wrapper
}

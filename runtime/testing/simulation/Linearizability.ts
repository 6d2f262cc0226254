/**
 * Checks whether some order of these operations, one after the other, gives these answers, where no operation
 * comes before one that had ended when it began.
 *
 * It is the search of Wing and Gong with Lowe's memory: operations are taken out in every order that real
 * time allows, and a set of taken operations with a known model state is not searched again. It knows nothing
 * about actors; AnswerChecker.ts uses it.
 */

/**
 * One operation. Times are places in the order of all steps; an operation that never ended ends at infinity.
 */
export interface TimedOperation<State> {
  readonly name: string
  readonly invoked: number
  readonly returned: number
  /** The state after it; `undefined` if its answer does not fit the state. */
  readonly step: (state: State) => State | undefined
}

/**
 * Bound on combinations of taken operations and state, after which a search stops. It is exponential at
 * worst.
 */
export const SEARCH_STATES_MAX = 200_000

export interface SearchResult {
  /** `undefined`: the search stopped at {@link SEARCH_STATES_MAX}. */
  readonly isLinearizable: boolean | undefined
  /** The longest part of an order that was found, by name. */
  readonly longest: ReadonlyArray<string>
  /** Operations that could not come next after it. */
  readonly stuckAt: ReadonlyArray<string>
}

class Taken {
  readonly words: Uint32Array

  constructor(count: number) {
    this.words = new Uint32Array(Math.ceil(count / 32))
  }

  flip(index: number): void {
    const word = index >> 5
    this.words[word] = (this.words[word] ?? 0) ^ (1 << (index & 31))
  }

  key(stateKey: string): string {
    return `${this.words.join(",")}|${stateKey}`
  }
}

/** `keyOf` gives equal states the same key. */
export const linearize = <State>(
  operations: ReadonlyArray<TimedOperation<State>>,
  initial: State,
  keyOf: (state: State) => string,
): SearchResult => {
  const pending = [...operations].sort((left, right) => left.invoked - right.invoked)
  const taken = new Taken(pending.length)
  const isTaken = new Uint8Array(pending.length)
  const seen = new Set<string>()
  const order: Array<{ readonly index: number; readonly before: State }> = []
  let longest: ReadonlyArray<number> = []
  let mustCount = pending.filter(({ returned }) => returned !== Number.POSITIVE_INFINITY).length
  let state = initial
  let from = 0

  /** The next operation at or after `start` that may come now and fits; -1 for none. */
  const candidate = (start: number): number => {
    let earliestEnd = Number.POSITIVE_INFINITY
    for (let index = 0; index < pending.length; index++) {
      const operation = pending[index]
      if (operation === undefined || isTaken[index] === 1) continue
      if (operation.invoked > earliestEnd) return -1
      earliestEnd = Math.min(earliestEnd, operation.returned)
      if (index < start) continue
      const next = operation.step(state)
      if (next === undefined) continue
      taken.flip(index)
      const key = taken.key(keyOf(next))
      if (!seen.has(key)) {
        seen.add(key)
        order.push({ index, before: state })
        state = next
        return index
      }
      taken.flip(index)
    }
    return -1
  }

  const count = (index: number, by: number): void => {
    isTaken[index] = by === 1 ? 0 : 1
    if (pending[index]?.returned !== Number.POSITIVE_INFINITY) mustCount += by
  }

  while (mustCount > 0) {
    if (seen.size > SEARCH_STATES_MAX) return { isLinearizable: undefined, longest: [], stuckAt: [] }
    const index = candidate(from)
    if (index >= 0) {
      count(index, -1)
      if (order.length > longest.length) longest = order.map((step) => step.index)
      from = 0
      continue
    }
    const last = order.pop()
    if (last === undefined) return { isLinearizable: false, ...stuck(pending, longest) }
    taken.flip(last.index)
    count(last.index, 1)
    state = last.before
    from = last.index + 1
  }
  return { isLinearizable: true, longest: order.map(({ index }) => pending[index]?.name ?? ""), stuckAt: [] }
}

const stuck = <State>(
  pending: ReadonlyArray<TimedOperation<State>>,
  longest: ReadonlyArray<number>,
): Pick<SearchResult, "longest" | "stuckAt"> => {
  const left = pending.filter((_, index) => !longest.includes(index))
  const earliestEnd = Math.min(...left.map(({ returned }) => returned))
  return {
    longest: longest.map((index) => pending[index]?.name ?? ""),
    stuckAt: left.filter(({ invoked }) => invoked <= earliestEnd).map(({ name }) => name),
  }
}

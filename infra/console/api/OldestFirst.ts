/**
 * The actors that have not changed for the longest time, out of a list that the service orders by id.
 *
 * Owns the search: the service tells which actors are older than a time, so the time is moved until they fit on one
 * page. Each answer that does not fit is a sample of ages, which says where to look next.
 */

/** Actors that are older than a time. */
export interface Slice<Item> {
  readonly items: ReadonlyArray<Item>
  /** False: there are more of them than one page holds. */
  readonly isWhole: boolean
}

interface Aged {
  readonly id: string
  /** Time of the last change, RFC 3339. */
  readonly updatedAt: string
}

/** Fewer actors than these are looked for once more with a later time. */
const ENOUGH_COUNT = 100
/** Part of a sample that the next slice is expected to hold. */
const QUANTILE = 0.1
/** Questions at most. Mostly each divides the number of actors by about ten. */
const QUESTIONS_MAX = 24
/** Growth of the steps into the past while each page holds only the youngest of its slice. */
const STEP_GROWTH = 4

const ageOf = ({ updatedAt }: Aged): number => Date.parse(updatedAt)

export const byAge = <Item extends Aged>(items: ReadonlyArray<Item>): ReadonlyArray<Item> =>
  items.toSorted(
    (left, right) => ageOf(left) - ageOf(right) || (left.id < right.id ? -1 : left.id > right.id ? 1 : 0),
  )

/**
 * The oldest actors, oldest first. `isWhole`: these are all. Without a time, `read` answers with actors of any age.
 * If more actors than one page holds changed within one millisecond, it gives some of them.
 */
export const oldestFirst = async <Item extends Aged>(
  read: (beforeMs: number | undefined) => Promise<Slice<Item>>,
): Promise<Slice<Item>> => {
  const first = await read(undefined)
  if (first.isWhole) return { items: byAge(first.items), isWhole: true }
  let sample = byAge(first.items)
  let found: ReadonlyArray<Item> = []
  let lowMs = 0
  let highMs = ageOf(sample.at(-1) as Item) + 1
  let stepCount = 0
  for (let question = 0; question < QUESTIONS_MAX && highMs - lowMs > 1; question++) {
    const beforeMs =
      lowMs > 0
        ? timeBetween(lowMs, highMs, question % 2 === 0 ? sample : [])
        : timeBelow(highMs, sample, stepCount)
    const { items, isWhole } = await read(beforeMs)
    if (isWhole) {
      lowMs = beforeMs
      found = items
      if (items.length >= ENOUGH_COUNT) break
    } else {
      const next = byAge(items)
      // Ids in the order of age: the page is the youngest part of its slice, and says little of the rest.
      if (ageOf(next[next.length >> 1] as Item) < ageOf(sample[0] as Item)) stepCount++
      highMs = beforeMs
      sample = next
    }
  }
  return { items: byAge(found.length > 0 ? found : sample), isWhole: false }
}

/** A time that the sample says has few actors before it. Steps into the past grow with their number. */
const timeBelow = (highMs: number, sample: ReadonlyArray<Aged>, stepCount: number): number => {
  const [oldest, youngest] = [ageOf(sample[0] as Aged), ageOf(sample.at(-1) as Aged)]
  const stepped = highMs - (youngest - oldest + 1) * STEP_GROWTH ** stepCount
  const quantile = ageOf(sample[Math.floor(sample.length * QUANTILE)] as Aged)
  return Math.max(1, stepCount > 0 ? stepped : Math.min(quantile, highMs - 1))
}

/** A time between the two: the middle one of the sample, else the middle. */
const timeBetween = (lowMs: number, highMs: number, sample: ReadonlyArray<Aged>): number => {
  const between = sample.map(ageOf).filter((ms) => ms > lowMs && ms < highMs)
  return between[between.length >> 1] ?? lowMs + Math.floor((highMs - lowMs) / 2)
}

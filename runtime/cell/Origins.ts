/**
 * The messages that an actor has handled, by origin. With it a repeated message is known as a repeat, however
 * late and by whatever road it comes.
 *
 * Owns what is remembered and when it is forgotten: an origin is forgotten once its source has reported it as
 * settled. The memory is folded from the actor's commit entries and carried in snapshots. Repeats of asks:
 * RecentCommands.ts.
 *
 * **Bound.** For each source: at most {@link ERAS_REMEMBERED_MAX} floors (three numbers each), and one origin
 * for each handled message that no floor covers yet. The sender still has these messages to this actor
 * unsettled. A number of messages, a time or a count of other commands never removes an origin. Only the age
 * of an era does: when a ninth era of a source reports a floor, the oldest of the nine is retired, and
 * messages of eras without a floor count as handled up to its sequence and its time. A sender that still owes
 * a message reports no floors to its receiver, so its messages are never retired.
 */
import { invariant } from "../invariant/Invariant.ts"
import {
  type Floor,
  floorOf,
  isFloorRow,
  isOriginRow,
  isSource,
  type Origin,
  originOf,
  rowOfFloor,
} from "../message/Origin.ts"
import { inserted, NONE } from "./SmallList.ts"

/** Eras of one source whose floors are remembered. */
export const ERAS_REMEMBERED_MAX = 8

/**
 * Number of origins up to which every new floor removes covered origins at once; above it, when the number
 * has doubled.
 */
const FEW_ORIGINS_MAX = 16

/** The last report of eras that are not remembered one by one any more. */
interface Retired {
  readonly sequence: number
  readonly atMs: number
}

const NOTHING_RETIRED: Retired = { sequence: 0, atMs: 0 }

/**
 * Row of a snapshot for one source: name, retired eras, floors, and handled origins as `[era, sequence,
 * index, atMs]`.
 */
export type SourceRow = readonly [
  source: string,
  retired: readonly [sequence: number, atMs: number],
  floors: ReadonlyArray<readonly [number, number, number]>,
  handled: ReadonlyArray<readonly [number, number, number, number]>,
]

/**
 * What is known of one source. The lists are ordered arrays, because most actors have few sources with one floor and one or
 * two messages each, and a Map would cost more than its content.
 */
class Source {
  readonly name: string
  /** Sequence and time up to which every message of an era without a floor is settled. */
  retired: Retired = NOTHING_RETIRED
  /** One floor for each era that reported one, in no order. */
  floors: Array<Floor> = NONE
  /** Handled messages that no floor may cover yet, ordered by {@link byPlace}. */
  #handled: Array<Origin> = NONE
  /** Number of handled messages at which covered ones are removed. */
  #sweepAt = FEW_ORIGINS_MAX

  constructor(name: string) {
    this.name = name
  }

  get handled(): ReadonlyArray<Origin> {
    return this.#handled
  }

  /** Whether nothing is remembered, because all its messages were settled. */
  get isEmpty(): boolean {
    return this.floors.length + this.#handled.length + this.retired.sequence + this.retired.atMs === 0
  }

  /** Whether the message was handled, according to floors and the actor's own entries. */
  has(origin: Origin): boolean {
    return this.#isSettled(origin) || isAt(this.#handled, placeIn(this.#handled, origin, byPlace), origin)
  }

  #isSettled({ era, sequence, atMs }: Origin): boolean {
    for (const floor of this.floors) {
      if (floor.era === era) return sequence <= floor.sequence && atMs <= floor.atMs
    }
    return sequence <= this.retired.sequence && atMs <= this.retired.atMs
  }

  add(origin: Origin): void {
    if (this.#isSettled(origin)) return
    const place = placeIn(this.#handled, origin, byPlace)
    if (!isAt(this.#handled, place, origin)) this.#handled = inserted(this.#handled, origin, place)
  }

  /** Takes a floor in, unless the known floor of its era is as high. */
  learn(floor: Floor): void {
    const place = this.floors.findIndex(({ era }) => era === floor.era)
    const known = this.floors[place]
    if (known === undefined) {
      if (!this.#makeRoom(floor)) return
      this.floors = inserted(this.floors, floor)
    } else {
      // A lower floor must not uncover messages, because their origins are forgotten.
      if (floor.sequence < known.sequence || floor.atMs < known.atMs) return
      if (floor.sequence === known.sequence && floor.atMs === known.atMs) return
      this.floors[place] = floor
    }
    const eraCount = this.floors.length
    invariant(eraCount <= ERAS_REMEMBERED_MAX, "erasRemembered", () => ({ eraCount }))
    const { length: count } = this.#handled
    if (count > 0 && (count <= FEW_ORIGINS_MAX || count >= this.#sweepAt)) this.sweep()
  }

  /** Forgets the handled messages that floors cover. */
  sweep(): void {
    const handled = this.#handled
    let keptCount = 0
    for (const origin of handled) if (!this.#isSettled(origin)) handled[keptCount++] = origin
    if (keptCount === 0) this.#handled = NONE
    else handled.length = keptCount
    this.#sweepAt = 2 * Math.max(this.#handled.length, FEW_ORIGINS_MAX)
  }

  /**
   * Makes room for a floor of one more era. False: it is the oldest of all, so its messages are remembered
   * one by one.
   */
  #makeRoom({ atMs }: Floor): boolean {
    if (this.floors.length < ERAS_REMEMBERED_MAX) return true
    let oldest = 0
    for (const [place, floor] of this.floors.entries()) {
      if (floor.atMs < (this.floors[oldest] as Floor).atMs) oldest = place
    }
    const retired = this.floors[oldest] as Floor
    if (atMs < retired.atMs) return false
    this.retired = {
      sequence: Math.max(this.retired.sequence, retired.sequence),
      atMs: Math.max(this.retired.atMs, retired.atMs),
    }
    this.floors.splice(oldest, 1)
    return true
  }
}

/** Order of messages of one source: the oldest first, as far as its eras are numbered in order. */
const byPlace = (left: Origin, right: Origin): number =>
  left.era - right.era || left.sequence - right.sequence || left.index - right.index || left.atMs - right.atMs

const byName = (source: Source, name: string): number =>
  source.name < name ? -1 : source.name > name ? 1 : 0

/** Index of the first element that is not before `sought`. New ones mostly belong at the end. */
const placeIn = <Element, Sought>(
  ordered: ReadonlyArray<Element>,
  sought: Sought,
  compare: (element: Element, sought: Sought) => number,
): number => {
  let low = 0
  let high = ordered.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (compare(ordered[middle] as Element, sought) < 0) low = middle + 1
    else high = middle
  }
  return low
}

const isAt = (handled: ReadonlyArray<Origin>, place: number, origin: Origin): boolean => {
  const found = handled[place]
  return found !== undefined && byPlace(found, origin) === 0
}

export class Origins {
  /** Ordered by name. */
  #sources: Array<Source> = NONE

  /** Whether the message was handled, according to floors and the actor's own entries. */
  has(origin: Origin): boolean {
    const source = this.#sources[placeIn(this.#sources, origin.source, byName)]
    return source?.name === origin.source && source.has(origin)
  }

  /**
   * The memory with one more handled message and its floor. Changes and returns itself, except for {@link
   * NO_ORIGINS}.
   */
  add(origin: Origin, floor: Floor | undefined): Origins {
    const memory = this === NO_ORIGINS ? new Origins() : this
    const source = memory.#source(origin.source)
    source.add(origin)
    if (floor !== undefined) source.learn(floor)
    return memory
  }

  /** Number of rows in a snapshot of the memory. */
  get size(): number {
    let count = 0
    for (const { floors, handled } of this.#sources) count += floors.length + handled.length
    return count
  }

  /** Rows ordered by source, era and sequence: equal for every order of arrival. */
  rows(): ReadonlyArray<SourceRow> {
    const known = this.#sources.filter((source) => !source.isEmpty)
    return known.map((source): SourceRow => {
      source.sweep()
      const { name, retired, floors, handled } = source
      return [
        name,
        [retired.sequence, retired.atMs],
        floors.map(rowOfFloor).sort(byNumbers),
        handled.map(({ era, sequence, index, atMs }) => [era, sequence, index, atMs] as const),
      ]
    })
  }

  /** The memory from `rows`. Throws if {@link rows} cannot have made them. */
  static fromRows(rows: unknown): Origins {
    if (!Array.isArray(rows)) throw unreadable()
    if (rows.length === 0) return NO_ORIGINS
    const memory = new Origins()
    for (const row of rows) {
      if (!isSourceRow(row)) throw unreadable()
      const [name, retired, floors, handled] = row
      const source = memory.#source(name)
      source.retired = { sequence: retired[0], atMs: retired[1] }
      source.floors = floors.map(floorOf)
      for (const numbers of handled) source.add(originOf([name, ...numbers]))
    }
    return memory
  }

  #source(name: string): Source {
    const place = placeIn(this.#sources, name, byName)
    const known = this.#sources[place]
    if (known?.name === name) return known
    const source = new Source(name)
    this.#sources = inserted(this.#sources, source, place)
    return source
  }
}

/** The memory of actors that got no messages. All of them share this object. */
export const NO_ORIGINS = new Origins()

const isSourceRow = (row: unknown): row is SourceRow => {
  if (!Array.isArray(row)) return false
  const [name, retired, floors, handled] = row
  return (
    isSource(name) &&
    Array.isArray(retired) &&
    retired.length === 2 &&
    isFloorRow([0, ...retired]) &&
    Array.isArray(floors) &&
    floors.every(isFloorRow) &&
    Array.isArray(handled) &&
    handled.every((numbers) => Array.isArray(numbers) && isOriginRow([name, ...numbers]))
  )
}

const unreadable = (): Error => new Error("the remembered origins cannot be read")

const byNumbers = (left: ReadonlyArray<number>, right: ReadonlyArray<number>): number => {
  for (const [place, number] of left.entries()) {
    const difference = number - (right[place] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}

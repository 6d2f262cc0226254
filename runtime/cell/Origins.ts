/**
 * The messages that an actor has handled, by origin: what makes a message that comes again a repeat, however late and
 * by whatever road.
 *
 * Owns what is remembered and when it is forgotten: an origin is, once its source has said that it is settled. The memory
 * is folded from the actor's commit entries and is carried in snapshots. Repeats of asks: RecentCommands.ts.
 *
 * **Bound.** Of each source: at most {@link EPOCHS_REMEMBERED_MAX} floors (three numbers each), and one origin for each
 * handled message that no floor covers yet, which is what its sender keeps unsettled towards this actor. A number of
 * messages, a time or a count of other commands never makes the memory forget. The only thing that does is the age of
 * an epoch: when a ninth epoch of a source says a floor, the lowest of the nine is retired, and every message of it and
 * of lower ones counts as handled. A sender must therefore settle what is of an epoch before eight later ones speak.
 */
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

/** Epochs of one source whose floors are remembered. */
export const EPOCHS_REMEMBERED_MAX = 8

/** Origins up to which every new floor removes at once what it covers; of more, when their number has doubled. */
const FEW_ORIGINS_MAX = 16

/** No epoch: epochs are whole numbers from 0. */
const NONE = -1

/** What a snapshot keeps of one source: its name, retired epoch, rows of floors, and `[epoch, sequence, index, atMs]`. */
export type SourceRow = readonly [
  source: string,
  retired: number,
  floors: ReadonlyArray<readonly [number, number, number]>,
  handled: ReadonlyArray<readonly [number, number, number, number]>,
]

/** What is known of one source. */
class Source {
  /** Highest retired epoch, `NONE` at first: everything of it and of lower ones is settled. */
  retired = NONE
  /** One of each epoch that said one, in no order. */
  readonly floors: Array<Floor> = []
  /** Handled messages that may not be covered by a floor. */
  readonly handled = new Map<string, Origin>()
  /** Number of handled messages at which the covered ones are looked for. */
  #sweepAt = FEW_ORIGINS_MAX

  isSettled({ epoch, sequence, atMs }: Origin): boolean {
    if (epoch <= this.retired) return true
    for (const floor of this.floors) {
      if (floor.epoch === epoch) return sequence <= floor.sequence && atMs <= floor.atMs
    }
    return false
  }

  add(origin: Origin): void {
    if (!this.isSettled(origin)) this.handled.set(keyOf(origin), origin)
  }

  /** Takes a floor in; it is left out where that covers all that the known one of its epoch does not, or is too old. */
  learn(floor: Floor): void {
    if (floor.epoch <= this.retired) return
    const place = this.floors.findIndex(({ epoch }) => epoch === floor.epoch)
    const known = this.floors[place]
    if (known === undefined) {
      if (!this.#makeRoom(floor.epoch)) return
      this.floors.push(floor)
    } else {
      // What was covered stays covered: the origins of it are forgotten.
      if (floor.sequence < known.sequence || floor.atMs < known.atMs) return
      if (floor.sequence === known.sequence && floor.atMs === known.atMs) return
      this.floors[place] = floor
    }
    const { size } = this.handled
    if (size <= FEW_ORIGINS_MAX || size >= this.#sweepAt) this.sweep()
  }

  /** Forgets the handled messages that are covered. */
  sweep(): void {
    for (const [key, origin] of this.handled) if (this.isSettled(origin)) this.handled.delete(key)
    this.#sweepAt = 2 * Math.max(this.handled.size, FEW_ORIGINS_MAX)
  }

  /** For a floor of one more epoch. False: the epoch is the lowest of all; its origins are remembered one by one. */
  #makeRoom(epoch: number): boolean {
    if (this.floors.length < EPOCHS_REMEMBERED_MAX) return true
    let lowest = 0
    for (const [place, floor] of this.floors.entries()) {
      if (floor.epoch < (this.floors[lowest] as Floor).epoch) lowest = place
    }
    const { epoch: oldest } = this.floors[lowest] as Floor
    if (epoch < oldest) return false
    this.retired = oldest
    this.floors.splice(lowest, 1)
    return true
  }
}

const keyOf = ({ epoch, sequence, index, atMs }: Origin): string => `${epoch}.${sequence}.${index}.${atMs}`

export class Origins {
  #sources: Map<string, Source> | undefined

  /** Whether the message was handled, as far as floors and the actor's own entries tell. */
  has(origin: Origin): boolean {
    const source = this.#sources?.get(origin.source)
    return source !== undefined && (source.isSettled(origin) || source.handled.has(keyOf(origin)))
  }

  /** The memory with one more handled message, and with what its source said: itself, but for {@link NO_ORIGINS}. */
  add(origin: Origin, floor: Floor | undefined): Origins {
    const memory = this === NO_ORIGINS ? new Origins() : this
    const source = memory.#source(origin.source)
    source.add(origin)
    if (floor !== undefined) source.learn(floor)
    return memory
  }

  /** Rows that a snapshot of it has. */
  get size(): number {
    if (this.#sources === undefined) return 0
    let count = 0
    for (const { floors, handled } of this.#sources.values()) count += floors.length + handled.size
    return count
  }

  /** By source, epoch and sequence: the same for every order in which the same was learnt. */
  rows(): ReadonlyArray<SourceRow> {
    if (this.#sources === undefined) return []
    const byName = Array.from(this.#sources).sort(([left], [right]) => (left < right ? -1 : 1))
    return byName.map(([name, source]): SourceRow => {
      source.sweep()
      const handled = Array.from(
        source.handled.values(),
        ({ epoch, sequence, index, atMs }) => [epoch, sequence, index, atMs] as const,
      )
      return [name, source.retired, source.floors.map(rowOfFloor).sort(byNumbers), handled.sort(byNumbers)]
    })
  }

  /** The memory in `rows`. Throws where they are not what {@link rows} gives. */
  static fromRows(rows: unknown): Origins {
    if (!Array.isArray(rows)) throw unreadable()
    if (rows.length === 0) return NO_ORIGINS
    const memory = new Origins()
    for (const row of rows) {
      if (!isSourceRow(row)) throw unreadable()
      const [name, retired, floors, handled] = row
      const source = memory.#source(name)
      source.retired = retired
      for (const floor of floors) source.floors.push(floorOf(floor))
      for (const numbers of handled) source.add(originOf([name, ...numbers]))
    }
    return memory
  }

  #source(name: string): Source {
    this.#sources ??= new Map()
    const known = this.#sources.get(name)
    if (known !== undefined) return known
    const source = new Source()
    this.#sources.set(name, source)
    return source
  }
}

/** The memory of actors that got no messages: all of them have this one. */
export const NO_ORIGINS = new Origins()

const isSourceRow = (row: unknown): row is SourceRow => {
  if (!Array.isArray(row)) return false
  const [name, retired, floors, handled] = row
  return (
    isSource(name) &&
    Number.isSafeInteger(retired) &&
    retired >= NONE &&
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

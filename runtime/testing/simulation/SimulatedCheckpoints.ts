/**
 * Checkpoints with the faults of a replicated bucket: reads that lag, writes that are lost, times without an
 * answer.
 *
 * A lost checkpoint may only cost repeated work, so this store loses them freely.
 */
import { Effect, Exit } from "effect"
import { type CheckpointsService, CheckpointsUnavailable, positionIn } from "../../checkpoint/Checkpoints.ts"
import type { Network } from "./Network.ts"
import type { Randomness } from "./Randomness.ts"
import type { SimulatedProcess } from "./SimulatedProcess.ts"

const TIMEOUT_MS = 2_000

/** Prefix that tells notes from positions in a copy; no name has a space. */
const NOTE_PREFIX = "note "

/** Most writes by which a stale answer may lag. */
const STALE_WRITES_MAX = 5

/** All writes before the copy was made, by name; notes have the prefix. */
export type CheckpointsCopy = ReadonlyMap<string, ReadonlyArray<unknown>>

export class SimulatedCheckpoints {
  readonly #network: Network
  /** All values written under a name, the newest last. */
  readonly #positions = new Map<string, Array<unknown>>()
  readonly #notes = new Map<string, Array<string | undefined>>()

  constructor(network: Network) {
    this.#network = network
  }

  /** The newest position. */
  position(name: string): number {
    return positionIn(this.#positions.get(name)?.at(-1))
  }

  /** Overwrites a position and a note of attempts with values that no node writes. */
  put(random: Randomness, position: unknown, note: string): void {
    const positions = [...this.#positions.values()]
    const notes = [...this.#notes].filter(([name]) => name.startsWith("attempts."))
    if (positions.length > 0) random.pick(positions).push(position)
    if (notes.length > 0) random.pick(notes)[1].push(note)
  }

  copy(): CheckpointsCopy {
    const positions = Array.from(this.#positions, ([name, values]) => [name, [...values]] as const)
    const notes = Array.from(this.#notes, ([name, values]) => [`${NOTE_PREFIX}${name}`, [...values]] as const)
    return new Map<string, ReadonlyArray<unknown>>([...positions, ...notes])
  }

  /** An older copy replaces everything. */
  restore(copy: CheckpointsCopy): void {
    this.#positions.clear()
    this.#notes.clear()
    for (const [name, values] of copy) {
      if (name.startsWith(NOTE_PREFIX))
        this.#notes.set(name.slice(NOTE_PREFIX.length), [...values] as Array<string | undefined>)
      else this.#positions.set(name, [...values])
    }
  }

  /** Exchanges the values of names that differ only in their last part, such as those of shards. */
  mixUp(random: Randomness): void {
    const copy = this.copy()
    const mixed = new Map(copy)
    for (const names of Map.groupBy(copy.keys(), (name) => name.slice(0, name.lastIndexOf("."))).values()) {
      if (names.length < 2) continue
      const by = 1 + random.index(names.length - 1)
      for (const [index, name] of names.entries())
        mixed.set(name, copy.get(names[(index + by) % names.length] ?? name) ?? [])
    }
    this.restore(mixed)
  }

  connect(host: SimulatedProcess): CheckpointsService {
    return {
      position: (name) =>
        this.#call(host, `checkpoint ${name}`, name, () =>
          positionIn(this.#read(host, this.#positions, name)),
        ),
      advance: (name, position) =>
        this.#call(host, `checkpoint ${name} to ${position}`, name, () =>
          this.#write<unknown>(host, this.#positions, name, Math.max(position, this.position(name))),
        ),
      note: (name) =>
        this.#call(host, `note ${name}`, name, (): unknown => {
          const note = this.#read(host, this.#notes, name)
          return note === undefined ? undefined : JSON.parse(note)
        }),
      write: (name, note) =>
        this.#call(host, `write note ${name}`, name, () =>
          this.#write(host, this.#notes, name, note === undefined ? undefined : JSON.stringify(note)),
        ),
    }
  }

  #read<A>(
    host: SimulatedProcess,
    values: ReadonlyMap<string, ReadonlyArray<A>>,
    name: string,
  ): A | undefined {
    const { faults } = this.#network
    const isStale = faults.strikes("checkpoint stale", host.name, name)
    const behind = isStale ? 1 + faults.details("checkpoint stale").index(STALE_WRITES_MAX) : 0
    return values.get(name)?.at(-1 - behind)
  }

  #write<A>(host: SimulatedProcess, values: Map<string, Array<A>>, name: string, value: A): void {
    if (this.#network.faults.strikes("checkpoint lost", host.name, name)) return
    const written = values.get(name)
    if (written === undefined) values.set(name, [value])
    else written.push(value)
  }

  #call<A>(
    host: SimulatedProcess,
    what: string,
    name: string,
    work: () => A,
  ): Effect.Effect<A, CheckpointsUnavailable> {
    return Effect.suspend(() =>
      this.#network.call<A, CheckpointsUnavailable>({
        host,
        server: "journal",
        what,
        serve: () => Exit.succeed(work()),
        timeoutMs: TIMEOUT_MS,
        unanswered: (detail) => new CheckpointsUnavailable({ detail }),
        fate: this.#network.faults.strikes("checkpoints unavailable", host.name, name)
          ? { refusal: new CheckpointsUnavailable({ detail: "simulated" }) }
          : {},
      }),
    )
  }
}

/**
 * Leases with the faults of a replicated bucket: an exact compare-and-set at the leader, lists from followers
 * that lag, writes of unknown outcome, hints that come late, twice or never.
 *
 * Owns the faults of the port, and the exact content for the checkers. Leases and journal are one server:
 * they go down together, and a power failure may take the last writes of both.
 */
import { Effect, Exit, Queue, Stream } from "effect"
import {
  LeaseConflict,
  type LeaseHint,
  type LeaseRecord,
  type LeasesService,
  LeasesUnavailable,
  type LeaseWriteError,
} from "../../cluster/Leases.ts"
import type { Fate, Network } from "./Network.ts"
import type { SimulatedProcess } from "./SimulatedProcess.ts"

const TIMEOUT_MS = 2_000

/** Largest delay of a late write after the time-out of its writer, in milliseconds. */
const LATE_MS_MAX = 4_000

/** Largest delay of a hint, in milliseconds. */
const HINT_LATE_MS_MAX = 4_000

/** Most writes of a record by which a stale list may lag. */
const STALE_WRITES_MAX = 5

/** Time for which a removed record is listed, in milliseconds. */
const REMOVED_KEPT_MS = 3_600_000

/** Hints that wait for their reader. */
const HINTS_MAX = 256

/** Errors of a server that cannot answer. */
const FAILURES: ReadonlyArray<LeasesUnavailable["reason"]> = ["NoResponders", "Other"]

interface Written {
  readonly revision: number
  /** The record; `undefined` if it was removed. */
  readonly json: string | undefined
  /** Time from which a removed record is not listed any more, in virtual milliseconds. */
  readonly untilMs: number
}

interface Watcher {
  readonly host: SimulatedProcess
  readonly hint: (hint: LeaseHint) => void
}

/** A write whose writer knows the outcome. */
export interface LeaseWritten {
  readonly host: SimulatedProcess
  readonly key: string
  /** The record; `undefined` if it was removed. */
  readonly value: unknown
  /** Virtual milliseconds at which the writer sent it. */
  readonly sentAtMs: number
}

export class SimulatedLeases {
  /** True while the store does not answer. */
  isAway = false
  /** Called for each write when its writer gets the acknowledgement, in the writer's process. */
  readonly observers: Array<(written: LeaseWritten) => void> = []
  /** Called for each write when it is stored. */
  readonly stored: Array<(written: Omit<LeaseWritten, "sentAtMs">) => void> = []
  readonly #network: Network
  /** Every revision of every record, the newest last. */
  readonly #written = new Map<string, Array<Written>>()
  readonly #watchers = new Set<Watcher>()
  #newest = 0

  constructor(network: Network) {
    this.#network = network
  }

  /** All current records. */
  get records(): ReadonlyArray<LeaseRecord> {
    return Array.from(this.#written.keys()).flatMap((key) => this.#recordOf(key) ?? [])
  }

  /** The servers come back without their last writes; revisions continue from there. */
  lose(writeCount: number): void {
    this.#network.world.note("journal", `FAULT power loss: the last ${writeCount} writes of leases are gone`)
    this.#newest = Math.max(0, this.#newest - writeCount)
    for (const [key, written] of this.#written) {
      const kept = written.filter(({ revision }) => revision <= this.#newest)
      if (kept.length === 0) this.#written.delete(key)
      else this.#written.set(key, kept)
    }
  }

  /** Overwrites a record with a value that no member writes. */
  put(key: string, value: unknown): void {
    const json = JSON.stringify(value)
    const after = this.#recordOf(key)?.revision ?? 0
    const entry: Written = { revision: ++this.#newest, json, untilMs: 0 }
    this.#written.set(key, [...(this.#written.get(key) ?? []), entry])
    for (const watcher of this.#watchers) this.#hint(watcher, { key, after, value: readBack(json) })
  }

  connect(host: SimulatedProcess): LeasesService {
    return {
      isShared: true,
      all: this.#read(host, "list leases", "", () => this.#list(host)),
      get: (key) => this.#read(host, `read lease ${key}`, key, () => this.#recordOf(key)),
      write: (key, value, revision) =>
        this.#write(host, "write", key, JSON.stringify(value ?? null), revision),
      remove: (key, revision, keptMs) =>
        Effect.asVoid(this.#write(host, "remove", key, undefined, revision, keptMs)),
      changes: Stream.callback<LeaseHint>(
        (queue) =>
          Effect.acquireRelease(
            Effect.sync(() => {
              const watcher: Watcher = { host, hint: (hint) => Queue.offerUnsafe(queue, hint) }
              this.#watchers.add(watcher)
              return watcher
            }),
            (watcher) => Effect.sync(() => this.#watchers.delete(watcher)),
          ),
        { bufferSize: HINTS_MAX, strategy: "sliding" },
      ),
    }
  }

  #recordOf(key: string, behind = 0): LeaseRecord | undefined {
    const written = this.#written.get(key)?.at(-1 - behind)
    if (written === undefined) return undefined
    const { revision, json, untilMs } = written
    if (json !== undefined) return { key, revision, value: JSON.parse(json) as unknown }
    const isForgotten = this.#network.world.nowMs >= untilMs
    return isForgotten ? undefined : { key, revision, value: undefined }
  }

  #list(host: SimulatedProcess): ReadonlyArray<LeaseRecord> {
    const { faults } = this.#network
    return Array.from(this.#written.keys()).flatMap((key) => {
      const isStale = faults.strikes("lease stale", host.name, key)
      const behind = isStale ? 1 + faults.details("lease stale").index(STALE_WRITES_MAX) : 0
      return this.#recordOf(key, behind) ?? []
    })
  }

  #read<A>(
    host: SimulatedProcess,
    what: string,
    key: string,
    work: () => A,
  ): Effect.Effect<A, LeasesUnavailable> {
    return Effect.suspend(() =>
      this.#network.call<A, LeasesUnavailable>({
        host,
        server: "journal",
        what,
        serve: () => (this.isAway ? Exit.fail(unavailable("NoResponders")) : Exit.succeed(work())),
        timeoutMs: TIMEOUT_MS,
        unanswered: unavailable,
        fate: this.#refusal(host, key),
      }),
    )
  }

  #write(
    host: SimulatedProcess,
    verb: string,
    key: string,
    json: string | undefined,
    revision: number,
    keptMs = REMOVED_KEPT_MS,
  ): Effect.Effect<number, LeaseWriteError> {
    return Effect.suspend(() => {
      const sentAtMs = this.#network.world.nowMs
      const written = this.#network.call<number, LeaseWriteError>({
        host,
        server: "journal",
        what: `${verb} lease ${key} at ${revision}`,
        serve: () =>
          this.isAway ? Exit.fail(unavailable("NoResponders")) : this.#put(host, key, json, revision, keptMs),
        timeoutMs: TIMEOUT_MS,
        unanswered: unavailable,
        fate: this.#writeFate(host, key),
      })
      return Effect.tap(written, () =>
        Effect.sync(() => {
          for (const observe of this.observers) observe({ host, key, value: readBack(json), sentAtMs })
        }),
      )
    })
  }

  #put(
    host: SimulatedProcess,
    key: string,
    json: string | undefined,
    revision: number,
    keptMs: number,
  ): Exit.Exit<number, LeaseConflict> {
    const found = this.#recordOf(key)?.revision ?? 0
    if (found !== revision) return Exit.fail(new LeaseConflict({ key }))
    this.#newest++
    const entry: Written = { revision: this.#newest, json, untilMs: this.#network.world.nowMs + keptMs }
    const written = this.#written.get(key)
    if (written === undefined) this.#written.set(key, [entry])
    else written.push(entry)
    for (const watcher of this.#watchers) this.#hint(watcher, { key, after: revision, value: readBack(json) })
    for (const observe of this.stored) observe({ host, key, value: readBack(json) })
    return Exit.succeed(this.#newest)
  }

  #hint(watcher: Watcher, given: LeaseHint): void {
    const { host, hint } = watcher
    const { key } = given
    const { faults } = this.#network
    if (host.life === "dead") {
      this.#watchers.delete(watcher)
      return
    }
    if (faults.strikes("lease hint lost", host.name, key)) return
    const lateMs = faults.strikes("lease hint late", host.name, key)
      ? faults.details("lease hint late").between(0, HINT_LATE_MS_MAX)
      : 0
    const copies = faults.strikes("lease hint twice", host.name, key) ? 2 : 1
    for (let copy = 0; copy < copies; copy++) {
      this.#network.answer(host, "journal", lateMs, () => hint(given))
    }
  }

  #refusal(host: SimulatedProcess, key: string): Fate<LeasesUnavailable> {
    const { faults } = this.#network
    return faults.strikes("leases unavailable", host.name, key)
      ? { refusal: unavailable(faults.details("leases unavailable").pick(FAILURES)) }
      : {}
  }

  #writeFate(host: SimulatedProcess, key: string): Fate<LeasesUnavailable> {
    const { faults } = this.#network
    if (faults.strikes("lease answer lost", host.name, key)) return { replyLost: true }
    if (faults.strikes("lease lands late", host.name, key)) {
      return { requestAfterMs: TIMEOUT_MS + faults.details("lease lands late").between(0, LATE_MS_MAX) }
    }
    return this.#refusal(host, key)
  }
}

const unavailable = (reason: LeasesUnavailable["reason"]): LeasesUnavailable =>
  new LeasesUnavailable({ reason, detail: "simulated" })

const readBack = (json: string | undefined): unknown => (json === undefined ? undefined : JSON.parse(json))

/**
 * The in-memory journal with the faults of real servers: appends of unknown outcome, lagging followers,
 * answers of a former leader, a tail that is lost in a power failure.
 *
 * Owns the faults of the journal's port. The stored content is exact and can be observed; the answers to
 * clients may be wrong. Real servers showed these faults (docs/SIMULATION.md lists them).
 */
import { Effect, Exit, Stream } from "effect"
import { type ActorAddress, addressFromKey } from "../../address/ActorAddress.ts"
import {
  AppendUnknown,
  type JournalReadError,
  type JournalRecord,
  JournalRefused,
  type JournalService,
  JournalUnavailable,
} from "../../journal/Journal.ts"
import {
  type JournalMemory,
  type JournalMemoryOptions,
  makeJournalMemory,
} from "../../journal/JournalMemory.ts"
import type { Call, Fate, Network } from "./Network.ts"
import { Pulls } from "./Pulls.ts"
import {
  APPEND_TIMEOUT_MS,
  type AppendError,
  type BatchError,
  type GroupedAppend,
  noAnswer,
  type PendingAppend,
  SimulatedBatches,
} from "./SimulatedBatches.ts"
import type { SimulatedProcess } from "./SimulatedProcess.ts"

/** Time after which the caller of a read gets a time-out, in milliseconds. */
const READ_TIMEOUT_MS = 2_000

/** Topic that all followers wait for, whatever they read. */
const NEXT_PAGE = 0

/** Largest delay of a late append after the time-out of its caller, in milliseconds. */
const LATE_MS_MAX = 4_000

/** Largest lag of a former leader in milliseconds, and of a follower in records. */
const EX_LEADER_LAG_MS_MAX = 1_000
const FOLLOWER_LAG_RECORDS_MAX = 8

const STALLED_MS_MAX = 4_000

/** Errors of a server that cannot answer: no leader, or an internal error. */
const LAST_FAILURES: ReadonlyArray<JournalUnavailable["reason"]> = ["NoResponders", "Other"]
const READ_FAILURES: ReadonlyArray<JournalUnavailable["reason"]> = ["Timeout", "NoResponders", "Other"]

/** A commit at the moment it is stored. */
export interface StoredAppend {
  readonly address: ActorAddress
  readonly sequence: number
  readonly data: Uint8Array
  /** Virtual milliseconds. */
  readonly atMs: number
  /** Virtual milliseconds at which its node began the append. */
  readonly begunAtMs: number
}

export class SimulatedJournal {
  /** The exact content. */
  readonly memory: JournalMemory
  /** Called for each append when it is stored. */
  readonly observers: Array<(stored: StoredAppend) => void> = []
  /** Called when an append begins, in its process. */
  readonly begun: Array<(append: Pick<PendingAppend, "host" | "address">) => void> = []
  /** Called for each append that the sequence check refuses. */
  readonly refused: Array<(append: Pick<PendingAppend, "address" | "data">) => void> = []
  readonly pending = new Set<PendingAppend>()
  readonly #network: Network
  /** Virtual time of storing of each record; index = sequence − 1. */
  readonly #storedAtMs: Array<number> = []
  readonly #pulls: Pulls
  readonly #isGrouping: boolean

  /** `isGrouping`: clients store appends of different actors as atomic batches. */
  constructor(network: Network, options: JournalMemoryOptions = {}, isGrouping = false) {
    this.#network = network
    this.#isGrouping = isGrouping
    this.#pulls = new Pulls(network, "journal")
    this.memory = makeJournalMemory(options)
  }

  get lastSequence(): number {
    return this.#storedAtMs.length
  }

  /** Sequence of an actor's last record; 0 without one. */
  lastSequenceOf(key: string): number {
    return this.memory.lastAt(addressFromKey(key, 1), this.lastSequence)?.sequence ?? 0
  }

  /** A power failure: everything after `sequence` was not synced and is gone. */
  loseTail(sequence: number): void {
    this.memory.truncate(sequence)
    this.#storedAtMs.length = Math.min(this.#storedAtMs.length, sequence)
    this.#network.world.note("journal", `FAULT power loss: everything after ${sequence} is gone`)
    this.#network.world.mark("power loss")
  }

  /** Stores data that no node writes, as the first record of an actor; observers are not called. */
  put(address: ActorAddress, data: Uint8Array): void {
    Effect.runSync(this.memory.append(address, 0, data))
    this.#storedAtMs.push(this.#network.world.nowMs)
    this.#pulls.wake(NEXT_PAGE)
  }

  /** The journal's port for `host`. */
  connect(host: SimulatedProcess): JournalService {
    const { commitBytesMax } = this.memory
    const group = this.#isGrouping
      ? new SimulatedBatches(this.#network, host, (members) => this.#storeBatch(members))
      : undefined
    return {
      partitionCount: 1,
      commitBytesMax,
      appendTimeoutMs: APPEND_TIMEOUT_MS,
      append: (address, expectedSequence, data) => this.#append(host, address, expectedSequence, data, group),
      last: (address) => this.#last(host, address),
      read: (address, range) => this.#read(host, address, range),
      scan: (range) => this.#scan(host, range),
      follow: (options) => this.#follow(host, options),
      lastSequence: () => this.#ask(host, "journal.lastSequence", () => this.lastSequence),
      lastOfShard: (shard) =>
        this.#ask(host, `journal.lastOfShard ${shard}`, () => Effect.runSync(this.memory.lastOfShard(shard))),
      check: this.#ask(host, "journal.check", () => undefined),
    }
  }

  #append(
    host: SimulatedProcess,
    address: ActorAddress,
    expected: number,
    data: Uint8Array,
    group: SimulatedBatches | undefined,
  ): Effect.Effect<number, AppendError> {
    const network = this.#network
    return Effect.suspend((): Effect.Effect<number, AppendError> => {
      const limit = this.memory.commitBytesMax
      if (data.length > limit) {
        const detail = `the commit has ${data.length} bytes, the journal takes ${limit}`
        return Effect.fail(new JournalRefused({ reason: "TooLarge", detail, hint: "Split the work." }))
      }
      const begunAtMs = network.world.nowMs
      const append: PendingAppend = { host, address, data, begunAtMs, isStored: false }
      this.pending.add(append)
      for (const observe of this.begun) observe(append)
      const call = (): Call<number, AppendError> => ({
        host,
        server: "journal",
        what: `append ${address.key} after ${expected}`,
        serve: () => Effect.runSyncExit(this.#store(append, expected)),
        timeoutMs: APPEND_TIMEOUT_MS,
        unanswered: noAnswer,
        fate: this.#appendFate(host, address),
      })
      const stored =
        group === undefined
          ? network.call(call())
          : group.append({ append, expected, begin: (done) => network.begin(call(), done) })
      return Effect.onExit(stored, () => Effect.sync(() => this.pending.delete(append)))
    })
  }

  /**
   * Stores all members or none. As on the server, each is checked against the last record of its own actor.
   */
  #storeBatch(members: ReadonlyArray<GroupedAppend>): Exit.Exit<ReadonlyArray<number>, BatchError> {
    const isRight = ({ append, expected }: GroupedAppend) =>
      (this.memory.lastAt(append.address, this.lastSequence)?.sequence ?? 0) === expected
    if (!members.every(isRight)) return Exit.fail("refused")
    this.#network.world.mark("batch stored")
    return Exit.succeed(
      members.map(({ append, expected }) => Effect.runSync(Effect.orDie(this.#store(append, expected)))),
    )
  }

  #store(append: PendingAppend, expected: number) {
    const { address, data, begunAtMs } = append
    const refused = Effect.sync(() => {
      for (const observe of this.refused) observe(append)
    })
    const checked = Effect.tapError(this.memory.append(address, expected, data), () => refused)
    return Effect.map(checked, (sequence) => {
      append.isStored = true
      const atMs = this.#network.world.nowMs
      this.#storedAtMs.push(atMs)
      for (const observe of this.observers) observe({ address, sequence, data, atMs, begunAtMs })
      this.#pulls.wake(NEXT_PAGE)
      return sequence
    })
  }

  #appendFate(host: SimulatedProcess, { key }: ActorAddress): Fate<AppendUnknown | JournalRefused> {
    const { faults } = this.#network
    const strikes = (kind: Parameters<typeof faults.strikes>[0]) => faults.strikes(kind, host.name, key)
    const unknown = (reason: AppendUnknown["reason"], detail: string) => new AppendUnknown({ reason, detail })
    if (strikes("append lost")) return { requestLost: true }
    if (strikes("ack lost")) return { replyLost: true }
    if (strikes("append lands late")) {
      const lateMs = faults.details("append lands late").between(0, LATE_MS_MAX)
      return { requestAfterMs: APPEND_TIMEOUT_MS + lateMs }
    }
    if (strikes("append twice")) return { isTwice: true }
    if (strikes("append unavailable")) return { refusal: unknown("Unavailable", "503") }
    if (strikes("append in flight")) return { refusal: unknown("InFlight", "10164") }
    if (strikes("append in flight lands")) return { answerInstead: unknown("InFlight", "10158") }
    if (strikes("append refused")) return { refusal: full() }
    return {}
  }

  #last(
    host: SimulatedProcess,
    address: ActorAddress,
  ): Effect.Effect<JournalRecord | undefined, JournalUnavailable> {
    return Effect.suspend(() => {
      const { faults, world } = this.#network
      const lagMs = faults.strikes("last stale", host.name, address.key)
        ? faults.details("last stale").between(0, EX_LEADER_LAG_MS_MAX)
        : undefined
      const answer = () =>
        lagMs === undefined
          ? this.memory.lastAt(address, this.lastSequence)
          : this.memory.lastAt(address, this.#sequenceAt(world.nowMs - lagMs))
      const fate = faults.strikes("last fails", host.name, address.key)
        ? { refusal: unavailable(faults.details("last fails").pick(LAST_FAILURES)) }
        : {}
      return this.#ask(host, `journal.last ${address.key}`, answer, fate)
    })
  }

  #read(host: SimulatedProcess, address: ActorAddress, range: Range) {
    return this.#page(host, address.key, range, (upTo) => this.memory.read(address, { ...range, upTo }))
  }

  #scan(host: SimulatedProcess, range: Range) {
    return this.#page(host, "all", range, (upTo) => this.memory.scan({ ...range, upTo }))
  }

  /** A page from a replica that may lag. */
  #page(
    host: SimulatedProcess,
    what: string,
    range: Range,
    readUpTo: (upTo: number) => Effect.Effect<ReadonlyArray<JournalRecord>, JournalReadError>,
  ): Effect.Effect<ReadonlyArray<JournalRecord>, JournalReadError> {
    return Effect.suspend(() => {
      const { faults } = this.#network
      const isStale = faults.strikes("read stale", host.name, what)
      const lag = isStale ? 1 + faults.details("read stale").index(FOLLOWER_LAG_RECORDS_MAX) : 0
      const fate = faults.strikes("read fails", host.name, what)
        ? { refusal: unavailable(faults.details("read fails").pick(READ_FAILURES)) }
        : {}
      const serve = Effect.suspend(() => {
        const upTo = isStale ? Math.min(range.upTo, this.lastSequence - lag) : range.upTo
        return Effect.flatMap(readUpTo(upTo), (page) =>
          isStale && page.length === 0 ? Effect.fail(unavailable("Stale")) : Effect.succeed(page),
        )
      })
      return this.#network.call<ReadonlyArray<JournalRecord>, JournalReadError>({
        host,
        server: "journal",
        what: `read ${what} ${range.after}..${range.upTo}`,
        serve: () => Effect.runSyncExit(serve),
        timeoutMs: READ_TIMEOUT_MS,
        unanswered: unavailable,
        fate,
      })
    })
  }

  #ask<A>(
    host: SimulatedProcess,
    what: string,
    answer: () => A,
    fate: Fate<JournalUnavailable> = {},
  ): Effect.Effect<A, JournalUnavailable> {
    const serve = () => Effect.runSyncExit(Effect.sync(answer))
    return this.#network.call<A, JournalUnavailable>({
      host,
      server: "journal",
      what,
      serve,
      timeoutMs: READ_TIMEOUT_MS,
      unanswered: unavailable,
      fate,
    })
  }

  /** Pulls page after page, each from the end of the one before. */
  #follow(
    host: SimulatedProcess,
    from: { readonly types: ReadonlyArray<string> | "all"; readonly after: number },
  ): Stream.Stream<ReadonlyArray<JournalRecord>> {
    const { faults } = this.#network
    const types = from.types === "all" ? from.types : new Set(from.types)
    const lateMs = () =>
      faults.strikes("follow stalls", host.name)
        ? faults.details("follow stalls").between(0, STALLED_MS_MAX)
        : 0
    return Stream.suspend(() => {
      let position = from.after
      const serve = () => {
        const page = this.memory.page(types, position)
        return page.length === 0 ? undefined : page
      }
      const next = Effect.map(this.#pulls.pull({ host, topic: NEXT_PAGE, serve, lateMs }), (page) => {
        position = page.at(-1)?.sequence ?? position
        return page
      })
      return Stream.fromEffectRepeat(next)
    })
  }

  #sequenceAt(atMs: number): number {
    return this.#storedAtMs.findLastIndex((storedAtMs) => storedAtMs <= atMs) + 1
  }
}

interface Range {
  readonly after: number
  readonly upTo: number
}

const full = (): JournalRefused =>
  new JournalRefused({ reason: "Full", detail: "simulated", hint: "Make room." })

const unavailable = (reason: JournalUnavailable["reason"]): JournalUnavailable =>
  new JournalUnavailable({ reason, detail: "simulated" })

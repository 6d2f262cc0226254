/**
 * Watches the streams and buckets that a node needs, as long as it runs: the health port on NATS.
 *
 * Owns the looks, what each finding means to an operator, and logging a problem once when it begins and once
 * when it is over. A look reads every store's `STREAM.INFO`, and what the adapters met when they wrote and
 * received (StoreTroubles.ts), because a server with a full disk still answers every look, and leaves writes
 * unanswered. It repairs nothing; the adapters go on by themselves once a store works again. The list of
 * stores: NeededStores.ts.
 */
import { Effect, Layer, Semaphore } from "effect"
import {
  Health,
  type HealthProblem,
  type HealthService,
  type Needed,
  problemsOf,
  problemText,
  problemTitle,
  Unhealthy,
} from "../../../runtime/health/Health.ts"
import { thrownText } from "../../../runtime/json/Thrown.ts"
import type { StreamInfo } from "../connection/JetStreamApi.ts"
import { NatsConnection, type NatsConnectionService } from "../connection/NatsConnection.ts"
import { type JetStreamError, type NatsRequestFailed, RIGHTS_HINT } from "../connection/NatsErrors.ts"
import { findStream } from "../connection/OpenStream.ts"
import type { WriteTrouble } from "../connection/StoreTroubles.ts"
import type { NeededStore } from "./NeededStores.ts"

/** Interval of the looks, in milliseconds. */
export const LOOK_EVERY_MS = 2_000

/** Longest wait for the answer of one store, in milliseconds. */
const LOOK_TIMEOUT_MS = 1_500

/** Pause before a second look at a missing stream: a new leader may not know it for a moment. */
const CONFIRM_PAUSE_MS = 250

const ROOM_HINT = "Make room, or raise the limit (max_file_store, max_bytes, the account's), or archive."
const RESTART_HINT =
  "Look at the disk and the log of nats-server. If it says `no space left on device`: make room, then restart the server; until then it stores nothing in that stream."
const LOOK_HINT = "Look at nats-server and at the stream's leader: `nats server report jetstream`."

interface Facts {
  readonly reason: HealthProblem["reason"]
  readonly detail: string
  readonly hint: string
}

/** Meaning of a trouble that the writes to a store met. */
const ofWrites = (trouble: WriteTrouble): Facts => {
  const { detail } = trouble
  switch (trouble.reason) {
    case "Full":
      return { reason: "Full", detail, hint: ROOM_HINT }
    case "Unwritable":
      return { reason: "Unwritable", detail, hint: RESTART_HINT }
    case "NotPermitted":
      return { reason: "NotPermitted", detail, hint: RIGHTS_HINT }
    case "Unanswered":
      return {
        reason: "Unwritable",
        detail: `the last ${trouble.count} writes got no answer, though the stream is there (${detail})`,
        hint: RESTART_HINT,
      }
  }
}

const ofFailedLook = (error: NatsRequestFailed | JetStreamError): Facts =>
  error._tag === "NatsRequestFailed" && error.reason === "NotPermitted"
    ? { reason: "NotPermitted", detail: error.message, hint: RIGHTS_HINT }
    : { reason: "Unreachable", detail: error.message, hint: LOOK_HINT }

const ofStrangeAnswer = (defect: unknown): Facts => ({
  reason: "Unreachable",
  detail: `its answer cannot be read: ${thrownText(defect)}`,
  hint: LOOK_HINT,
})

/** Problem that a stream's own info shows. */
export const ofInfo = ({ config, state }: StreamInfo): Facts | undefined => {
  if (config.sealed === true) {
    const hint = "A sealed stream cannot be opened again: find out who sealed it, and restore it."
    return { reason: "Unwritable", detail: "it is sealed", hint }
  }
  const { max_bytes: bytesMax = -1, discard } = config
  const { bytes = 0 } = state
  if (discard !== "new" || bytesMax <= 0 || bytes < bytesMax) return undefined
  return { reason: "Full", detail: `it has ${bytes} bytes of ${bytesMax}`, hint: ROOM_HINT }
}

class Watch {
  readonly #connection: NatsConnectionService
  readonly #stores: ReadonlyArray<NeededStore>
  readonly #turn = Semaphore.makeUnsafe(1)
  /** Leader of each stream, and the connection under which it was seen. */
  readonly #leaders = new Map<string, string>()
  #needed: ReadonlyArray<Needed>

  constructor(connection: NatsConnectionService, stores: ReadonlyArray<NeededStore>) {
    this.#connection = connection
    this.#stores = stores
    this.#needed = [
      { name: "NATS", kind: "server", problem: undefined },
      ...stores.flatMap((store) => this.#neededOf(store, undefined, [])),
    ]
  }

  get service(): HealthService {
    return {
      needed: () => this.#needed,
      check: Effect.flatMap(this.look, () => {
        const problems = problemsOf(this.#needed)
        const [first] = problems
        return first === undefined ? Effect.void : Effect.fail(new Unhealthy({ problems, hint: first.hint }))
      }),
    }
  }

  /** Looks at all stores, and logs what is new. */
  readonly look: Effect.Effect<void> = Effect.suspend(() => this.#turn.withPermit(this.#lookNow))

  get #lookNow(): Effect.Effect<void> {
    return Effect.gen({ self: this }, function* () {
      const before = this.#needed
      const isConnected = this.#server().problem === undefined
      // Without a connection the earlier findings stay.
      const stores = isConnected ? yield* this.#lookAtStores : before.filter(({ kind }) => kind !== "server")
      this.#needed = [this.#server(), ...stores]
      yield* this.#tell(before)
    })
  }

  #server(): Needed {
    const { state, server, lastError } = this.#connection.health()
    if (state === "connected") return { name: "NATS", kind: "server", problem: undefined }
    const detail = `there is no connection to ${server}${lastError === undefined ? "" : ` (${lastError})`}`
    const hint =
      state === "closed"
        ? "The connection is not made again: restart the node with valid credentials."
        : "Is nats-server running there?"
    const problem: HealthProblem = { name: "NATS", kind: "server", reason: "Unreachable", detail, hint }
    return { name: "NATS", kind: "server", problem }
  }

  get #lookAtStores(): Effect.Effect<ReadonlyArray<Needed>> {
    const looks = Effect.forEach(this.#stores, (store) => this.#lookAt(store), { concurrency: "unbounded" })
    return Effect.map(looks, (seen) => {
      this.#connection.requests.troubles.looked()
      return seen.flat()
    })
  }

  #lookAt(store: NeededStore): Effect.Effect<ReadonlyArray<Needed>> {
    const { name } = store
    const once = findStream(this.#connection, name, LOOK_TIMEOUT_MS)
    const { troubles } = this.#connection.requests
    return once.pipe(
      Effect.flatMap((found) =>
        found === undefined ? Effect.delay(once, CONFIRM_PAUSE_MS) : Effect.succeed(found),
      ),
      Effect.map((info) => {
        if (info === undefined) {
          const detail = "nats-server does not have it"
          // Forgets unanswered writes: the bucket is missing. While members subscribe to its hints, a write
          // to it gets no answer instead of "no responders".
          troubles.forget(store.writtenTo)
          return this.#neededOf(store, { reason: "Missing", detail, hint: store.ifMissing }, [])
        }
        this.#noteLeader(store, info)
        const trouble = troubles.ofWrites(store.writtenTo)
        const facts = ofInfo(info) ?? (trouble === undefined ? undefined : ofWrites(trouble))
        return this.#neededOf(store, facts, troubles.ofConsumers(name))
      }),
      Effect.catch((error) =>
        Effect.succeed(
          error._tag === "NatsRequestFailed" && error.reason === "Disconnected"
            ? this.#needed.filter((known) => known.name === name)
            : this.#neededOf(store, ofFailedLook(error), []),
        ),
      ),
      // An answer of another form counts as a problem of its own, so that the loop of looks goes on and shows
      // no old finding.
      Effect.catchDefect((defect) => Effect.succeed(this.#neededOf(store, ofStrangeAnswer(defect), []))),
    )
  }

  /**
   * Forgets the write troubles of a stream that has another leader or a restarted server: no other change
   * makes it writable again.
   */
  #noteLeader({ name, writtenTo }: NeededStore, { cluster }: StreamInfo): void {
    const leader = `${cluster?.leader ?? ""} ${this.#connection.health().reconnectCount}`
    const before = this.#leaders.get(name)
    if (before !== undefined && before !== leader) this.#connection.requests.troubles.forget(writtenTo)
    this.#leaders.set(name, leader)
  }

  /** A store with its problem, and a second entry if its consumers have one of their own. */
  #neededOf(
    { name, kind }: NeededStore,
    facts: Facts | undefined,
    detached: ReadonlyArray<{ readonly name: string }>,
  ): ReadonlyArray<Needed> {
    if (facts !== undefined) this.#connection.requests.troubles.excuse(name)
    const store: Needed = { name, kind, problem: facts === undefined ? undefined : { name, kind, ...facts } }
    if (detached.length === 0) return [store]
    const names = detached.map((consumer) => consumer.name)
    const problem: HealthProblem = {
      name,
      kind: "consumers",
      reason: "Missing",
      detail: `${names.length} cannot be attached to (${names.slice(0, 3).join(", ")})`,
      hint: LOOK_HINT,
    }
    return [store, { name, kind: "consumers", problem }]
  }

  #tell(before: ReadonlyArray<Needed>): Effect.Effect<void> {
    const old = new Map(problemsOf(before).map((problem) => [problemTitle(problem), problem]))
    const now = problemsOf(this.#needed)
    const titles = new Set(now.map(problemTitle))
    const begun = now.filter((problem) => !old.has(problemTitle(problem)))
    const over = Array.from(old.keys()).filter((title) => !titles.has(title))
    return Effect.andThen(
      Effect.forEach(begun, (problem) => Effect.logError(`Health: ${problemText(problem)}`), {
        discard: true,
      }),
      Effect.forEach(over, (title) => Effect.logInfo(`Health: this is over: ${title}.`), { discard: true }),
    )
  }
}

export const StoreWatch = {
  /** Looks at the stores until the scope ends. Build it after the stores. */
  layer: (stores: ReadonlyArray<NeededStore>): Layer.Layer<never, never, NatsConnection> =>
    Layer.effect(
      Health,
      Effect.gen(function* () {
        const watch = new Watch(yield* NatsConnection, stores)
        yield* Effect.forkScoped(Effect.forever(Effect.andThen(Effect.sleep(LOOK_EVERY_MS), watch.look)))
        return watch.service
      }),
    ),
}

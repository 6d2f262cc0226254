/**
 * Looks snapshots up in batches: look-ups that meet travel as one statement, and a dead database costs nothing.
 *
 * A look-up stands in the way of an activation, so this is written with plain callbacks: the first one leaves with
 * the current turn of the event loop, those that arrive while two statements are under way form the next batch.
 * After a failure the breaker answers at once for a second. The store around it: SnapshotStorePostgres.ts.
 */
import { Effect } from "effect"
import { SnapshotStoreUnavailable, type StoredSnapshot } from "../../runtime/snapshot/SnapshotStore.ts"
import { translatePostgresError } from "./PostgresErrors.ts"

/** Keys in one statement at most. */
const batchKeysMax = 1_000
/** Statements under way at once. */
export const BATCHES_IN_FLIGHT_MAX = 2
/** Look-ups that wait at once; beyond it they are refused, and their actors replay. */
const waitingCountMax = 100_000

export interface SnapshotLookupOptions {
  readonly timeoutMs: number
  readonly breakerOpenMs: number
  /** Finds the rows of these keys. Rejects with the driver's error. */
  readonly find: (keys: ReadonlyArray<string>, timeoutMs: number) => Promise<ReadonlyArray<StoredSnapshot>>
}

type Answer = Effect.Effect<StoredSnapshot | undefined, SnapshotStoreUnavailable>

interface Waiter {
  readonly key: string
  readonly resume: (answer: Answer) => void
}

export class SnapshotLookup {
  readonly #options: SnapshotLookupOptions
  #waiting: Array<Waiter> = []
  #inFlightCount = 0
  #scheduled = false
  #closedUntil = 0
  #breakReason = ""

  constructor(options: SnapshotLookupOptions) {
    this.#options = options
  }

  load(key: string): Answer {
    return Effect.callback((resume) => {
      if (this.#closedUntil > performance.now()) {
        return resume(unavailable(`not asked, since the last look-up failed: ${this.#breakReason}`))
      }
      if (this.#waiting.length >= waitingCountMax) return resume(unavailable("too many look-ups wait"))
      this.#waiting.push({ key, resume })
      this.#schedule()
    })
  }

  #schedule(): void {
    if (this.#scheduled || this.#inFlightCount >= BATCHES_IN_FLIGHT_MAX || this.#waiting.length === 0) return
    this.#scheduled = true
    queueMicrotask(() => {
      this.#scheduled = false
      this.#send(this.#waiting.splice(0, batchKeysMax))
      this.#schedule()
    })
  }

  #send(batch: ReadonlyArray<Waiter>): void {
    if (batch.length === 0) return
    this.#inFlightCount++
    let open = true
    const close = (): boolean => {
      if (!open) return false
      open = false
      clearTimeout(timer)
      this.#inFlightCount--
      return true
    }
    const fail = (reason: string): void => {
      if (close()) this.#break(reason, batch)
    }
    const { timeoutMs, find } = this.#options
    // The driver's own time-out starts when a connection is there; this one covers the wait for it too. A process that
    // was busy for long finds the timer due and the answer there: the answer is read first.
    const timer = setTimeout(() => setImmediate(() => fail(`no answer within ${timeoutMs} ms`)), timeoutMs)
    find(
      batch.map(({ key }) => key),
      timeoutMs,
    ).then(
      (rows) => {
        if (!close()) return
        answer(batch, rows)
        this.#schedule()
      },
      (cause: unknown) => fail(translatePostgresError(cause).message),
    )
  }

  /** Answers everybody who waits: none of them is to wait for a second time-out. */
  #break(reason: string, batch: ReadonlyArray<Waiter>): void {
    this.#closedUntil = performance.now() + this.#options.breakerOpenMs
    this.#breakReason = reason
    const failure = unavailable(reason)
    for (const { resume } of batch.concat(this.#waiting.splice(0))) resume(failure)
  }
}

const unavailable = (detail: string) => Effect.fail(new SnapshotStoreUnavailable({ detail }))

const answer = (batch: ReadonlyArray<Waiter>, rows: ReadonlyArray<StoredSnapshot>): void => {
  const byKey = new Map(rows.map((row) => [row.key, row]))
  for (const { key, resume } of batch) resume(Effect.succeed(byKey.get(key)))
}

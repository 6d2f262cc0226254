/**
 * Looks snapshots up in batches: look-ups at the same time become one statement, and a dead database costs no
 * time.
 *
 * An activation waits for its look-up, so this is written with plain callbacks. The first look-up is sent in
 * the current turn of the event loop; look-ups that come while two statements are in flight form the next
 * batch. After a failure the breaker answers at once for a second. SnapshotStorePostgres.ts is the store
 * around it.
 */
import { Effect } from "effect"
import { SnapshotStoreUnavailable, type StoredSnapshot } from "../../runtime/snapshot/SnapshotStore.ts"
import { translatePostgresError } from "./PostgresErrors.ts"

/** Most keys in one statement. */
const batchKeysMax = 1_000
/** Most statements in flight. */
export const BATCHES_IN_FLIGHT_MAX = 2
/** Most look-ups that wait; further ones are refused, and their actors replay. */
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
    // The driver's time-out starts once a connection is there; this one also covers the wait for it. After a
    // long busy
    // turn, a process may find both the timer due and the answer there: `setImmediate` lets the answer be
    // read first.
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

  /** Fails all waiting look-ups at once, so that none waits for a second time-out. */
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

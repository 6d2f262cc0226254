/**
 * How often a message was taken up, across crashes, so that a message that crashes the process each time is
 * detected.
 *
 * Owns the counts, kept as a checkpoint note per shard. Only messages that come again are counted, so the
 * usual message costs nothing.
 */
import { Effect, Random } from "effect"
import type { CheckpointsService } from "../checkpoint/Checkpoints.ts"
import type { Delivery } from "../mailbox/Mailbox.ts"

/**
 * Attempts at a message, crashes included, before it becomes a dead letter. A call may be taken up more
 * often.
 */
export const ATTEMPTS_MAX = 10

/** Detail of the dead letter of a message that is taken up once more after that. */
export const attemptsExhausted = (attempt: number): string =>
  `taken up ${attempt - 1} times without an end; each time the node went down or let go of it`

/**
 * Messages of a shard whose attempts are counted. Beyond this number the oldest counts are forgotten. A count
 * is left over when a node crashes between the end of a message and the next count.
 */
export const COUNTED_MAX = 2_000

/**
 * Attempt from which a message waits a little, more each time, so that others that came again with it go
 * first.
 */
const SUSPECT_FROM = 3
const SUSPECT_PAUSE_MS = 100

/**
 * A message by its mailbox name. A mailbox that was restored from an older copy reuses a sequence with
 * another time.
 */
type Counted = Pick<Delivery, "sequence" | "storedAtMs">

/**
 * `[sequence, count, time of storing]`. The time is absent in notes of earlier nodes, and for mailboxes that
 * do not report it.
 */
type Row = readonly [sequence: number, count: number, storedAtMs?: number]

/** Counts by sequence. */
type Counts = Map<number, Row>

const rowOf = ({ sequence, storedAtMs }: Counted, count: number): Row =>
  storedAtMs === undefined ? [sequence, count] : [sequence, count, Math.floor(storedAtMs)]

const countOf = (counts: Counts, { sequence, storedAtMs }: Counted): number => {
  const [, count = 1, atMs] = counts.get(sequence) ?? []
  const isOther = atMs !== undefined && storedAtMs !== undefined && atMs !== Math.floor(storedAtMs)
  return isOther ? 1 : count
}

export class AttemptCounts {
  readonly #checkpoints: CheckpointsService
  readonly #byShard = new Map<string, Counts>()

  constructor(checkpoints: CheckpointsService) {
    this.#checkpoints = checkpoints
  }

  /**
   * Counts a message that came again, before it is taken up. If counts cannot be stored, they last for this
   * process only.
   */
  readonly again = Effect.fnUntraced(
    { self: this },
    function* (this: AttemptCounts, shard: string, message: Counted) {
      const counts = yield* this.#countsOf(shard)
      const count = countOf(counts, message) + 1
      counts.set(message.sequence, rowOf(message, count))
      yield* this.#store(shard, counts)
      return count
    },
  )

  /** Takes back the attempt at messages that this owner leaves to the next one in an orderly handoff. */
  readonly takeBack = Effect.fnUntraced(
    { self: this },
    function* (this: AttemptCounts, shard: string, messages: ReadonlyArray<Counted>) {
      if (messages.length === 0) return
      const counts = yield* this.#countsOf(shard)
      for (const message of messages)
        counts.set(message.sequence, rowOf(message, countOf(counts, message) - 1))
      yield* this.#store(shard, counts)
    },
  )

  /** Counts the next attempt at a message that came again, and waits before it if there were several. */
  readonly nextOf = Effect.fnUntraced(
    { self: this },
    function* (this: AttemptCounts, shard: string, message: Counted) {
      const suspicion = (yield* this.of(shard, message)) + 1
      if (suspicion >= SUSPECT_FROM) {
        yield* Effect.sleep((yield* Random.next) * SUSPECT_PAUSE_MS * suspicion)
      }
      // Count after the pause, because a node that crashes during the pause crashed for another reason.
      return yield* this.again(shard, message)
    },
  )

  /** Number of attempts so far at a message that came again. */
  of(shard: string, message: Counted): Effect.Effect<number> {
    return Effect.map(this.#countsOf(shard), (counts) => countOf(counts, message))
  }

  /** The message is finished. Its stored count is removed with the next count. */
  forget(shard: string, sequence: number): void {
    this.#byShard.get(shard)?.delete(sequence)
  }

  /** Another node counts from now on. */
  forgetAll(shard: string): void {
    this.#byShard.delete(shard)
  }

  readonly #countsOf = Effect.fnUntraced({ self: this }, function* (this: AttemptCounts, shard: string) {
    const counts = this.#byShard.get(shard) ?? (yield* this.#load(shard))
    this.#byShard.set(shard, counts)
    return counts
  })

  #store(shard: string, counts: Counts): Effect.Effect<void> {
    for (const counted of counts.keys()) {
      if (counts.size <= COUNTED_MAX) break
      counts.delete(counted)
    }
    return Effect.ignore(this.#checkpoints.write(nameOf(shard), Array.from(counts.values())))
  }

  #load(shard: string): Effect.Effect<Counts> {
    return this.#checkpoints.note(nameOf(shard)).pipe(
      Effect.orElseSucceed(() => undefined),
      Effect.map((note) => new Map(rowsIn(note).map((row) => [row[0], row]))),
    )
  }
}

/** The rows of a note. Anything else in it is skipped, and its messages are counted anew. */
const rowsIn = (note: unknown): ReadonlyArray<Row> => (Array.isArray(note) ? note.filter(isRow) : [])

const isRow = (row: unknown): row is Row =>
  Array.isArray(row) && row.length >= 2 && row.every(Number.isSafeInteger)

/** Name of the note. The first release used `attempts.<shard>`, with sequences of another stream. */
const nameOf = (shard: string): string => `attempts.2.${shard}`

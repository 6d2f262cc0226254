/**
 * How often a message was taken up, across crashes: a message that takes the process down each time is found out.
 *
 * Owns the counts, kept as a checkpoint note per shard. Only messages that come again are counted, so the usual ones
 * cost nothing.
 */
import { Effect, Random } from "effect"
import type { CheckpointsService } from "../checkpoint/Checkpoints.ts"
import type { Delivery } from "../mailbox/Mailbox.ts"

/** Times a message is taken up, crashes included, before it becomes a dead letter; a call that may, more often. */
export const ATTEMPTS_MAX = 10

/** What is said of a message that is taken up once more after that. */
export const attemptsExhausted = (attempt: number): string =>
  `taken up ${attempt - 1} times without an end; each time the node went down or let go of it`

/**
 * Messages of a shard whose attempts are counted. The ones counted first are forgotten beyond it: a count is left over
 * when a node goes down between the end of a message and the next count.
 */
export const COUNTED_MAX = 2_000

/** From this attempt on a message waits a little, more each time: others that came again with it get through first. */
const SUSPECT_FROM = 3
const SUSPECT_PAUSE_MS = 100

/** A message, as its mailbox names it: one that was restored from an older copy gives a sequence again, at another time. */
type Counted = Pick<Delivery, "sequence" | "storedAtMs">

/** `[sequence, count, time of storing]`; notes of earlier nodes, and mailboxes that do not say, have no time. */
type Row = readonly [sequence: number, count: number, storedAtMs?: number]

/** By sequence. */
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

  /** Counts a message that came again, before it is taken up. Where counts cannot be stored, they last for this life. */
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

  /** Takes back the attempt at messages that this owner leaves to the next one in order. */
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

  /** The next attempt at a message that came again, counted; it waits before if there were several. */
  readonly nextOf = Effect.fnUntraced(
    { self: this },
    function* (this: AttemptCounts, shard: string, message: Counted) {
      const suspicion = (yield* this.of(shard, message)) + 1
      if (suspicion >= SUSPECT_FROM) {
        yield* Effect.sleep((yield* Random.next) * SUSPECT_PAUSE_MS * suspicion)
      }
      // Counted after the pause: a node that goes down meanwhile went down for another reason.
      return yield* this.again(shard, message)
    },
  )

  /** How often a message that came again was taken up so far. */
  of(shard: string, message: Counted): Effect.Effect<number> {
    return Effect.map(this.#countsOf(shard), (counts) => countOf(counts, message))
  }

  /** The message is done with; what is stored of it goes with the next count. */
  forget(shard: string, sequence: number): void {
    this.#byShard.get(shard)?.delete(sequence)
  }

  /** Another node counts now. */
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

/** The rows of a note. Everything else in it is left out, and its messages are counted anew. */
const rowsIn = (note: unknown): ReadonlyArray<Row> => (Array.isArray(note) ? note.filter(isRow) : [])

const isRow = (row: unknown): row is Row =>
  Array.isArray(row) && row.length >= 2 && row.every(Number.isSafeInteger)

/** The first release counted under `attempts.<shard>`, by sequences of another stream. */
const nameOf = (shard: string): string => `attempts.2.${shard}`

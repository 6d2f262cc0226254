/** Counts dead letters by reason and receiver. */
import type { StoredDeadLetter } from "../../runtime/operations.ts"
import type { LetterGroup } from "./DeadLetterApi.ts"
import { isoTime } from "./IsoTime.ts"

/** Letters that one request counts. */
export const LETTERS_COUNTED_MAX = 10_000

interface Group {
  count: number
  oldestMs: number
  newestMs: number
  readonly receivers: Map<string, number>
}

export class LetterGroups {
  readonly #groups = new Map<LetterGroup["reason"], Group>()
  #letterCount = 0

  get letterCount(): number {
    return this.#letterCount
  }

  add({ reason, key, atMs }: StoredDeadLetter): void {
    this.#letterCount++
    const group = this.#groups.get(reason) ?? {
      count: 0,
      oldestMs: atMs,
      newestMs: atMs,
      receivers: new Map(),
    }
    this.#groups.set(reason, group)
    group.count++
    group.oldestMs = Math.min(group.oldestMs, atMs)
    group.newestMs = Math.max(group.newestMs, atMs)
    const receiver = receiverOf(key)
    group.receivers.set(receiver, (group.receivers.get(receiver) ?? 0) + 1)
  }

  /** The largest group first. */
  groups(): ReadonlyArray<LetterGroup> {
    return [...this.#groups]
      .sort(([, left], [, right]) => right.count - left.count)
      .map(([reason, { count, oldestMs, newestMs, receivers }]) => ({
        reason,
        count,
        oldestAt: isoTime(oldestMs),
        newestAt: isoTime(newestMs),
        receivers: Object.fromEntries(receivers),
      }))
  }
}

/** `order/a1b2` is the actor type `order`; reactors keep their whole key. */
const receiverOf = (key: string): string => (key.startsWith("reactor/") ? key : (key.split("/", 1)[0] ?? key))

/** Turns the counts of waiting messages by actor into the port's counts by shard and type. */
import { typeOfKey } from "../address/ActorAddress.ts"
import type { Backlog } from "./Mailbox.ts"

export class BacklogCounts {
  readonly #counts = new Map<string, Backlog>()

  /** `key` is `type/token`. */
  add(shard: number, key: string, count: number): void {
    const type = typeOfKey(key)
    const place = `${shard} ${type}`
    const before = this.#counts.get(place)?.count ?? 0
    this.#counts.set(place, { shard, type, count: before + count })
  }

  get all(): ReadonlyArray<Backlog> {
    return [...this.#counts.values()]
  }
}

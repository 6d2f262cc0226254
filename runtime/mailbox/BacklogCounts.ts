/** Adds up what waits in a mailbox, actor by actor, to what the port says: by shard and type. */
import type { Backlog } from "./Mailbox.ts"

export class BacklogCounts {
  readonly #counts = new Map<string, Backlog>()

  /** `key` is `type/token`. */
  add(shard: number, key: string, count: number): void {
    const type = key.slice(0, key.indexOf("/"))
    const place = `${shard} ${type}`
    const before = this.#counts.get(place)?.count ?? 0
    this.#counts.set(place, { shard, type, count: before + count })
  }

  get all(): ReadonlyArray<Backlog> {
    return [...this.#counts.values()]
  }
}

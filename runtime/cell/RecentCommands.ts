/**
 * The latest commands of one actor, by id: what makes a repeated command a repeat, however late and by whatever road.
 *
 * Owns the bound: an actor remembers its last `limit` commands (definition option `commandsRememberedCount`), rebuilt
 * from the journal on replay and carried in snapshots. A repeat that comes after `limit` other commands is taken for
 * a new one.
 */

/** What is remembered of one applied command. */
export interface RecentCommand {
  readonly fingerprint: string
  /** Version of its last event. */
  readonly version: number
  /** Journal sequence of its commit. */
  readonly sequence: number
  readonly reply: unknown
}

/** Row of a snapshot: `[commandId, fingerprint, version, sequence, reply?]`. */
export type RecentCommandRow = readonly [string, string, number, number, unknown?]

export class RecentCommands {
  readonly #limit: number
  readonly #byId = new Map<string, RecentCommand>()

  constructor(limit: number) {
    this.#limit = limit
  }

  get(commandId: string): RecentCommand | undefined {
    return this.#byId.get(commandId)
  }

  add(commandId: string, command: RecentCommand): void {
    this.#byId.set(commandId, command)
    if (this.#byId.size > this.#limit) {
      for (const oldest of this.#byId.keys()) {
        this.#byId.delete(oldest)
        break
      }
    }
  }

  rows(): ReadonlyArray<RecentCommandRow> {
    return Array.from(this.#byId, ([id, { fingerprint, version, sequence, reply }]) =>
      reply === undefined
        ? [id, fingerprint, version, sequence]
        : [id, fingerprint, version, sequence, reply],
    )
  }

  static fromRows(limit: number, rows: ReadonlyArray<RecentCommandRow>): RecentCommands {
    const recent = new RecentCommands(limit)
    for (const [id, fingerprint, version, sequence, reply] of rows) {
      recent.add(id, { fingerprint, version, sequence, reply })
    }
    return recent
  }
}

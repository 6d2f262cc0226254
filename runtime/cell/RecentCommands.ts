/**
 * The latest commands of one actor, by id: what makes a repeated command a repeat, however late and by whatever road.
 *
 * Owns the bound: an actor remembers its last `limit` commands (definition option `commandsRememberedCount`), rebuilt
 * from the journal on replay and carried in snapshots. A repeat that comes after `limit` other commands is taken for
 * a new one.
 */
import { fingerprintOf, partsOfFingerprint } from "../json/Fingerprint.ts"
import { frozen } from "../json/Frozen.ts"

/** What is remembered of one applied command. */
export interface RecentCommand {
  readonly fingerprint: string
  /** Version of its last event. */
  readonly version: number
  /** Journal sequence of its commit. */
  readonly sequence: number
  readonly reply: unknown
}

/** Row of a snapshot: `[commandId, fingerprint of the text, version, sequence, reply?]`. */
export type RecentCommandRow = readonly [string, string, number, number, unknown?]

export class RecentCommands {
  readonly #limit: number
  readonly #byId = new Map<string, RecentCommand>()
  /** Ids as a ring, so that the oldest is found without walking the Map, whose deleted entries linger. */
  readonly #ids: Array<string> = []
  #oldest = 0

  constructor(limit: number) {
    this.#limit = limit
  }

  get size(): number {
    return this.#ids.length
  }

  get(commandId: string): RecentCommand | undefined {
    return this.#byId.get(commandId)
  }

  add(commandId: string, command: RecentCommand): void {
    const isNew = !this.#byId.has(commandId)
    frozen(command.reply)
    this.#byId.set(commandId, command)
    if (!isNew) return
    if (this.#ids.length < this.#limit) {
      this.#ids.push(commandId)
      return
    }
    this.#byId.delete(this.#ids[this.#oldest] as string)
    this.#ids[this.#oldest] = commandId
    this.#oldest = (this.#oldest + 1) % this.#limit
  }

  /** Oldest first. Structures are apart from the rows, which nodes of the first release read as well. */
  rows(): { readonly rows: ReadonlyArray<RecentCommandRow>; readonly structures: ReadonlyArray<string> } {
    const ids = [...this.#ids.slice(this.#oldest), ...this.#ids.slice(0, this.#oldest)]
    const structures: Array<string> = []
    const rows = ids.map((id): RecentCommandRow => {
      const { fingerprint, version, sequence, reply } = this.#byId.get(id) as RecentCommand
      const { text, structure = "" } = partsOfFingerprint(fingerprint)
      structures.push(structure)
      return reply === undefined ? [id, text, version, sequence] : [id, text, version, sequence, reply]
    })
    return { rows, structures }
  }

  static fromRows(
    limit: number,
    rows: ReadonlyArray<RecentCommandRow>,
    structures: ReadonlyArray<string> = [],
  ): RecentCommands {
    const recent = new RecentCommands(limit)
    for (const [index, [id, text, version, sequence, reply]] of rows.entries()) {
      const isRow = typeof id === "string" && typeof text === "string"
      if (!(isRow && Number.isSafeInteger(version) && Number.isSafeInteger(sequence))) {
        throw new Error("the remembered commands cannot be read")
      }
      recent.add(id, { fingerprint: fingerprintOf(text, structures[index]), version, sequence, reply })
    }
    return recent
  }
}

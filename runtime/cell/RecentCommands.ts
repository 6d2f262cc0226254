/**
 * The latest commands of one actor, by id. With it a repeated command is known as a repeat, however late and
 * by whatever road it comes.
 *
 * Owns the bound: an actor remembers its last `limit` commands (definition option `commandsRememberedCount`),
 * rebuilt from the journal on replay and carried in snapshots. A repeat that comes after `limit` other
 * commands counts as a new command.
 */
import { invariant } from "../invariant/Invariant.ts"
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

interface Remembered extends RecentCommand {
  readonly commandId: string
}

/** Row of a snapshot: `[commandId, fingerprint of the text, version, sequence, reply?]`. */
export type RecentCommandRow = readonly [string, string, number, number, unknown?]

/** Commands up to which a walk through them costs less than a Map. Most actors never have more. */
const FEW_COMMANDS_MAX = 8

export class RecentCommands {
  readonly #limit: number
  /** The commands as a ring. It finds the oldest without walking the Map, in which deleted entries linger. */
  readonly #ring: Array<Remembered> = []
  #oldest = 0
  /** All of them by id; `undefined` while they are few. */
  #byId: Map<string, Remembered> | undefined

  constructor(limit: number) {
    this.#limit = limit
  }

  get size(): number {
    return this.#ring.length
  }

  /** Whether a new command takes the place of the oldest. */
  get isFull(): boolean {
    return this.#ring.length === this.#limit
  }

  get(commandId: string): RecentCommand | undefined {
    return this.#find(commandId)
  }

  #find(commandId: string): Remembered | undefined {
    if (this.#byId !== undefined) return this.#byId.get(commandId)
    for (const remembered of this.#ring) if (remembered.commandId === commandId) return remembered
    return undefined
  }

  add(commandId: string, { fingerprint, version, sequence, reply }: RecentCommand): void {
    frozen(reply)
    const known = this.#find(commandId)
    const remembered = { commandId, fingerprint, version, sequence, reply }
    if (known !== undefined) this.#ring[this.#ring.indexOf(known)] = remembered
    else if (this.#ring.length < this.#limit) this.#ring.push(remembered)
    else this.#replaceOldest(remembered)
    this.#index(remembered)
  }

  #replaceOldest(remembered: Remembered): void {
    this.#byId?.delete((this.#ring[this.#oldest] as Remembered).commandId)
    this.#ring[this.#oldest] = remembered
    this.#oldest = (this.#oldest + 1) % this.#limit
  }

  /** Makes the command known by its id. */
  #index(remembered: Remembered): void {
    if (this.#ring.length <= FEW_COMMANDS_MAX) return
    this.#byId ??= new Map(this.#ring.map((each) => [each.commandId, each]))
    const { size } = this.#byId.set(remembered.commandId, remembered)
    invariant(size === this.#ring.length, "commandRememberedOnce", () => ({
      byId: size,
      ring: this.#ring.length,
    }))
  }

  /**
   * Oldest first. Structures are separate from the rows, because nodes of the first release read the rows as
   * well.
   */
  rows(): { readonly rows: ReadonlyArray<RecentCommandRow>; readonly structures: ReadonlyArray<string> } {
    const rows: Array<RecentCommandRow> = []
    const structures: Array<string> = []
    for (let count = 0; count < this.#ring.length; count++) {
      const remembered = this.#ring[(this.#oldest + count) % this.#ring.length] as Remembered
      const { commandId, fingerprint, version, sequence, reply } = remembered
      const { text, structure = "" } = partsOfFingerprint(fingerprint)
      structures.push(structure)
      rows.push(
        reply === undefined
          ? [commandId, text, version, sequence]
          : [commandId, text, version, sequence, reply],
      )
    }
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

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
import { PackedCommands } from "./PackedCommands.ts"
import type { RecentCommand, Remembered } from "./RememberedCommand.ts"
import { NONE } from "./SmallList.ts"

/** Row of a snapshot: `[commandId, fingerprint of the text, version, sequence, reply?]`. */
export type RecentCommandRow = readonly [string, string, number, number, unknown?]

/** Commands up to which a list of them costs less than {@link PackedCommands}. Most actors never have more. */
const FEW_COMMANDS_MAX = 8

export class RecentCommands {
  readonly #limit: number
  /** Oldest first; empty once they are packed. */
  #few: Array<Remembered> = NONE
  #packed: PackedCommands | undefined

  constructor(limit: number) {
    this.#limit = limit
  }

  get size(): number {
    return this.#packed?.size ?? this.#few.length
  }

  /** Whether a new command takes the place of the oldest. */
  get isFull(): boolean {
    return this.size === this.#limit
  }

  get(commandId: string): RecentCommand | undefined {
    return this.#packed === undefined ? this.#few[this.#placeOf(commandId)] : this.#packed.get(commandId)
  }

  /** Place among the few; -1 if it is not there. */
  #placeOf(commandId: string): number {
    const few = this.#few
    for (let place = 0; place < few.length; place++) if (few[place]?.commandId === commandId) return place
    return -1
  }

  add(commandId: string, { fingerprint, version, sequence, reply }: RecentCommand): void {
    frozen(reply)
    const remembered = { commandId, fingerprint, version, sequence, reply }
    if (this.#packed !== undefined) this.#packed.add(remembered)
    else this.#addToFew(remembered)
    invariant(this.size <= this.#limit, "commandsBounded", () => ({ size: this.size, limit: this.#limit }))
  }

  #addToFew(remembered: Remembered): void {
    const place = this.#placeOf(remembered.commandId)
    if (place >= 0) {
      this.#few[place] = remembered
      return
    }
    if (this.#few.length === this.#limit) this.#few.shift()
    // `concat` takes the room that it needs, where `push` reserves 17 places.
    this.#few = this.#few.concat(remembered)
    if (this.#few.length > FEW_COMMANDS_MAX) this.#pack()
  }

  #pack(): void {
    this.#packed = new PackedCommands(this.#limit)
    for (const remembered of this.#few) this.#packed.add(remembered)
    this.#few = NONE
  }

  /**
   * Oldest first. Structures are separate from the rows, because nodes of the first release read the rows as
   * well.
   */
  rows(): { readonly rows: ReadonlyArray<RecentCommandRow>; readonly structures: ReadonlyArray<string> } {
    const rows: Array<RecentCommandRow> = []
    const structures: Array<string> = []
    for (const remembered of this.#packed?.all() ?? this.#few) {
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

/** The remembered commands of an actor, against a plain list of the last ones. */
import { describe, expect, it } from "vitest"
import { RecentCommands } from "../../../runtime/cell/RecentCommands.ts"
import type { RecentCommand } from "../../../runtime/cell/RememberedCommand.ts"
import { fingerprint } from "../../../runtime/json/Fingerprint.ts"

interface Added extends RecentCommand {
  readonly commandId: string
}

/** What a memory of `limit` commands holds after `all`, oldest first. A repeat keeps its place. */
const expected = (all: ReadonlyArray<Added>, limit: number): ReadonlyArray<Added> => {
  const kept: Array<Added> = []
  for (const one of all) {
    const place = kept.findIndex(({ commandId }) => commandId === one.commandId)
    if (place >= 0) kept[place] = one
    else kept.push(one)
    if (kept.length > limit) kept.shift()
  }
  return kept
}

const rememberedOf = (limit: number, all: ReadonlyArray<Added>): RecentCommands => {
  const recent = new RecentCommands(limit)
  for (const { commandId, ...rest } of all) recent.add(commandId, rest)
  return recent
}

const IDS: ReadonlyArray<(number: number) => string> = [
  (number) => `0fk3m2x9qz1b7c4d8e5f-${number.toString(36)}`,
  (number) => `everstate:r.mail.${number}.0.0`,
  (number) => `pay\u00e9 ${number}`,
  (number) => `\u6ce8\u6587 ${number}`,
  (number) => `${number}-${"x".repeat(200)}`,
]

const FINGERPRINTS: ReadonlyArray<(number: number) => string> = [
  (number) => fingerprint({ number }),
  (number) => fingerprint({ number }).slice(0, 16),
  () => "",
  (number) => `of another release ${number}`,
  (number) => fingerprint({ number }).toUpperCase(),
]

const REPLIES: ReadonlyArray<(number: number) => unknown> = [
  () => undefined,
  (number) => ({ number }),
  () => null,
]

/** Commands of all kinds; every seventh is the same one as a little before. */
const commands = (count: number): ReadonlyArray<Added> =>
  Array.from({ length: count }, (_, index) => {
    const number = index % 7 === 6 ? index - 4 : index
    const one = <Item>(of: ReadonlyArray<Item>, by: number): Item => of[by % of.length] as Item
    return {
      commandId: one(IDS, number)(number),
      fingerprint: one(FINGERPRINTS, number >> 2)(number),
      version: index + 1,
      sequence: 2 ** 40 + index,
      reply: one(REPLIES, number >> 3)(number),
    }
  })

const rowOf = ({ commandId, fingerprint: whole, version, sequence, reply }: Added) => [
  commandId,
  whole.length > 16 ? whole.slice(0, 16) : whole,
  version,
  sequence,
  ...(reply === undefined ? [] : [reply]),
]

describe.each([1, 3, 8, 9, 100, 1_000])("a memory of %i commands", (limit) => {
  it.each([1, 8, 9, 40, 2_500])("holds the last of %i, and finds each of them by its id", (count) => {
    const all = commands(count)
    const recent = rememberedOf(limit, all)
    const kept = expected(all, limit)

    expect(recent.size).toBe(kept.length)
    expect(recent.isFull).toBe(kept.length === limit)
    expect(recent.rows().rows).toEqual(kept.map(rowOf))
    for (const { commandId, ...rest } of kept) expect(recent.get(commandId)).toMatchObject(rest)
    const ids = new Set(kept.map(({ commandId }) => commandId))
    for (const { commandId } of all) expect(recent.get(commandId) !== undefined).toBe(ids.has(commandId))
  })

  it("is the same after a snapshot", () => {
    const recent = rememberedOf(limit, commands(1_500))
    const { rows, structures } = recent.rows()
    const again = RecentCommands.fromRows(limit, JSON.parse(JSON.stringify(rows)), structures)
    expect(again.rows()).toEqual(recent.rows())
  })
})

it("tells ids apart whose hashes are the same", () => {
  // A known pair of words with the same FNV-1a hash in 32 bits.
  const recent = new RecentCommands(100)
  const ids = ["costarring", "liquid"]
  for (let number = 0; number < 20; number++) {
    recent.add(`c-${number}`, { fingerprint: "", version: number, sequence: number, reply: undefined })
  }
  for (const [index, id] of ids.entries()) {
    recent.add(id, { fingerprint: "", version: 50 + index, sequence: 50 + index, reply: undefined })
  }
  expect(ids.map((id) => recent.get(id)?.version)).toEqual([50, 51])
})

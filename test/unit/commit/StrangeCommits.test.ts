/**
 * FAULT 70: journal messages that are commits but for one field. Their actor is quarantined and says which field; the
 * other actors of its shard go on, and what their commits carry is sent.
 */
import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import { addressOf } from "../../../runtime/address/ActorAddress.ts"
import { CommitUnreadable, decodeCommit } from "../../../runtime/commit/Commit.ts"
import { Clerk, Desk } from "../../fixtures/memory/Desk.ts"
import { JournalScripted } from "../../fixtures/memory/JournalScripted.ts"
import { eventually, SHARD_COUNT, startMemory } from "../../fixtures/memory/MemorySystem.ts"

const stamped = { t: "Stamped", v: 1, d: { sheet: "x" } }
const entry = { c: "c-1", fp: "9c1185a5c5e9fc54", ev: [stamped] }
const commit = { v: 1, first: 1, at: 1_767_225_600_000, epoch: 1, entries: [entry] }

const withEntry = (fields: object) => ({ ...commit, entries: [{ ...entry, ...fields }] })
const withItem = (item: unknown) => withEntry({ out: [item] })
const tell = { k: "tell", to: "clerk/d", c: { type: "Stamp", sheet: "x" } }
const timer = { k: "timer", n: "n", g: "1.0", at: 5, e: { type: "xstate.after.5.x" } }

const strange: ReadonlyArray<readonly [string, unknown]> = [
  ["not an object", null],
  ["not an object", 7],
  ["v is no version", { ...commit, v: "1" }],
  ["v is no version", { ...commit, v: 1e300 }],
  ["v is no version", { ...commit, v: 0 }],
  ["first is no version", { ...commit, first: 0 }],
  ["first is no version", { ...commit, first: 1.5 }],
  ["first is no version", { ...commit, first: 1e300 }],
  ["at is no moment", { ...commit, at: 1e300 }],
  ["at is no moment", { ...commit, at: "today" }],
  ["epoch is no whole number", { ...commit, epoch: 2 ** 60 }],
  ["epoch is no whole number", { ...commit, epoch: null }],
  ["entries is no list", { ...commit, entries: {} }],
  ["entry 0: not an object", { ...commit, entries: [null] }],
  ["entry 1: not an object", { ...commit, entries: [entry, 5] }],
  ["entry 0: c is no text", withEntry({ c: 7 })],
  ["entry 0: fp is no text", withEntry({ fp: {} })],
  // A command that is remembered without a fingerprint would be applied again.
  ["entry 0: fp is no text", withEntry({ fp: undefined })],
  ["entry 0: fs is no text", withEntry({ fs: 7 })],
  ["entry 0: m is no metadata", withEntry({ m: 5 })],
  ["entry 0: m is no metadata", withEntry({ m: ["user"] })],
  ["entry 0: m is no metadata", withEntry({ m: { user: { name: "ann" } } })],
  ["entry 0: ev is no list of events", withEntry({ ev: {} })],
  ["entry 0: ev is no list of events", withEntry({ ev: [null] })],
  ["entry 0: ev is no list of events", withEntry({ ev: [{ ...stamped, t: 7 }] })],
  ["entry 0: ev is no list of events", withEntry({ ev: [{ ...stamped, v: -1e15 }] })],
  ["entry 0: ev is no list of events", withEntry({ ev: [{ ...stamped, d: "text" }] })],
  ["entry 0: out is no list of items", withEntry({ out: {} })],
  ["entry 0: out is no list of items", withEntry({ out: null })],
  ["entry 0: out is no list of items", withItem(null)],
  ["entry 0: out is no list of items", withItem("tell")],
  ["entry 0: out is no list of items", withItem({ k: "toString" })],
  ["entry 0: out is no list of items", withItem({ ...tell, k: "shout" })],
  ["entry 0: out is no list of items", withItem({ ...tell, to: 5 })],
  ["entry 0: out is no list of items", withItem({ ...tell, c: null })],
  ["entry 0: out is no list of items", withItem({ ...tell, n: 5 })],
  ["entry 0: out is no list of items", withItem({ ...tell, at: 1e300 })],
  ["entry 0: out is no list of items", withItem({ k: "answer", to: "desk/d", n: "n", re: "r", a: null })],
  ["entry 0: out is no list of items", withItem({ ...timer, g: 1 })],
  ["entry 0: out is no list of items", withItem({ ...timer, at: 1e300 })],
  ["entry 0: out is no list of items", withItem({ ...timer, e: "xstate.after" })],
  ["entry 0: out is no list of items", withItem({ k: "cancel", n: "n", g: "1.0" })],
  ["entry 0: out is no list of items", withItem({ k: "call", n: "n", g: "1.0" })],
  ["entry 0: out is no list of items", withItem({ k: "abort" })],
  ["entry 0: out is no list of items", withItem({ k: "publish", t: "a.b", v: "1", d: {} })],
]

const encoder = new TextEncoder()
const bytesOf = (value: unknown): Uint8Array => encoder.encode(JSON.stringify(value))
const read = (value: unknown) => decodeCommit({ key: "clerk/c", sequence: 1, data: bytesOf(value) })

/** The cause of a failed read. */
const failureOf = (value: unknown): unknown => {
  try {
    return read(value)
  } catch (cause) {
    return cause
  }
}

describe("a commit with a field that is none", () => {
  it.each(strange)("is unreadable: %s, as in %j", (complaint, value) => {
    expect(failureOf(value)).toBeInstanceOf(CommitUnreadable)
    expect(failureOf(value)).toMatchObject({ reason: "Malformed", detail: `not a commit: ${complaint}` })
  })

  it("and one of a newer form is told apart, whatever that form is", () => {
    for (const value of [{ v: 4 }, { v: 4, first: "7", body: [] }, { ...commit, v: 5 }]) {
      expect(failureOf(value)).toMatchObject({ reason: "NewerFormat" })
    }
  })

  it("quarantines its actor with the reason, and history says the same; its shard goes on", async () => {
    const journal = new JournalScripted()
    const { shard } = addressOf("clerk", "c", SHARD_COUNT)
    const mates = Array.from({ length: 1_000 }, (_, index) => addressOf("clerk", `m${index}`, SHARD_COUNT))
    const [first, ...others] = mates.filter((address) => address.shard === shard)
    const append = (address: ReturnType<typeof addressOf>, value: unknown) =>
      Effect.runPromise(journal.inner.append(address, 0, bytesOf(value)))
    for (const [index, [, value]] of strange.entries()) {
      const address = others[index]
      if (address !== undefined) await append(address, value)
    }
    // Stored behind them all, by an owner that went down before it was sent.
    await append(addressOf("clerk", first?.id ?? "", SHARD_COUNT), withItem({ ...tell, to: "clerk/told" }))
    const { system } = await startMemory({ actors: [Clerk, Desk], journal })
    await eventually(async () => (await system.get(Clerk, "told").state()).version === 1)
    expect((await system.get(Clerk, first?.id ?? "").state()).version).toBe(1)
    for (const [index, [complaint]] of strange.entries()) {
      const id = others[index]?.id ?? ""
      const quarantined = { _tag: "ActorQuarantined", reason: "CommitUnreadable" }
      const refusal = expect(system.get(Clerk, id).ask({ type: "Stamp", sheet: "y" })).rejects
      await refusal.toMatchObject({ ...quarantined, detail: expect.stringContaining(complaint) })
      await expect(system.get(Clerk, id).history()).rejects.toMatchObject(quarantined)
      await expect(system.get(Clerk, id).stateAt({ version: 1 })).rejects.toMatchObject(quarantined)
    }
    expect((await system.status()).quarantined).toHaveLength(strange.length)
  })
})

it("a stored event of the runtime's own without an event inside quarantines its actor", async () => {
  for (const d of [null, {}, { event: 7 }, { event: { type: 7 } }]) {
    const journal = new JournalScripted()
    const address = addressOf("clerk", "c", SHARD_COUNT)
    const value = withEntry({ ev: [{ t: "everstate.raised", v: 1, d }] })
    await Effect.runPromise(journal.inner.append(address, 0, bytesOf(value)))
    const { system } = await startMemory({ actors: [Clerk, Desk], journal })
    const refusal = { _tag: "ActorQuarantined", reason: "EventUnreadable" }
    await expect(system.get(Clerk, "c").state()).rejects.toMatchObject(refusal)
  }
})

it("commits of earlier releases are read as they were", () => {
  const items = [
    tell,
    { ...tell, n: "stamp" },
    { ...tell, at: 1_767_225_600_000.5 },
    timer,
    { k: "cancel", n: "n", g: "1.0", at: 5 },
    { k: "call", n: "0.desk", g: "1.1", src: "file" },
    { k: "call", n: "0.desk", g: "1.1", src: "file", in: { sheet: "x" } },
    { k: "abort", n: "0.desk" },
    { k: "publish", t: "desk.told", v: 1, d: { sheet: "x" } },
    { k: "answer", to: "desk/d", n: "n", re: "r", a: { ok: true } },
    {
      k: "answer",
      to: "desk/d",
      n: "n",
      re: "r",
      a: { ok: false, reason: "Blank", isRejection: true, state: "x" },
    },
  ]
  const values = [
    commit,
    { ...commit, entries: [] },
    { ...commit, at: -5, epoch: 0 },
    withEntry({ ev: [], re: null }),
    withEntry({ fs: "46fa294b" }),
    withEntry({ m: { user: "ann", correlationId: "r-9", later: "field" }, fp: "" }),
    withEntry({ out: items }),
    { ...commit, state: { of: "a later release" }, entries: [{ ...entry, births: [] }] },
  ]
  for (const value of values) expect(read(value)).toEqual(value)
})

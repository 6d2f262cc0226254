/**
 * Data that no node of a system writes, for each port: bytes that are not JSON, JSON of another shape, and
 * valid bodies with one field of another type.
 *
 * Owns the lists. Rubbish.ts says where they are put, and what must become of them.
 */

const text = (values: ReadonlyArray<unknown>): ReadonlyArray<string> => [
  "",
  "{",
  "\u0000\u0001",
  "[".repeat(2_000),
  ...values.map((value) => JSON.stringify(value)),
]

const command = { v: 1, k: "command", id: "rubbish", c: { type: "Rubbish" } }
const answer = { v: 1, k: "answer", id: "rubbish", n: "n", a: { ok: true } }
const timer = { v: 1, k: "timer", id: "rubbish", n: "n", g: "1.0", at: 0 }

/** Bodies of mailbox messages. */
export const RUBBISH_MESSAGES = text([
  null,
  7,
  [command],
  { v: 99 },
  { ...command, id: undefined },
  { ...command, id: "x".repeat(10_000) },
  { ...command, c: null },
  { ...command, m: { user: 7 } },
  ...["nosuch/%zz", 5, "", "noslash", "order/*", "order/a\r\nPUB x 1"].map((from) => ({
    ...command,
    from,
    n: "n",
  })),
  { ...answer, a: null },
  { ...answer, a: { ok: "perhaps" } },
  { ...answer, n: ["n"] },
  { ...timer, at: 1e300 },
  { ...timer, n: "\ud800" },
  { v: 1, k: "call", id: "rubbish" },
])

/** A valid message, which is rubbish only in the mailbox of a wrong shard. */
export const STRAYED_MESSAGE = JSON.stringify(command)

const entry = { c: "rubbish", fp: "", ev: [] }
const commit = { v: 1, first: 1, at: 0, epoch: 1, entries: [entry] }
const withItem = (item: unknown) => ({ ...commit, entries: [{ ...entry, out: [item] }] })

/** Bodies of journal records. */
export const RUBBISH_COMMITS = text([
  null,
  [],
  { ...commit, first: 2 },
  { ...commit, first: 1e300 },
  { ...commit, at: 1e300 },
  { ...commit, epoch: "1" },
  { ...commit, entries: {} },
  { ...commit, entries: [null] },
  { ...commit, entries: [{ ...entry, m: 5 }] },
  { ...commit, entries: [{ ...entry, ev: [null] }] },
  { ...commit, entries: [{ ...entry, ev: [{ t: "everstate.raised", v: 1, d: null }] }] },
  { ...commit, entries: [{ ...entry, out: {} }] },
  withItem(null),
  withItem({ k: "toString" }),
  withItem({ k: "tell", to: 5, c: { type: "x" } }),
  withItem({ k: "timer", n: "n", g: "1.0", at: 1e300, e: { type: "x" } }),
])

/** Requests to the owner of a shard, or to a member. */
export const RUBBISH_REQUESTS = text([
  null,
  7,
  [],
  {},
  { k: "ask" },
  { k: "ask", to: 7, ms: 100 },
  { k: "ask", to: "order/*", ms: 100, c: { type: "x" }, id: "rubbish" },
  { k: "ask", to: "order/a b", ms: 100, c: { type: "x" }, id: "rubbish" },
  { k: "ask", to: "nosuch/x", ms: 1e300, c: { type: "x" }, id: "rubbish" },
  { k: "read", to: "order/%zz", ms: "soon" },
  { k: "deliver", to: "order/x", ms: 100 },
  { k: "deliver", to: "order/x", ms: 100, msg: "rubbish" },
  { k: "deliver", to: "order/x", ms: 100, msg: { ...command, v: 99 } },
  { k: "deliver", to: "order/x", ms: 100, msg: { ...command, c: { kind: "Rubbish" } } },
  { k: "deliver", to: "order/x", ms: 100, msg: { ...command, m: { user: 7 } } },
  { k: "deliver", to: "order/x", ms: 100, msg: { ...answer, a: { ok: "perhaps" } } },
  { k: "deliver", to: "order/x", ms: 100, msg: timer },
  { k: "deliver", to: "order/*", ms: 100, msg: command },
  { k: "deliver", to: "nosuch/x", ms: 1e300, msg: command },
  { k: "passivate", key: { toString: 1 } },
  { k: "warm", slot: "shard.0", keys: [null, { toString: 1 }, "order/%zz"] },
  { k: "skip", slot: 7 },
])

/** Values for positions, and for notes. */
export const RUBBISH_POSITIONS: ReadonlyArray<unknown> = [null, "7", 1e300, -5, 7.5, [7], {}]
export const RUBBISH_NOTES: ReadonlyArray<string> = [
  "null",
  "7",
  '"x"',
  "{}",
  "[null]",
  "[[1]]",
  '[["a","b"]]',
]

const member = {
  v: 1,
  name: "rubbish",
  state: "up",
  version: "",
  labels: [],
  weight: 1,
  types: {},
  runs: [],
  unfit: [],
  startedAt: 0,
}

/** Records of the lease store, by key. */
export const RUBBISH_LEASES: ReadonlyArray<readonly [key: string, value: unknown]> = [
  ["rubbish", [1]],
  ["member.rubbish-1", null],
  ["member.rubbish-2", { ...member, v: 2 }],
  ["member.rubbish-3", { ...member, startedAt: 1e300 }],
  ["member.rubbish-4", { ...member, types: { order: null } }],
  ["member.rubbish-5", { ...member, labels: "all" }],
  ["member.rubbish-6", { ...member, reads: { commit: "1", deliver: 0 } }],
  ["slot.shard.9998", { e: "x", n: 0 }],
  ["slot.shard.9999", { e: 1, n: 0, m: "nobody" }],
  ["slot.rubbish", null],
  ["pin.shard.0", 7],
  ["pin.rubbish", "nobody"],
  ["pause.rubbish", "yes"],
]

/** Changes to the body of a snapshot. */
export const RUBBISH_SNAPSHOTS: ReadonlyArray<object> = [
  { state: null },
  { recent: null },
  { recent: [null] },
  { recent: [["c", "f", null, 1]] },
  { pending: { timers: [["t", null]], calls: [] } },
  { pending: { timers: [["t", { g: "1.0", at: 1e300, e: { type: "x" } }]], calls: [] } },
  { pending: { timers: [], calls: [["c", { g: 7 }]] } },
]

/** Which stream is the journal that this system knows, and which settings could lose commits. */
import { describe, expect, it } from "vitest"
import {
  journalStreamConfig,
  unsafeSettings,
  verifyIdentity,
} from "../../../../infra/nats/journal/JournalSettings.ts"

const safe = { ...journalStreamConfig({ namespace: "fault", shards: 8 }, 1) }
const { subjects } = safe

const unsafe: ReadonlyArray<Record<string, unknown>> = [
  { subjects: ["fault.>"] },
  { storage: "memory" },
  { retention: "workqueue" },
  { discard: "old" },
  { max_age: 3_600_000_000_000 },
  { max_msgs_per_subject: 100 },
  { deny_delete: false },
  { allow_rollup_hdrs: true },
  { allow_msg_ttl: true },
  { allow_msg_schedules: true },
  { allow_msg_counter: true },
  { allow_direct: false },
  { no_ack: true },
  { sealed: true },
  { persist_mode: "async" },
  { subject_transform: { dest: "x" } },
  { mirror: { name: "x" } },
  { sources: [{ name: "x" }] },
]

describe("FAULT 26: settings that could lose commits", () => {
  it("are none of a new journal's", () => {
    expect(unsafeSettings(safe, subjects)).toEqual([])
  })

  it.each(unsafe)("are told by name: %o", (change) => {
    const [name = ""] = Object.keys(change)
    const found = unsafeSettings({ ...safe, ...change }, subjects)
    expect(found).toHaveLength(1)
    expect(found[0]).toContain(name)
  })
})

describe("a stream", () => {
  const info = (id: string | undefined, last: number, created = "2026-11-29T09:00:00Z") => ({
    created,
    config: { metadata: id === undefined ? {} : { "everstate.id": id } },
    state: { last_seq: last },
  })
  const remembered = { streamId: "one", lastStreamSequence: 10 }

  it.each([
    ["ends where it was seen to end", info("one", 10)],
    ["went on", info("one", 11)],
    // Replicas differ in it.
    ["says another time of its creation", info("one", 10, "2026-11-29T09:00:01Z")],
  ])("is the remembered one where it %s", (_, found) => {
    expect(verifyIdentity("s", found, remembered)).toBeUndefined()
  })

  it.each([
    ["has another id", info("two", 10)],
    ["has another id and more commits", info("two", 1_000)],
    ["has no id", info(undefined, 10)],
    ["ends one commit earlier", info("one", 9)],
    ["is empty", info("one", 0)],
  ])("is not the remembered one where it %s", (_, found) => {
    expect(verifyIdentity("s", found, remembered)).toMatchObject({ reason: "Replaced" })
  })

  it("of before ids is told by its creation", () => {
    const old = { streamId: "2026-01-01T00:00:00Z", lastStreamSequence: 10 }
    expect(verifyIdentity("s", info(undefined, 10, old.streamId), old)).toBeUndefined()
    expect(verifyIdentity("s", info(undefined, 10), old)).toMatchObject({ reason: "Replaced" })
  })
})

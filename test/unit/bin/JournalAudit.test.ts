/** The rules by which `everstate journal verify` judges a journal. */
import { expect, it } from "vitest"
import { JournalAudit } from "../../../infra/bin/JournalAudit.ts"
import { recordDocument, recordText } from "../../../infra/bin/JournalRecordText.ts"
import { plain } from "../../../infra/bin/Output.ts"
import { shardOf } from "../../../runtime/address/ActorAddress.ts"
import type { JournalRecord } from "../../../runtime/journal/Journal.ts"

const layout = { shardCount: 8, partitionCount: 2 }

const commit = (first: number, ...events: ReadonlyArray<string>): string =>
  JSON.stringify({
    v: 1,
    first,
    at: 1_750_000_000_000,
    epoch: 1,
    entries: [{ c: `c-${first}`, fp: "f", ev: events.map((t) => ({ t, v: 1, d: { by: 1 } })) }],
  })

/** A record in the partition of its actor. */
const record = (key: string, place: number, text: string): JournalRecord => ({
  key,
  sequence: place * layout.partitionCount + (shardOf(key, layout.shardCount) % layout.partitionCount),
  data: new TextEncoder().encode(text),
})

const auditOf = (...records: ReadonlyArray<JournalRecord>) => {
  const audit = new JournalAudit(layout)
  for (const each of records) audit.check(each)
  return audit.report()
}

it("counts records, events and actors of a journal without a fault", () => {
  const report = auditOf(
    record("counter/a", 1, commit(1, "Added", "Added")),
    record("counter/b", 2, commit(1, "Added")),
    record("counter/a", 3, commit(3, "Added")),
  )
  expect(report).toEqual({ recordCount: 3, eventCount: 4, actorCount: 2, faultCount: 0, faults: [] })
})

it.each([
  [
    "a gap in the versions",
    [record("counter/a", 1, commit(1, "Added")), record("counter/a", 2, commit(3, "Added"))],
  ],
  [
    "a version that comes twice",
    [record("counter/a", 1, commit(1, "Added")), record("counter/a", 2, commit(1, "Added"))],
  ],
  ["a first commit that is not the first", [record("counter/a", 1, commit(2, "Added"))]],
  ["a commit that is no JSON", [record("counter/a", 1, "{")]],
  ["a commit of a newer format", [record("counter/a", 1, commit(1).replace('"v":1', '"v":9'))]],
  ["a key that no actor can have", [record("Counter/a b", 1, commit(1, "Added"))]],
])("finds %s", (_, records) => {
  expect(auditOf(...records)).toMatchObject({ faultCount: 1, faults: [{ key: records[0]?.key }] })
})

it("finds a record in the partition of another shard", () => {
  const { sequence, ...rest } = record("counter/a", 1, commit(1, "Added"))
  expect(auditOf({ ...rest, sequence: sequence + 1 })).toMatchObject({ faultCount: 1 })
})

it("shows a record, and one that cannot be read", () => {
  const good = record("counter/a%20b", 1, commit(1, "Added"))
  expect(recordDocument(good, layout.shardCount)).toMatchObject({
    type: "counter",
    id: "a b",
    version: 1,
    commands: [{ commandId: "c-1", events: [{ type: "Added", data: { by: 1 } }] }],
  })
  expect(recordText(recordDocument(good, layout.shardCount), plain)).toContain('Added {"by": 1}')
  const bad = recordDocument(record("counter/a", 1, "{"), layout.shardCount)
  expect(recordText(bad, plain)).toContain("unreadable")
})

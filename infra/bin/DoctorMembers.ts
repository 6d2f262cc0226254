/** What `everstate doctor` says of the nodes of the system: who they are, and the formats that they read. */
import { Effect } from "effect"
import type { MemberRecord, Reads } from "../../runtime/cluster/Member.ts"
import { FIRST_RELEASE_READS, readByEvery, THIS_RELEASE_READS } from "../../runtime/cluster/Member.ts"
import { SeenRecords } from "../../runtime/cluster/SeenRecords.ts"
import type { NatsConnectionService } from "../nats/connection/NatsConnection.ts"
import { leaseRecords } from "../nats/leases/LeasesNats.ts"
import { counted, type Finding, ok, unchecked, warning } from "./Finding.ts"

const ABOUT = "nodes"

export const membersFindings = Effect.fnUntraced(function* (
  connection: NatsConnectionService,
  namespace: string,
): Effect.fn.Return<ReadonlyArray<Finding>> {
  const records = yield* Effect.result(leaseRecords(connection, namespace))
  if (records._tag === "Failure")
    return [unchecked(ABOUT, `their records cannot be read: ${records.failure.message}`, "")]
  const seen = new SeenRecords()
  for (const record of records.success) seen.apply(record, 0)
  return membersFindingsOf(Array.from(seen.members().values(), ({ value }) => value))
})

type Form = readonly [name: string, version: number]

const formsOf = ({ commit, deliver, watch = 0 }: Reads): ReadonlyArray<Form> => [
  ["commits", commit],
  ["deliveries", deliver],
  ["watches", watch],
]

const formsText = (reads: Reads): string =>
  formsOf(reads)
    .map(([name, version]) => `${name} ${version}`)
    .join(", ")

const OURS = formsOf(THIS_RELEASE_READS)

const someForm = (reads: Reads, is: (theirs: number, ours: number) => boolean): boolean =>
  formsOf(reads).some(([, version], index) => is(version, OURS[index]?.[1] ?? 0))

export const membersFindingsOf = (members: ReadonlyArray<MemberRecord>): ReadonlyArray<Finding> => {
  if (members.length === 0) return [ok(ABOUT, "none is recorded")]
  const names = members.map(({ name, version }) => (version === "" ? name : `${name} (${version})`))
  const all = formsText(readByEvery(members))
  return [
    ok(ABOUT, `${counted(members.length, "record")}: ${names.join(", ")}; formats that all read: ${all}`),
    ...members.flatMap(otherRelease),
  ]
}

const otherRelease = ({ name, reads = FIRST_RELEASE_READS }: MemberRecord): ReadonlyArray<Finding> => {
  const detail = `it reads ${formsText(reads)}; this release has ${formsText(THIS_RELEASE_READS)}`
  const isOlder = someForm(reads, (theirs, ours) => theirs < ours)
  const isNewer = someForm(reads, (theirs, ours) => theirs > ours)
  return [
    ...(isOlder
      ? [warning(`node ${name}`, detail, "All nodes write the older forms until it runs this release, too.")]
      : []),
    ...(isNewer
      ? [warning(`node ${name}`, detail, "It runs a later release: use the `everstate` of that release.")]
      : []),
  ]
}

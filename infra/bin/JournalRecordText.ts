/** A record of the journal as a document and as a line of text. Events are as they are stored. */
import { addressNamed } from "../../runtime/address/ActorAddress.ts"
import { type Commit, CommitUnreadable, decodeCommit, eventCount } from "../../runtime/commit/Commit.ts"
import type { JournalRecord } from "../../runtime/journal/Journal.ts"
import { jsonLine, stateText } from "./ActorText.ts"
import type { Paint } from "./Output.ts"
import type { Document } from "./Remote.ts"

/** The record's actor, its commit, or why it cannot be read. */
export const recordDocument = (record: JournalRecord, shardCount: number): Document => {
  const address = addressNamed(record.key, shardCount)
  const place = {
    sequence: record.sequence,
    type: address?.type,
    id: address?.id,
    shard: address?.shard,
    ...(address === undefined ? { key: record.key } : {}),
  }
  try {
    return { ...place, ...commitDocument(decodeCommit(record)) }
  } catch (error) {
    if (!(error instanceof CommitUnreadable)) throw error
    return { ...place, unreadable: error.detail }
  }
}

const commitDocument = (commit: Commit): Document => ({
  at: new Date(commit.at).toISOString(),
  version: commit.first + eventCount(commit) - 1,
  firstVersion: commit.first,
  ...(commit.s === undefined ? {} : { state: commit.s }),
  commands: commit.entries.map(({ c, m, ev }) => ({
    commandId: c,
    ...(m === undefined ? {} : { metadata: m }),
    events: ev.map(({ t, v, d }) => ({ type: t, schemaVersion: v, ...(d === undefined ? {} : { data: d }) })),
  })),
})

/** The document as one line. */
export const recordText = (document: Document, paint: Paint): string => {
  const { sequence, at = "", type, id, key, version, state, unreadable, commands = [] } = document
  const events = commands.flatMap((command: Document) => command["events"] as ReadonlyArray<Document>)
  return [
    String(sequence).padStart(8),
    at,
    paint("bold", type === undefined ? String(key) : `${type} ${id}`),
    version === undefined ? "" : `v${version}`,
    state === undefined ? "" : stateText(state, paint),
    unreadable === undefined ? "" : paint("red", `unreadable: ${unreadable}`),
    events
      .map((event: Document) => `${paint("cyan", event["type"])} ${jsonLine(event["data"])}`.trim())
      .join(", "),
  ]
    .filter(Boolean)
    .join("  ")
}

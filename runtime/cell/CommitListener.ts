/**
 * Who is told of commits: what they carry has to be sent.
 *
 * Owns what a cell says, and when. Who listens: ../outbox/Outbox.ts.
 */
import type { ActorAddress } from "../address/ActorAddress.ts"
import type { CommitEntry } from "../commit/Commit.ts"
import type { JournalRecord } from "../journal/Journal.ts"
import type { Pending } from "./Pending.ts"

export interface CommitListener {
  readonly committed: (
    address: ActorAddress,
    sequence: number,
    atMs: number,
    entries: ReadonlyArray<{ readonly proposal: { readonly entry: CommitEntry } }>,
  ) => void
  /** A stored commit that was met while reading: another node wrote it, or its acknowledgement was lost. */
  readonly found: (record: JournalRecord) => void
  /** An append has an unknown outcome: it may land later, with nobody there to be told. */
  readonly unsure: (address: ActorAddress) => void
  /** The actor came into memory, with timers for which nothing is here: those that were due long ago lost their message. */
  readonly activated: (address: ActorAddress, timers: Pending["timers"]) => void
}

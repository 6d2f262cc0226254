/**
 * Who is told of appends and commits: what commits carry has to be sent.
 *
 * Owns what a cell says, and when. Who listens: ../outbox/CommitIntake.ts.
 */
import type { ActorAddress } from "../address/ActorAddress.ts"
import type { CommitEntry } from "../commit/Commit.ts"
import type { JournalRecord } from "../journal/Journal.ts"
import type { OutboxItem } from "../message/OutboxItem.ts"
import type { Pending } from "./Pending.ts"

/** An append whose outcome the listener waits for. */
export interface Appending {
  /** Highest sequence of the shard that was known when it began. */
  readonly after: number
}

/** A commit of this node that is stored. */
export interface CommitTold {
  readonly sequence: number
  readonly atMs: number
  /** Era that it says, or its epoch. */
  readonly era: number
  /** What the birth that it stores asks for; `undefined`: nothing, or it stores none. */
  readonly born: ReadonlyArray<OutboxItem> | undefined
  readonly entries: ReadonlyArray<{ readonly proposal: { readonly entry: CommitEntry } }>
}

export interface CommitListener {
  /** An append begins that expects the actor's last record at a sequence; `undefined` where nobody waits for it. */
  readonly appending: (address: ActorAddress) => Appending | undefined
  /** The append has come to nothing, or its commit was told or found. */
  readonly over: (address: ActorAddress, appending: Appending) => void
  /** The outcome of the append is open. A record of the actor above `expectedSequence` may be what it stored. */
  readonly unresolved: (address: ActorAddress, appending: Appending, expectedSequence: number) => void
  /** The same, and nobody looks for the outcome any more: the journal is to be read for it. */
  readonly abandoned: (address: ActorAddress, appending: Appending, expectedSequence: number) => void
  /** A commit is stored. */
  readonly committed: (address: ActorAddress, commit: CommitTold) => void
  /** A stored commit that was met while reading: another node wrote it, or its acknowledgement was lost. */
  readonly found: (record: JournalRecord) => void
  /** The actor came into memory, with timers for which nothing is here: those that were due long ago lost their message. */
  readonly activated: (address: ActorAddress, timers: Pending["timers"]) => void
}

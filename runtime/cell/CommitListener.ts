/**
 * The listener for appends and commits, because the contents of commits have to be sent.
 *
 * Owns what a cell reports, and when. The listener: ../outbox/CommitIntake.ts.
 */
import type { ActorAddress } from "../address/ActorAddress.ts"
import type { Commit, CommitEntry } from "../commit/Commit.ts"
import type { JournalRecord } from "../journal/Journal.ts"
import type { OutboxItem } from "../message/OutboxItem.ts"
import type { Pending } from "./Pending.ts"

/** An append whose outcome the listener waits for. */
export interface Appending {
  /** Highest sequence of the shard that was known when the append began. */
  readonly after: number
}

/** A stored commit of this node. */
export interface CommitTold {
  readonly sequence: number
  readonly atMs: number
  /** Era in the commit, or its epoch. */
  readonly era: number
  /** Items that the stored birth asks for; `undefined` if there are none, or no birth is stored. */
  readonly born: ReadonlyArray<OutboxItem> | undefined
  readonly entries: ReadonlyArray<{ readonly proposal: { readonly entry: CommitEntry } }>
}

export interface CommitListener {
  /**
   * An append begins that expects the actor's last record at a sequence. `undefined`: the listener does not
   * wait for it.
   */
  readonly appending: (address: ActorAddress) => Appending | undefined
  /** The append failed, or its commit was reported as committed or found. */
  readonly over: (address: ActorAddress, appending: Appending) => void
  /**
   * The outcome of the append is open. A record of the actor above `expectedSequence` may be what it stored.
   */
  readonly unresolved: (address: ActorAddress, appending: Appending, expectedSequence: number) => void
  /** The outcome is open and the cell stops looking for it: the listener has to read the journal. */
  readonly abandoned: (address: ActorAddress, appending: Appending, expectedSequence: number) => void
  /** A commit is stored. */
  readonly committed: (address: ActorAddress, commit: CommitTold) => void
  /** A stored commit was met while reading: another node wrote it, or its acknowledgement was lost. */
  readonly found: (address: ActorAddress, record: JournalRecord, commit: Commit) => void
  /**
   * The actor came into memory at a sequence, with timers that this node does not hold. A timer that was due
   * long ago has lost its message.
   */
  readonly activated: (address: ActorAddress, timers: Pending["timers"], sequence: number) => void
}

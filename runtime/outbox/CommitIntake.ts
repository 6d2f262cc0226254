/**
 * Takes in what cells report of their appends and commits, and makes sure that what commits carry is sent.
 *
 * Owns which way a commit takes: it is sent at once, or left to the journal, where it is found after older
 * commits. The state of a shard: ShardOutbox.ts. How items leave: Sending.ts.
 */
import { type Clock, Effect } from "effect"
import type { ActorAddress } from "../address/ActorAddress.ts"
import type { Appending, CommitListener, CommitTold } from "../cell/CommitListener.ts"
import type { Pending } from "../cell/Pending.ts"
import type { ShardMap } from "../cluster/ShardMap.ts"
import { type Commit, ERA_MIN } from "../commit/Commit.ts"
import { isCarrying, itemsOf } from "../commit/PlacedItem.ts"
import type { JournalRecord } from "../journal/Journal.ts"
import type { OutboxItem } from "../message/OutboxItem.ts"
import type { LostTimers } from "./LostTimers.ts"
import type { Reading } from "./Reading.ts"
import type { Sending } from "./Sending.ts"
import type { ShardOutbox } from "./ShardOutbox.ts"
import type { TimerCauses } from "./TimerCauses.ts"
import { overdueTimers } from "./WaitingTimers.ts"
import type { AppendInFlight } from "./Watermark.ts"

export interface CommitIntakeOptions {
  readonly shardMap: ShardMap
  readonly shards: ReadonlyMap<number, ShardOutbox>
  readonly sending: Sending
  readonly reading: Reading
  readonly lostTimers: LostTimers
  readonly timerCauses: TimerCauses
  readonly fork: (work: Effect.Effect<void>) => void
  readonly clock: Clock.Clock
  /** Lease time. An append of a former owner may be stored for twice this time after its lease has ended. */
  readonly leaseMs: number
  /** Monotonic milliseconds. */
  readonly nowMs: () => number
  /** Listener for aborted calls. */
  readonly aborted: (address: ActorAddress, name: string) => void
  /** Wakes the sweep, because there may be something to read or save. */
  readonly wake: () => void
}

export class CommitIntake implements CommitListener {
  readonly #options: CommitIntakeOptions

  constructor(options: CommitIntakeOptions) {
    this.#options = options
  }

  readonly appending = (address: ActorAddress): AppendInFlight | undefined =>
    this.#shardOf(address)?.watermark.begin()

  readonly over = (address: ActorAddress, appending: Appending): void =>
    this.#shardOf(address)?.over(address.key, appending as AppendInFlight)

  readonly unresolved = (address: ActorAddress, appending: Appending, expectedSequence: number): void =>
    this.#shardOf(address)?.unresolved(address.key, appending as AppendInFlight, expectedSequence)

  readonly abandoned = (address: ActorAddress, appending: Appending, expectedSequence: number): void => {
    const { nowMs, leaseMs, wake } = this.#options
    const untilMs = nowMs() + 2 * leaseMs
    this.#shardOf(address)?.abandoned(address.key, appending as AppendInFlight, expectedSequence, untilMs)
    wake()
  }

  readonly committed = (address: ActorAddress, { sequence, atMs, era, born, entries }: CommitTold): void => {
    const { sending, lostTimers, nowMs, wake } = this.#options
    const stored = entries.map(({ proposal }) => proposal.entry)
    const carrying = { born, entries: stored }
    const isSending = isCarrying(carrying)
    if (isSending) this.#notice(address, carrying)
    const shard = this.#shardOf(address)
    if (shard === undefined) return
    wake()
    // The commit is of an earlier ownership of the shard, or of format 1: it is found like a former owner's
    // commit.
    if (era !== shard.era && era >= ERA_MIN) return shard.hurry()
    shard.wrote(sequence, atMs, nowMs())
    lostTimers.stored(shard.shardIndex, sequence)
    if (!isSending) return
    const items = itemsOf(address, sequence, atMs, carrying, { source: shard.slot, era })
    const sendNow = () => sending.send(shard, shard.begin(sequence, items.length), items, false)
    if (!sending.hasRoom()) shard.leave(sequence)
    else if (shard.isBehind) shard.leave(sequence, sendNow)
    else sendNow()
  }

  readonly found = (address: ActorAddress, record: JournalRecord, commit: Commit): void => {
    const { reading } = this.#options
    const shard = this.#shardOf(address)
    if (shard === undefined) return
    // Commits from before this ownership are read in order, from where the former owner stopped. A later
    // commit is a late append of a former owner, or this owner's own with a lost acknowledgement.
    const isUntold = shard.isUntold(record.key, record.sequence)
    const isLate = shard.isStarted && record.sequence > shard.takenAt
    if (!isUntold && !isLate) return
    if (shard.isBehind) shard.leave(record.sequence)
    else reading.recoverOne(shard, record, commit)
  }

  readonly activated = (address: ActorAddress, timers: Pending["timers"], sequence: number): void => {
    const { clock, sending, timerCauses, fork } = this.#options
    const shard = this.#shardOf(address)
    if (shard === undefined) return
    const items = overdueTimers(address, timers, clock.currentTimeMillisUnsafe())
    if (items.length === 0) return
    const sendCaused = (caused: typeof items): void => {
      // The shard may have gone meanwhile. Then its next owner finds the timers.
      if (this.#shardOf(address) === shard) sending.send(shard, undefined, caused, true)
    }
    fork(Effect.map(timerCauses.of(address, items, sequence), sendCaused))
  }

  #shardOf({ type, shard }: ActorAddress): ShardOutbox | undefined {
    const { shardMap, shards } = this.#options
    const shardIndex = shardMap.indexOf(type, shard)
    return shardIndex === undefined ? undefined : shards.get(shardIndex)
  }

  /** Handles what items change at once, before they are sent. */
  #notice(address: ActorAddress, { born = [], entries }: Parameters<typeof isCarrying>[0]): void {
    const notice = (item: OutboxItem): void => {
      if (item.k === "abort") this.#options.aborted(address, item.n)
    }
    for (const item of born) notice(item)
    for (const { out = [] } of entries) for (const item of out) notice(item)
  }
}

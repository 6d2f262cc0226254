/**
 * The changes of one actor on the owner of its shard, for everybody who follows it.
 *
 * Owns the newest changes in memory, and which waiting watcher gets what. A watcher is one waiter here while it
 * waits, and nothing between two waits, so that memory does not grow with a slow one. What is not in memory,
 * ChangeFeeds.ts reads and tells the feed.
 */
import type { Exit } from "effect"
import type { ActorAddress } from "../address/ActorAddress.ts"
import type { ActorDefinition } from "../definition/Actor.ts"
import type { Deadline } from "../time/DeadlineWheel.ts"
import {
  type ChangeAnswer,
  type NewestState,
  NOTHING_SEEN,
  type Position,
  type StoredChange,
  versionAt,
} from "./Change.ts"
import type { WatchError } from "./WatchError.ts"

/**
 * Changes of a watched actor that its owner keeps in memory. A watcher that is further behind, in versions, skips
 * to the newest state.
 */
export const WATCH_BEHIND_MAX = 256

/** Changes in one answer to a watcher. */
export const CHANGES_PAGE_MAX = 64

/** What a watcher wants: every change with its state, or events alone. */
export type WatchKind = "changes" | "events"

/** What a watcher asks for: what comes behind its position. */
export interface WatchWish {
  readonly kind: WatchKind
  readonly at: Position
  /** Journal sequence up to which a watcher of events has everything; 0 if it does not know. */
  readonly sequence: number
}

/** One wait of a watcher, answered once. */
export class Waiter {
  readonly kind: WatchKind
  at: Position
  readonly sequence: number
  readonly answer: (exit: Exit.Exit<ChangeAnswer, WatchError>) => void
  deadline: Deadline | undefined
  /** The journal does not have what lies between its position and the newest state. */
  mustSkip = false
  /** Its position was compared with the end of the journal. */
  isChecked = false

  constructor({ kind, at, sequence }: WatchWish, answer: Waiter["answer"]) {
    this.kind = kind
    this.at = at
    this.sequence = sequence
    this.answer = answer
  }
}

/** What has to be read before a waiter can be answered. */
export type Need =
  /** The actor's last commit in the journal. */
  | { readonly _tag: "End" }
  /** The actor's state, from its cell. */
  | { readonly _tag: "State" }
  /** The changes behind a position, with their states. */
  | { readonly _tag: "Fill"; readonly at: Position }
  /** The events behind the waiter's position. */
  | { readonly _tag: "Page"; readonly waiter: Waiter }

type Outcome = ChangeAnswer | Need | "wait"

const END: Need = { _tag: "End" }
const STATE: Need = { _tag: "State" }

export class ChangeFeed {
  readonly definition: ActorDefinition
  readonly address: ActorAddress
  readonly shardIndex: number
  /** Waiters that have everything that is known. */
  readonly waiters = new Set<Waiter>()
  /** Waiters for which something has to be read. */
  readonly needing = new Set<Waiter>()
  /** Whether a fiber reads what waiters of this feed need. */
  isAttended = false
  /** Monotonic milliseconds at which a watcher waited last. */
  usedAtMs = 0
  /** Newest changes, the oldest first, without a gap. The last one ends at {@link #end}. */
  #kept: Array<StoredChange> = []
  /** Position up to which the actor is known; `undefined`: not known. */
  #end: Position | undefined
  #newest: NewestState | undefined
  /** The actor is unborn and needs input, so it has no state to give. */
  #isStateless = false
  /** The last answer that several waiters share. */
  #shared: { readonly from: number; readonly answer: ChangeAnswer } | undefined

  constructor(definition: ActorDefinition, address: ActorAddress, shardIndex: number) {
    this.definition = definition
    this.address = address
    this.shardIndex = shardIndex
  }

  /** Number of changes in memory. */
  get keptCount(): number {
    return this.#kept.length
  }

  /** Takes a stored commit. `keptMax`: changes that may be kept. */
  changed(change: StoredChange & NewestStateOf, keptMax: number): void {
    const { from, to, sequence, state } = change
    const isKnown = this.#end !== undefined && to <= this.#end
    // The journal was read before the acknowledgement came: the newest commit may still be taken.
    if (isKnown && !(to === this.#end && this.#kept.length === 0)) return
    if (from !== this.#end) this.#kept = []
    this.#kept.push(change)
    if (this.#kept.length > keptMax) this.#kept.splice(0, this.#kept.length - keptMax)
    this.#moveTo(to)
    this.#newest = { position: to, sequence, state }
  }

  /** The journal has the actor at this position. What leads there is not known. */
  learned(position: Position): void {
    if (this.#end !== undefined && position <= this.#end) return
    this.#kept = []
    this.#newest = undefined
    this.#moveTo(position)
  }

  /** The cell has the actor in this state. */
  sawState(newest: NewestState): void {
    this.learned(newest.position)
    if (newest.position >= (this.#newest?.position ?? 0)) this.#newest = newest
    this.#isStateless = false
  }

  /** The actor is unborn and needs input. */
  sawUnborn(): void {
    if (this.#end !== undefined && this.#end > 0) return
    this.#moveTo(0)
    this.#isStateless = true
  }

  /** The journal's changes behind the position `at`, in order. */
  filled(at: Position, changes: ReadonlyArray<StoredChange>): void {
    const first = changes[0]
    const last = changes.at(-1)
    for (const waiter of this.needing) {
      // A waiter that came meanwhile may need more: it was not read for.
      if (waiter.kind !== "changes" || waiter.at < at) continue
      if (first === undefined || first.from > waiter.at) waiter.mustSkip = true
    }
    if (last === undefined) return
    this.learned(last.to)
    const newer = this.#kept.filter(({ from }) => from >= last.to)
    if (last.to !== this.#end && newer[0]?.from !== last.to) return
    this.#kept = [...changes, ...newer]
    this.#shared = undefined
  }

  /** The journal ends at this position. A waiter above it has seen commits that are lost, and begins anew. */
  checked(position: Position): void {
    this.learned(position)
    for (const waiter of this.needing) {
      waiter.isChecked = true
      if (waiter.kind === "changes" && waiter.at > (this.#end ?? NOTHING_SEEN)) waiter.at = NOTHING_SEEN
    }
  }

  /** What has to be read first; `undefined` if no waiter needs anything. */
  get need(): Need | undefined {
    let found: Need | undefined
    for (const waiter of this.needing) {
      const outcome = this.outcome(waiter)
      if (outcome === "wait") continue
      if (outcome._tag === "End" || outcome._tag === "State") return outcome
      if (outcome._tag === "Fill" && (found?._tag !== "Fill" || outcome.at < found.at)) found = outcome
      else if (outcome._tag === "Page") found ??= outcome
    }
    return found
  }

  /** What the waiter gets now, or what has to be read for it. */
  outcome(waiter: Waiter): Outcome {
    const { kind, at } = waiter
    if (kind === "events") return this.#outcomeOfEvents(waiter)
    if (at === NOTHING_SEEN || waiter.mustSkip) return this.#outcomeOfNewest(waiter)
    const end = this.#end
    if (end === undefined) return END
    if (at === end) return "wait"
    if (at > end) return waiter.isChecked ? "wait" : END
    return (
      this.#pageBehind(at) ??
      (versionAt(end) - versionAt(at) > WATCH_BEHIND_MAX
        ? this.#outcomeOfNewest(waiter)
        : { _tag: "Fill", at })
    )
  }

  #outcomeOfEvents(waiter: Waiter): Outcome {
    const end = this.#end
    if (end === undefined) return END
    if (versionAt(waiter.at) >= versionAt(end)) return "wait"
    return this.#pageBehind(waiter.at) ?? { _tag: "Page", waiter }
  }

  #outcomeOfNewest({ at }: Waiter): Outcome {
    const newest = this.#newest
    if (newest === undefined) return this.#isStateless ? "wait" : STATE
    if (newest.position <= at) return STATE
    const skipped = at === NOTHING_SEEN ? 0 : versionAt(newest.position) - versionAt(at)
    return { _tag: "Newest", newest, skipped }
  }

  /** The kept changes behind a position; `undefined` if they do not begin there. */
  #pageBehind(at: Position): ChangeAnswer | undefined {
    const kept = this.#kept
    const first = kept[0]
    if (first === undefined || first.from > at) return undefined
    let index = kept.length - 1
    while (index > 0 && (kept[index - 1] as StoredChange).to > at) index--
    if (this.#shared?.from === index) return this.#shared.answer
    const answer = { _tag: "Changes", changes: kept.slice(index, index + CHANGES_PAGE_MAX) } as const
    this.#shared = { from: index, answer }
    return answer
  }

  #moveTo(position: Position): void {
    this.#end = position
    this.#shared = undefined
    if (position > 0) this.#isStateless = false
  }
}

/** A change whose state is known. */
interface NewestStateOf {
  readonly state: NewestState["state"]
}

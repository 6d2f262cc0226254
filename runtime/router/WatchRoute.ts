/**
 * Takes a watcher to the owner of its actor's shard: to a feed of this node, or by one request to the node that has it.
 *
 * Owns one wait of a watcher, from its wish to its answer, over any number of owners. The owner holds the request
 * until there is something new, or until its time is over, and says so then: a watcher notices a dead owner by that, and
 * an owner forgets a dead watcher. A node asks a shard's next owner as soon as it sees it in the cluster
 * (Router.ownerChanged); on a client one watch of each slot is its lookout. How a request finds the owner: Router.ts.
 * What a watcher does with an answer: ../system/Watcher.ts.
 */
import { Exit } from "effect"
import type { ActorAddress } from "../address/ActorAddress.ts"
import { type AskError, SystemStopped } from "../cell/AskError.ts"
import type { ShardEntry, ShardMap } from "../cluster/ShardMap.ts"
import type { ActorDefinition } from "../definition/Actor.ts"
import type { ChangeAnswer } from "../watch/Change.ts"
import type { WatchWish } from "../watch/ChangeFeed.ts"
import type { ChangeFeeds } from "../watch/ChangeFeeds.ts"
import type { WatchError } from "../watch/WatchError.ts"
import type { AskRequest } from "./AskWire.ts"
import type { LocalCells } from "./LocalCells.ts"
import { type Hindrance, type Routed, unreadable } from "./Routed.ts"
import type { Router } from "./Router.ts"
import { decodeWatchReply } from "./WatchWire.ts"

/** Time for which an owner holds the request of a watcher when nothing changes, in milliseconds. */
export const WATCH_HOLD_MS = 10_000

/** The same for the first request of a watcher, whose caller waits to hear whether there is an owner. */
const FIRST_HOLD_MS = 1_000

/**
 * The same for the lookout of a slot: of the watches that a client has at one owner, the one that is held for the
 * shortest time, because a client has no view of the cluster that tells it of a new owner.
 */
const LOOKOUT_HOLD_MS = 2_000

/** Time beyond that after which an answer counts as lost, in milliseconds. */
const GRACE_MS = 1_000

/** Longest pause between two attempts, in milliseconds: thousands of watchers may look for the same owner. */
const PAUSE_MAX_MS = 1_000

/** Possible cause of silence. */
const OLD_NODES = "nodes of earlier releases do not answer watchers"

/** Answers of an owner that has the shard. */
export type OwnerAnswer = Exclude<ChangeAnswer, { readonly _tag: "Moved" }>

export interface WatchOptions {
  readonly shardMap: ShardMap
  readonly router: Pick<Router, "bring" | "forget">
  readonly cells: Pick<LocalCells, "takes">
  /** `undefined` for a client, which has no actors. */
  readonly feeds: Pick<ChangeFeeds, "next"> | undefined
  /** Whether every node is known to answer watchers; nodes of earlier releases are silent. */
  readonly isRead: () => boolean
}

export interface Wait {
  /** What keeps the answer away, in words; `undefined` if nothing is known. */
  readonly trouble: string | undefined
  /** Nobody waits for the answer any more. */
  readonly forget: () => void
}

export interface WatchRoutes {
  /** Answers once, with something behind the wish's position, or with no changes after a while. */
  readonly next: (
    definition: ActorDefinition,
    address: ActorAddress,
    wish: WatchWish,
    isFirst: boolean,
    answer: (exit: Exit.Exit<OwnerAnswer, WatchError>) => void,
  ) => Wait
  /** The system stops: every waiting watcher is told. */
  readonly end: () => void
}

export const makeWatchRoutes = (options: WatchOptions): WatchRoutes => {
  const open = new OpenWatches()
  let isEnded = false
  return {
    next: (definition, address, wish, isFirst, answer) => {
      const wait = new WatchOnItsWay(options, open, { definition, address, wish, isFirst, answer })
      if (isEnded) wait.stop()
      else wait.start()
      return wait
    },
    end: () => {
      isEnded = true
      for (const wait of open.all()) wait.stop()
    },
  }
}

interface Given {
  readonly definition: ActorDefinition
  readonly address: ActorAddress
  readonly wish: WatchWish
  readonly isFirst: boolean
  readonly answer: (exit: Exit.Exit<OwnerAnswer, WatchError>) => void
}

/** Watches that wait for their answer, and which of them is the lookout of its slot. */
class OpenWatches {
  readonly #all = new Set<WatchOnItsWay>()
  readonly #lookouts = new Map<string, WatchOnItsWay>()

  readonly all = (): ReadonlyArray<WatchOnItsWay> => [...this.#all]

  add(wait: WatchOnItsWay): void {
    this.#all.add(wait)
  }

  delete(wait: WatchOnItsWay): void {
    this.#all.delete(wait)
    const slot = wait.shard?.slot
    if (slot !== undefined && this.#lookouts.get(slot) === wait) this.#lookouts.delete(slot)
  }

  /** Makes the watch the lookout of its slot. False: the slot has one, which stays it until it is answered. */
  makeLookout(wait: WatchOnItsWay): boolean {
    const slot = wait.shard?.slot
    if (slot === undefined || this.#lookouts.has(slot)) return false
    this.#lookouts.set(slot, wait)
    return true
  }

  /** The slot's lookout was answered again: watches that may still wait for a former owner ask the present one. */
  foundOwner(slot: string | undefined): void {
    for (const wait of this.all()) {
      if (wait.shard?.slot === slot && wait.trouble === undefined) wait.askAgain()
    }
  }
}

class WatchOnItsWay implements Routed, Wait {
  readonly address: ActorAddress
  readonly commandId = undefined
  readonly mayBeStored = false
  readonly pauseMaxMs = PAUSE_MAX_MS
  wasSent = false
  trouble: string | undefined
  readonly #options: WatchOptions
  readonly #open: OpenWatches
  readonly #given: Given
  #isSettled = false
  #isLookout = false
  /** Forgets the wait at a feed of this node. */
  #leaveFeed: (() => void) | undefined

  constructor(options: WatchOptions, open: OpenWatches, given: Given) {
    this.address = given.address
    this.#options = options
    this.#open = open
    this.#given = given
  }

  get shard(): ShardEntry | undefined {
    const { type, shard } = this.address
    const { shardMap } = this.#options
    const shardIndex = shardMap.indexOf(type, shard)
    return shardIndex === undefined ? undefined : shardMap.all[shardIndex]
  }

  get attemptMs(): number {
    return this.#holdMs + GRACE_MS
  }

  get #holdMs(): number {
    if (this.#given.isFirst) return FIRST_HOLD_MS
    return this.#isLookout ? LOOKOUT_HOLD_MS : WATCH_HOLD_MS
  }

  start(): void {
    this.#open.add(this)
    const { feeds, router } = this.#options
    if (feeds === undefined) this.#isLookout = this.#open.makeLookout(this)
    if (!this.takeHere()) router.bring(this)
  }

  /** Drops the request that is under way, and asks the present owner. */
  askAgain(): void {
    const { router } = this.#options
    router.forget(this)
    router.bring(this)
  }

  stop(): void {
    const { type: actorType, id } = this.address
    this.settle(Exit.fail(new SystemStopped({ actorType, id })))
  }

  forget(): void {
    if (this.#isSettled) return
    this.#isSettled = true
    this.#open.delete(this)
    this.#leaveFeed?.()
    this.#options.router.forget(this)
  }

  get isSettled(): boolean {
    return this.#isSettled
  }

  hinder(hindrance: Hindrance, detail: string): void {
    this.trouble = hindrance === "silent" && !this.#options.isRead() ? `${detail} (${OLD_NODES})` : detail
  }

  takeHere(): boolean {
    const { feeds, cells } = this.#options
    const { definition, address, wish } = this.#given
    if (feeds === undefined || !cells.takes(definition, address)) return false
    this.trouble = undefined
    this.#leaveFeed = feeds.next(definition, address, wish, (exit) => this.#answeredHere(exit))
    return true
  }

  request(): AskRequest {
    const { kind: what, at, sequence } = this.#given.wish
    const after = sequence === 0 ? undefined : { after: sequence }
    return { k: "watch", to: this.address.key, ms: this.#holdMs, what, at, ...after }
  }

  read(reply: Uint8Array): Exit.Exit<OwnerAnswer, AskError> | undefined {
    try {
      return decodeWatchReply(this.#given.definition, this.address.id, reply)
    } catch (cause) {
      return Exit.fail(unreadable(this.address, cause))
    }
  }

  settle(exit: Exit.Exit<unknown, AskError>): void {
    if (this.#isSettled) return
    const hasFoundOwner = this.#isLookout && this.trouble !== undefined && Exit.isSuccess(exit)
    this.forget()
    if (hasFoundOwner) this.#open.foundOwner(this.shard?.slot)
    this.#given.answer(exit as Exit.Exit<OwnerAnswer, WatchError>)
  }

  #answeredHere(exit: Exit.Exit<ChangeAnswer, WatchError>): void {
    this.#leaveFeed = undefined
    if (this.#isSettled) return
    if (Exit.isFailure(exit) || exit.value._tag !== "Moved") return this.settle(exit)
    this.hinder("moving", "its shard has moved to another node")
    this.#options.router.bring(this)
  }
}

/**
 * Takes a watcher to the owner of its actor's shard: to a feed of this node, or by one request to the node that has it.
 *
 * Owns one wait of a watcher, from its wish to its answer, over any number of owners. The owner holds the request
 * until there is something new, or until its time is over, and says so then: a watcher notices a dead owner by that, and
 * an owner forgets a dead watcher. How a request finds the owner: Router.ts. What a watcher does with an answer:
 * ../system/Watcher.ts.
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
  const open = new Set<WatchOnItsWay>()
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
      for (const wait of [...open]) wait.stop()
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

class WatchOnItsWay implements Routed, Wait {
  readonly address: ActorAddress
  readonly commandId = undefined
  readonly mayBeStored = false
  readonly pauseMaxMs = PAUSE_MAX_MS
  wasSent = false
  trouble: string | undefined
  readonly #options: WatchOptions
  readonly #open: Set<WatchOnItsWay>
  readonly #given: Given
  #isSettled = false
  /** Forgets the wait at a feed of this node. */
  #leaveFeed: (() => void) | undefined

  constructor(options: WatchOptions, open: Set<WatchOnItsWay>, given: Given) {
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
    return this.#given.isFirst ? FIRST_HOLD_MS : WATCH_HOLD_MS
  }

  start(): void {
    this.#open.add(this)
    if (!this.takeHere()) this.#options.router.bring(this)
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
    this.forget()
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

/**
 * One watcher of an actor: asks for what comes behind its position, again and again.
 *
 * Owns the position, the deadline of the first answer, and the pause after an error that passes. It asks only when
 * its reader wants more, so a slow reader keeps nothing in memory. Both faces stand on it: Watch.ts and
 * ../promise/Iteration.ts. Who answers: ../router/WatchRoute.ts.
 */
import { Exit } from "effect"
import type { ActorAddress } from "../address/ActorAddress.ts"
import { AskTimeout } from "../cell/AskError.ts"
import type { ActorDefinition } from "../definition/Actor.ts"
import type { ProjectedEvent } from "../projection/Projection.ts"
import type { OwnerAnswer, Wait, WatchRoutes } from "../router/WatchRoute.ts"
import type { Deadline, DeadlineWheel } from "../time/DeadlineWheel.ts"
import {
  type Change,
  changeItem,
  eventsOf,
  NOTHING_SEEN,
  newestItem,
  type Position,
  type StoredChange,
  versionAt,
} from "../watch/Change.ts"
import type { WatchKind } from "../watch/ChangeFeed.ts"
import type { WatchError } from "../watch/WatchError.ts"

/** Pause before a watcher asks again after an error that passes, in milliseconds; doubling. */
const PAUSE_MS = { first: 100, max: 2_000 }

/** A non-empty list of items, in order. */
export type Items<Item> = readonly [Item, ...ReadonlyArray<Item>]

type Take<Item> = (exit: Exit.Exit<Items<Item>, WatchError>) => void

export interface WatcherContext {
  readonly routes: WatchRoutes
  readonly wheel: DeadlineWheel
}

/** A watcher, as its reader uses it. */
export interface Watcher<Item> {
  /** Brings the next items, once. Call it again only after that. Returns a function that stops the wait. */
  readonly pull: (take: Take<Item>) => () => void
}

/** Where a watcher is: its position, and the journal sequence up to which it has everything. */
interface Place {
  at: Position
  sequence: number
}

abstract class BaseWatcher<Item> implements Watcher<Item> {
  readonly definition: ActorDefinition
  readonly address: ActorAddress
  readonly place: Place
  readonly #kind: WatchKind
  readonly #context: WatcherContext
  readonly #deadlineMs: number
  #isAnswered = false
  #pauseMs = PAUSE_MS.first
  #take: Take<Item> | undefined
  #wait: Wait | undefined
  #deadline: Deadline | undefined
  #pause: Deadline | undefined
  /** An answer that came before `next` returned. */
  #isAsking = false

  constructor(
    context: WatcherContext,
    definition: ActorDefinition,
    address: ActorAddress,
    kind: WatchKind,
    at: Position,
    deadlineMs: number,
  ) {
    this.#context = context
    this.definition = definition
    this.address = address
    this.place = { at, sequence: 0 }
    this.#kind = kind
    this.#deadlineMs = deadlineMs
  }

  /** The items of an answer; moves the place on. Throws ActorQuarantined. */
  protected abstract itemsOf(answer: OwnerAnswer): ReadonlyArray<Item>

  readonly pull: Watcher<Item>["pull"] = (take) => {
    this.#take = take
    if (!this.#isAnswered) {
      this.#deadline ??= this.#context.wheel.schedule(this.#deadlineMs, () => this.#tooLate())
    }
    this.#ask()
    return () => this.#stop()
  }

  #ask(): void {
    while (this.#take !== undefined && this.#wait === undefined) {
      const { at, sequence } = this.place
      let early: Exit.Exit<OwnerAnswer, WatchError> | undefined
      this.#isAsking = true
      const wish = { kind: this.#kind, at, sequence }
      const wait = this.#context.routes.next(
        this.definition,
        this.address,
        wish,
        !this.#isAnswered,
        (exit) => {
          if (this.#isAsking) early = exit
          else {
            this.#wait = undefined
            if (this.#answered(exit)) this.#ask()
          }
        },
      )
      this.#isAsking = false
      if (early === undefined) this.#wait = wait
      else if (!this.#answered(early)) return
    }
  }

  /** Whether to ask again at once. */
  #answered(exit: Exit.Exit<OwnerAnswer, WatchError>): boolean {
    if (Exit.isFailure(exit)) {
      const [reason] = exit.cause.reasons
      const passes =
        reason?._tag === "Fail" && reason.error.kind === "transient" && reason.error._tag !== "SystemStopped"
      if (!(passes && this.#isAnswered)) {
        this.#give(Exit.failCause(exit.cause))
        return false
      }
      this.#pause = this.#context.wheel.schedule(this.#pauseMs, () => this.#ask())
      this.#pauseMs = Math.min(this.#pauseMs * 2, PAUSE_MS.max)
      return false
    }
    this.#isAnswered = true
    this.#pauseMs = PAUSE_MS.first
    this.#deadline?.cancel()
    let items: ReadonlyArray<Item>
    try {
      items = this.itemsOf(exit.value)
    } catch (cause) {
      this.#give(Exit.fail(cause as WatchError))
      return false
    }
    if (items.length === 0) return true
    this.#give(Exit.succeed(items as Items<Item>))
    return false
  }

  #give(exit: Exit.Exit<Items<Item>, WatchError>): void {
    const take = this.#take
    this.#stop()
    take?.(exit)
  }

  #stop(): void {
    this.#take = undefined
    this.#deadline?.cancel()
    this.#pause?.cancel()
    this.#wait?.forget()
    this.#wait = undefined
  }

  #tooLate(): void {
    const { type: actorType, id } = this.address
    const { trouble } = this.#wait ?? {}
    const hint = "Watch again, or give a later deadline."
    const detail = trouble === undefined ? undefined : { detail: trouble }
    this.#give(
      Exit.fail(
        new AskTimeout({ actorType, id, commandId: "", deadlineMs: this.#deadlineMs, ...detail, hint }),
      ),
    )
  }
}

/** A watcher of states and events. */
export class ChangeWatcher extends BaseWatcher<Change> {
  constructor(
    context: WatcherContext,
    definition: ActorDefinition,
    address: ActorAddress,
    /** Version that the reader has already; `undefined`: it begins with the current state. */
    after: number | undefined,
    deadlineMs: number,
  ) {
    super(context, definition, address, "changes", positionAfter(after), deadlineMs)
  }

  protected itemsOf(answer: OwnerAnswer): ReadonlyArray<Change> {
    const { definition, address, place } = this
    if (answer._tag === "Newest") {
      place.at = answer.newest.position
      return [newestItem(answer.newest, answer.skipped)]
    }
    const items: Array<Change> = []
    for (const change of answer.changes) {
      if (change.to <= place.at || !hasState(change)) continue
      const item = changeItem(definition, address, change)
      // An owner sends changes without a gap. If one does not, its watcher is told.
      const skipped = change.from > place.at ? versionAt(change.from) - versionAt(place.at) : 0
      items.push(skipped === 0 ? item : { ...item, skipped })
      place.at = change.to
    }
    return items
  }
}

const positionAfter = (after: number | undefined): Position => {
  if (after === undefined) return NOTHING_SEEN
  // Version 0 is that of an actor that was only born, and of an unborn one.
  return after === 0 ? 0 : after + 1
}

const hasState = (change: StoredChange): change is StoredChange & { readonly state: Change["state"] } =>
  change.state !== undefined

/** A watcher of events: history, and then live. */
export class EventWatcher extends BaseWatcher<ProjectedEvent> {
  constructor(
    context: WatcherContext,
    definition: ActorDefinition,
    address: ActorAddress,
    /** Version of the first event that the reader wants. */
    from: number,
    deadlineMs: number,
  ) {
    super(context, definition, address, "events", from, deadlineMs)
  }

  protected itemsOf(answer: OwnerAnswer): ReadonlyArray<ProjectedEvent> {
    const { definition, address, place } = this
    if (answer._tag === "Newest") return []
    const items: Array<ProjectedEvent> = []
    for (const change of answer.changes) {
      const after = versionAt(place.at)
      for (const event of eventsOf(definition, address, change)) if (event.version > after) items.push(event)
      place.at = Math.max(place.at, change.to)
      place.sequence = change.sequence
    }
    return items
  }
}

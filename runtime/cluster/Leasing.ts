/**
 * The slots that this node owns: it takes them, hands them off, and may lose them.
 *
 * Owns the records of slots and the lives of their tenants. Placement.ts says which member should have which slot. Every
 * node takes free slots that it should have and hands off slots that another member should have, so the cluster needs no
 * leader. If two nodes want the same slot, the compare-and-set lets one of them win. The owner that hands a slot off
 * writes the successor's name into the record, so the successor has only to open the slot. States: docs/STATES.md.
 */
import { type Clock, Effect, Exit, Fiber, Latch, Option, Semaphore } from "effect"
import { invariant } from "../invariant/Invariant.ts"
import { monotonicMs } from "../time/MonotonicTime.ts"
import { LeasesUnavailable } from "./Leases.ts"
import { memberKey, nextEpoch, type SlotRecord, slotKey } from "./Member.ts"
import type { Records } from "./Records.ts"
import type { SeenRecords } from "./SeenRecords.ts"
import type { Tenant } from "./Tenant.ts"

/** Slots that are taken, and handed over, at once: a cluster that has lost everything comes back in steps. */
const TAKEN_AT_ONCE_MAX = 16
const HANDED_OVER_AT_ONCE_MAX = 8

/**
 * Longest pause between two handoffs, and time for all of a node's handoffs, in milliseconds: the new owners bring actors
 * into memory one shard after the other, and answer meanwhile.
 */
const GOING = { pauseMs: 100, allMs: 2_000 } as const
/** The same for moves for balance alone: there is no hurry, and the new owner has often just started, and is slow. */
const BALANCING = { pauseMs: 150, allMs: 5_000 } as const

/** A slot that just moved between live members rests for this long before it moves again, doubling each time. */
const REST_FIRST_MS = 1_000
const REST_MAX_MS = 60_000

/** A slot that stayed for this long has come to rest. */
const CALM_MS = 300_000

/** Id of the member that should have each slot. */
type Placement = ReadonlyMap<string, string>

interface Held {
  readonly epoch: number
  readonly sinceMs: number
  /** Moves that count against the next one. */
  readonly moves: number
  /** Opened when it is handed over; there once that has begun. */
  closing: Latch.Latch | undefined
  /** The tenant's part of that. */
  work: Fiber.Fiber<void> | undefined
}

export interface LeasingOptions {
  readonly records: Records
  readonly clock: Clock.Clock
  readonly tenants: ReadonlyMap<string, Tenant>
  /** Time that a tenant gets to finish what is in work, in milliseconds. */
  readonly handoffMs: number
  readonly moved: (slot: string, epoch: number, what: "taken" | "handedOver" | "lost") => void
}

export class Leasing {
  readonly #options: LeasingOptions
  readonly #held = new Map<string, Held>()
  /** Slots that are closed here while their records still name this node. */
  readonly #unreleased = new Set<string>()
  readonly #turns = Semaphore.makeUnsafe(HANDED_OVER_AT_ONCE_MAX)
  #nextHandoffAtMs = Number.NEGATIVE_INFINITY
  readonly #taking = Semaphore.makeUnsafe(1)
  /** Member that should have each slot, as of the last look. */
  #placement: Placement = new Map()
  #isEnding = false
  readonly #fork: (work: Effect.Effect<void>) => void

  constructor(options: LeasingOptions, fork: (work: Effect.Effect<void>) => void) {
    this.#options = options
    this.#fork = fork
  }

  get held(): ReadonlyMap<string, { readonly epoch: number }> {
    return this.#held
  }

  /** Makes what this node has what `placement` says, as far as others let it. `isOwnWish`: no need, just balance. */
  readonly follow = (
    me: string,
    placement: Placement,
    isOwnWish: (slot: string) => boolean,
  ): Effect.Effect<void, LeasesUnavailable> =>
    Effect.gen({ self: this }, function* () {
      this.#placement = placement
      yield* this.#loseWhatIsOthers(me)
      yield* this.#restore(me)
      this.#refuse(me)
      yield* Effect.forEach(this.#unreleased, (slot) => this.#release(me, slot), { discard: true })
      const slots = [...placement.keys()]
      const toTake = slots.filter((slot) => placement.get(slot) === me && this.#canTake(me, slot))
      const toHandOver = slots.filter(
        (slot) => placement.get(slot) !== me && this.#canHandOver(slot, isOwnWish(slot)),
      )
      // Not waited for, because a busy shard takes its time: free slots are taken meanwhile.
      for (const slot of toHandOver) this.#fork(this.#handOver(me, slot, isOwnWish(slot)))
      const takeAll = Effect.forEach(toTake, (slot) => Effect.exit(this.#take(me, slot)), {
        concurrency: TAKEN_AT_ONCE_MAX,
      })
      const taken = yield* this.#taking.withPermit(takeAll)
      yield* taken.find(Exit.isFailure) ?? Effect.void
    })

  /** Hands all slots off, and waits for handoffs that have begun. Takes nothing from then on. */
  readonly releaseAll = (me: string, placement: Placement): Effect.Effect<void> =>
    Effect.gen({ self: this }, function* () {
      this.#isEnding = true
      this.#placement = placement
      // A slot that is being taken would stay open, so wait for it.
      yield* this.#taking.withPermit(Effect.void)
      yield* Effect.forEach([...this.#held.keys()], (slot) => this.#handOver(me, slot, false), {
        concurrency: "unbounded",
        discard: true,
      })
      yield* Effect.forEach([...this.#unreleased], (slot) => Effect.ignore(this.#release(me, slot)), {
        concurrency: TAKEN_AT_ONCE_MAX,
        discard: true,
      })
    })

  /** Drops all slots: this node owns nothing any more. */
  readonly dropAll: Effect.Effect<void> = Effect.suspend(() => {
    this.#unreleased.clear()
    return this.#dropThese([...this.#held.keys()])
  })

  /** Drops one slot, because another member owns it. */
  readonly drop = (slot: string): Effect.Effect<void> =>
    Effect.suspend(() => {
      const held = this.#held.get(slot)
      if (held === undefined) return Effect.void
      this.#held.delete(slot)
      // A handoff that went on would close what is opened next.
      held.work?.interruptUnsafe()
      this.#options.moved(slot, held.epoch, "lost")
      return this.#drop(slot)
    })

  /** Bounded, because the tenant may hang where it cannot be interrupted. */
  #drop(slot: string): Effect.Effect<void> {
    return Effect.gen({ self: this }, function* () {
      const dropped = yield* Effect.forkDetach(this.#options.tenants.get(slot)?.drop ?? Effect.void)
      yield* Effect.timeoutOption(Fiber.await(dropped), this.#options.handoffMs)
      dropped.interruptUnsafe()
    })
  }

  #loseWhatIsOthers(me: string): Effect.Effect<void> {
    const lost = Array.from(this.#held).filter(([slot, { epoch }]) => {
      const record = this.#seen.slot(slotKey(slot))
      return record !== undefined && (record.m !== me || record.e !== epoch)
    })
    return this.#dropThese(lost.map(([slot]) => slot))
  }

  /** Drops them at the same time: each may take long without a connection, and taking slots waits for all of them. */
  #dropThese(slots: ReadonlyArray<string>): Effect.Effect<void> {
    return Effect.forEach(slots, this.drop, { concurrency: "unbounded", discard: true })
  }

  /** Writes records again that the store has lost. No other member owns these slots, or its name would be there. */
  #restore(me: string): Effect.Effect<void, LeasesUnavailable> {
    const lost = Array.from(this.#held).filter(
      ([slot, { closing }]) => closing === undefined && this.#seen.slot(slotKey(slot)) === undefined,
    )
    return Effect.forEach(
      lost,
      ([slot, { epoch, moves }]) => this.#write(slot, { m: me, e: epoch, n: moves }),
      { concurrency: TAKEN_AT_ONCE_MAX, discard: true },
    )
  }

  /** Gives back slots that others handed to this node and that another member should have by now. */
  #refuse(me: string): void {
    for (const [slot, { value }] of this.#seen.slots()) {
      const isWanted = this.#placement.get(slot) === me
      if (value.m === me && !isWanted && !this.#held.has(slot)) this.#unreleased.add(slot)
    }
  }

  /** Whether the holder is a member. The store's leader is asked about one never heard of: it may have just joined. */
  #isMembers(holder: string | undefined): Effect.Effect<boolean, LeasesUnavailable> {
    return Effect.gen({ self: this }, function* () {
      if (holder === undefined) return false
      const key = memberKey(holder)
      if (this.#seen.revisionOf(key) === 0) yield* this.#options.records.look(key)
      return this.#seen.members().has(holder)
    })
  }

  /** The store may have lost the record of a slot that was used: its epochs go on from there. */
  #epochSeen(slot: string): Effect.Effect<number, LeasesUnavailable> {
    return Effect.mapError(
      this.#options.tenants.get(slot)?.epochSeen ?? Effect.succeed(0),
      (detail) => new LeasesUnavailable({ reason: "Other", detail: `epoch of ${slot}: ${detail}` }),
    )
  }

  #take(me: string, slot: string): Effect.Effect<void, LeasesUnavailable> {
    const taking = Effect.gen({ self: this }, function* () {
      if (this.#isEnding) return
      const found = this.#seen.slot(slotKey(slot))
      // Handed over to this node, or taken by it, and the acknowledgement was lost.
      const isWritten = found?.m === me && !this.#unreleased.has(slot)
      const before = found?.e ?? (yield* this.#epochSeen(slot))
      const value: SlotRecord = isWritten ? found : { m: me, e: nextEpoch(before), n: found?.n ?? 0 }
      if (!isWritten) {
        if (found?.m !== me && (yield* this.#isMembers(found?.m))) return
        if (!(yield* this.#write(slot, value))) return
      }
      this.#unreleased.delete(slot)
      const { e: epoch, n: moves } = value
      invariant(!this.#held.has(slot), "slotHeldOnce", () => ({ slot, epoch }))
      this.#held.set(slot, { epoch, sinceMs: this.#nowMs, moves, closing: undefined, work: undefined })
      yield* this.#options.tenants.get(slot)?.open(epoch) ?? Effect.void
      this.#options.moved(slot, epoch, "taken")
    })
    return Effect.uninterruptible(taking)
  }

  /** Hands a slot off in its turn, or waits for the handoff that has begun. A failed write is repeated later. */
  #handOver(me: string, slot: string, isOwnWish: boolean): Effect.Effect<void> {
    return Effect.suspend(() => {
      const held = this.#held.get(slot)
      const tenant = this.#options.tenants.get(slot)
      if (held === undefined || tenant === undefined) return Effect.void
      if (held.closing !== undefined) return held.closing.await
      const closing = Latch.makeUnsafe(false)
      held.closing = closing
      // Keep the slot if no other member should have it any more when its turn has come.
      const isKept = () => isOwnWish && !this.#isEnding && this.#placement.get(slot) === me
      const close = Effect.suspend(() => {
        // The slot was lost meanwhile, and may have been taken again in this node's next life.
        if (this.#held.get(slot) !== held) return Effect.void
        if (!isKept()) return this.#close(me, slot, held, tenant, isOwnWish)
        held.closing = undefined
        return Effect.void
      })
      return Effect.andThen(
        this.#pace(me, slot, isOwnWish ? BALANCING : GOING),
        this.#turns.withPermit(close),
      ).pipe(Effect.ignore, Effect.ensuring(closing.open))
    })
  }

  /** Waits before a handoff; without a successor there is no reason to wait. */
  #pace(me: string, slot: string, { pauseMs, allMs }: typeof GOING | typeof BALANCING): Effect.Effect<void> {
    if (this.#successor(me, slot) === undefined) return Effect.void
    const nowMs = this.#nowMs
    const atMs = Math.max(nowMs, this.#nextHandoffAtMs)
    this.#nextHandoffAtMs = atMs + Math.min(pauseMs, allMs / this.#held.size)
    return Effect.sleep(atMs - nowMs)
  }

  #close(
    me: string,
    slot: string,
    held: Held,
    tenant: Tenant,
    isOwnWish: boolean,
  ): Effect.Effect<void, LeasesUnavailable> {
    return Effect.gen({ self: this }, function* () {
      // Not waited for once its time is over, because a part of it may hang where it cannot be interrupted.
      const work = yield* Effect.forkDetach(tenant.close)
      held.work = work
      const closed = yield* Effect.timeoutOption(Fiber.await(work), this.#options.handoffMs).pipe(
        Effect.onInterrupt(() => Effect.sync(() => work.interruptUnsafe())),
      )
      // The slot was lost meanwhile, and the tenant was dropped then.
      if (this.#held.get(slot) !== held) return
      if (Option.isNone(closed) || Exit.isFailure(closed.value)) {
        work.interruptUnsafe()
        yield* this.#drop(slot)
        if (this.#held.get(slot) !== held) return
      }
      this.#held.delete(slot)
      this.#unreleased.add(slot)
      const isCalm = this.#nowMs - held.sinceMs > CALM_MS
      this.#options.moved(slot, held.epoch, "handedOver")
      yield* this.#release(me, slot, isOwnWish ? (isCalm ? 1 : held.moves + 1) : undefined)
    })
  }

  /** Writes the successor's name into the slot's record, or that the slot is free. */
  #release(me: string, slot: string, moves?: number): Effect.Effect<void, LeasesUnavailable> {
    return Effect.gen({ self: this }, function* () {
      const found = this.#seen.slot(slotKey(slot))
      if (found?.m === me) {
        const n = moves ?? found.n
        const successor = this.#successor(me, slot)
        const value: SlotRecord =
          successor === undefined ? { e: found.e, n } : { m: successor, e: nextEpoch(found.e), n }
        const isWritten = yield* this.#write(slot, value)
        if (!isWritten && this.#seen.slot(slotKey(slot))?.m === me) return
        if (isWritten && successor !== undefined) this.#options.tenants.get(slot)?.handedOver?.(successor)
      }
      this.#unreleased.delete(slot)
    })
  }

  /** Member that should have the slot next and can open it now. */
  #successor(me: string, slot: string): string | undefined {
    const id = this.#placement.get(slot)
    if (id === undefined || id === me) return undefined
    return this.#seen.members().get(id)?.value.state === "up" ? id : undefined
  }

  #write(slot: string, value: SlotRecord): Effect.Effect<boolean, LeasesUnavailable> {
    return this.#options.records.write(slotKey(slot), value)
  }

  /** Whether this node may take the slot: a member that owns it hands it off first, or is evicted. */
  #canTake(me: string, slot: string): boolean {
    if (this.#held.has(slot) || !this.#options.tenants.has(slot)) return false
    const holder = this.#seen.slot(slotKey(slot))?.m
    return holder === undefined || holder === me || !this.#seen.members().has(holder)
  }

  #canHandOver(slot: string, isOwnWish: boolean): boolean {
    const held = this.#held.get(slot)
    if (held === undefined || held.closing !== undefined) return false
    return !isOwnWish || this.#hasRested(held)
  }

  #hasRested({ sinceMs, moves }: Held): boolean {
    if (moves === 0) return true
    return this.#nowMs - sinceMs >= Math.min(REST_FIRST_MS * 2 ** (moves - 1), REST_MAX_MS)
  }

  get #seen(): SeenRecords {
    return this.#options.records.seen
  }

  get #nowMs(): number {
    return monotonicMs(this.#options.clock)
  }
}

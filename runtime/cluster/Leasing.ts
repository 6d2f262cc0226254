/**
 * The slots that this node has: taking, handing over, losing them.
 *
 * Owns the records of slots and the lives of their tenants. What should be whose says Placement.ts; a node takes what
 * is free and should be its own, and hands over what should be another's, and so the cluster gets there without a
 * leader. Two nodes that want the same slot meet in the compare-and-set.
 */
import { type Clock, Effect, Exit, Fiber, Latch, Option, Semaphore } from "effect"
import { monotonicMs } from "../time/MonotonicTime.ts"
import type { LeasesService, LeasesUnavailable } from "./Leases.ts"
import { type SlotRecord, slotKey } from "./Member.ts"
import type { SeenRecords } from "./SeenRecords.ts"
import type { Tenant } from "./Tenant.ts"

/** Slots that are taken, and handed over, at once: a cluster that has lost everything comes back in steps. */
const TAKEN_AT_ONCE_MAX = 16
const HANDED_OVER_AT_ONCE_MAX = 8

/** A slot that just moved between live members rests for this long before it moves again, doubling each time. */
const REST_FIRST_MS = 1_000
const REST_MAX_MS = 60_000

/** A slot that stayed for this long has come to rest. */
const CALM_MS = 300_000

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
  readonly leases: LeasesService
  readonly seen: SeenRecords
  readonly clock: Clock.Clock
  readonly tenants: ReadonlyMap<string, Tenant>
  /** Time that a tenant gets to finish what is in work, in milliseconds. */
  readonly handoffMs: number
  readonly moved: (slot: string, epoch: number, what: "taken" | "handedOver" | "lost") => void
}

export class Leasing {
  readonly #options: LeasingOptions
  readonly #held = new Map<string, Held>()
  /** Closed here; that they are free is not written yet. */
  readonly #unreleased = new Set<string>()
  readonly #turns = Semaphore.makeUnsafe(HANDED_OVER_AT_ONCE_MAX)
  readonly #taking = Semaphore.makeUnsafe(1)
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
    placement: ReadonlyMap<string, string>,
    isOwnWish: (slot: string) => boolean,
  ): Effect.Effect<void, LeasesUnavailable> =>
    Effect.gen({ self: this }, function* () {
      yield* this.#loseWhatIsOthers(me)
      yield* this.#restore(me)
      yield* Effect.forEach(this.#unreleased, (slot) => this.#release(me, slot), { discard: true })
      const slots = [...placement.keys()]
      const toTake = slots.filter((slot) => placement.get(slot) === me && this.#canTake(me, slot))
      const toHandOver = slots.filter(
        (slot) => placement.get(slot) !== me && this.#canHandOver(slot, isOwnWish(slot)),
      )
      // Takes its time, and nobody waits for it: a busy shard keeps no free one from being taken.
      for (const slot of toHandOver) this.#fork(this.#handOver(me, slot, isOwnWish(slot)))
      const takeAll = Effect.forEach(toTake, (slot) => Effect.exit(this.#take(me, slot)), {
        concurrency: TAKEN_AT_ONCE_MAX,
      })
      const taken = yield* this.#taking.withPermit(takeAll)
      yield* taken.find(Exit.isFailure) ?? Effect.void
    })

  /** Hands everything over to nobody in particular; what is on its way already, too. Takes nothing from then on. */
  readonly releaseAll = (me: string): Effect.Effect<void> =>
    Effect.gen({ self: this }, function* () {
      this.#isEnding = true
      // What is being taken would be left open.
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

  /** Nothing is this node's any more. */
  readonly dropAll: Effect.Effect<void> = Effect.suspend(() => {
    this.#unreleased.clear()
    return Effect.forEach([...this.#held.keys()], (slot) => this.drop(slot), { discard: true })
  })

  /** A commit of a higher epoch was met: somebody else has this slot. */
  readonly drop = (slot: string): Effect.Effect<void> =>
    Effect.suspend(() => {
      const held = this.#held.get(slot)
      if (held === undefined) return Effect.void
      this.#held.delete(slot)
      // A handover that went on would close what is opened next.
      held.work?.interruptUnsafe()
      this.#options.moved(slot, held.epoch, "lost")
      return this.#drop(slot)
    })

  /** What ends it may hang, and cannot be interrupted. */
  #drop(slot: string): Effect.Effect<void> {
    return Effect.gen({ self: this }, function* () {
      const dropped = yield* Effect.forkDetach(this.#options.tenants.get(slot)?.drop ?? Effect.void)
      yield* Effect.timeoutOption(Fiber.await(dropped), this.#options.handoffMs)
      dropped.interruptUnsafe()
    })
  }

  #loseWhatIsOthers(me: string): Effect.Effect<void> {
    const lost = Array.from(this.#held).filter(([slot, { epoch }]) => {
      const record = this.#options.seen.slot(slotKey(slot))
      return record !== undefined && (record.m !== me || record.e !== epoch)
    })
    return Effect.forEach(lost, ([slot]) => this.drop(slot), { discard: true })
  }

  /** Writes again what the store has lost: nobody else has the slot, or that would be written. */
  #restore(me: string): Effect.Effect<void, LeasesUnavailable> {
    const { leases, seen } = this.#options
    const lost = Array.from(this.#held).filter(
      ([slot, { closing }]) => closing === undefined && seen.slot(slotKey(slot)) === undefined,
    )
    return Effect.forEach(
      lost,
      ([slot, { epoch, moves }]) => {
        const key = slotKey(slot)
        const value: SlotRecord = { m: me, e: epoch, n: moves }
        return leases.write(key, value, seen.revisionOf(key)).pipe(
          Effect.tap((revision) => Effect.sync(() => seen.apply({ key, revision, value }, this.#nowMs))),
          Effect.catchTag("LeaseConflict", () => this.#look(key)),
        )
      },
      { concurrency: TAKEN_AT_ONCE_MAX, discard: true },
    )
  }

  #take(me: string, slot: string): Effect.Effect<void, LeasesUnavailable> {
    const taking = Effect.gen({ self: this }, function* () {
      if (this.#isEnding) return
      const { leases, seen, tenants } = this.#options
      const key = slotKey(slot)
      const found = seen.slot(key)
      // Written by this life, and not known to be: the acknowledgement was lost.
      const isWritten = found?.m === me && !this.#unreleased.has(slot)
      const value: SlotRecord = isWritten ? found : { m: me, e: (found?.e ?? 0) + 1, n: found?.n ?? 0 }
      if (!isWritten) {
        const revision = yield* leases
          .write(key, value, seen.revisionOf(key))
          .pipe(Effect.catchTag("LeaseConflict", () => Effect.as(this.#look(key), undefined)))
        if (revision === undefined) return
        seen.apply({ key, revision, value }, this.#nowMs)
      }
      this.#unreleased.delete(slot)
      const { e: epoch, n: moves } = value
      this.#held.set(slot, { epoch, sinceMs: this.#nowMs, moves, closing: undefined, work: undefined })
      yield* tenants.get(slot)?.open(value.e) ?? Effect.void
      this.#options.moved(slot, value.e, "taken")
    })
    return Effect.uninterruptible(taking)
  }

  /** Waits for its turn; one that is on its way is waited for. What cannot be written now is written later. */
  #handOver(me: string, slot: string, isOwnWish: boolean): Effect.Effect<void> {
    return Effect.suspend(() => {
      const held = this.#held.get(slot)
      const tenant = this.#options.tenants.get(slot)
      if (held === undefined || tenant === undefined) return Effect.void
      if (held.closing !== undefined) return held.closing.await
      const closing = Latch.makeUnsafe(false)
      held.closing = closing
      return this.#turns
        .withPermits(1)(this.#close(me, slot, held, tenant, isOwnWish))
        .pipe(Effect.ignore, Effect.ensuring(closing.open))
    })
  }

  #close(
    me: string,
    slot: string,
    held: Held,
    tenant: Tenant,
    isOwnWish: boolean,
  ): Effect.Effect<void, LeasesUnavailable> {
    return Effect.gen({ self: this }, function* () {
      // Not waited for once its time is over: a part of it may not be interruptible, and hang.
      const work = yield* Effect.forkDetach(tenant.close)
      held.work = work
      const closed = yield* Effect.timeoutOption(Fiber.await(work), this.#options.handoffMs).pipe(
        Effect.onInterrupt(() => Effect.sync(() => work.interruptUnsafe())),
      )
      // Lost meanwhile, and perhaps taken again: the rest has been seen to.
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

  /** Writes that the slot is free. */
  #release(me: string, slot: string, moves?: number): Effect.Effect<void, LeasesUnavailable> {
    return Effect.gen({ self: this }, function* () {
      const { leases, seen } = this.#options
      const key = slotKey(slot)
      const found = seen.slot(key)
      if (found?.m === me) {
        const value: SlotRecord = { e: found.e, n: moves ?? found.n }
        const revision = yield* leases
          .write(key, value, seen.revisionOf(key))
          .pipe(Effect.catchTag("LeaseConflict", () => Effect.as(this.#look(key), undefined)))
        if (revision !== undefined) seen.apply({ key, revision, value }, this.#nowMs)
        else if (seen.slot(key)?.m === me) return
      }
      this.#unreleased.delete(slot)
    })
  }

  #look(key: string): Effect.Effect<void, LeasesUnavailable> {
    const { leases, seen } = this.#options
    return Effect.map(leases.get(key), (found) => seen.correct(key, found, this.#nowMs))
  }

  /** A member that has it hands it over first, however long that takes; or it is evicted. */
  #canTake(me: string, slot: string): boolean {
    if (this.#held.has(slot) || !this.#options.tenants.has(slot)) return false
    const { seen } = this.#options
    const holder = seen.slot(slotKey(slot))?.m
    return holder === undefined || holder === me || !seen.members().has(holder)
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

  get #nowMs(): number {
    return monotonicMs(this.#options.clock)
  }
}

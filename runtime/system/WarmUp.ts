/**
 * Brings in the actors of a shard that was handed over before anybody asks for them: those that its former owner had in
 * memory.
 *
 * Owns what is said of them from one owner to the next, and their coming, a few at a time. It is a courtesy: where the
 * list is lost the first ask of each actor waits for its recovery, as after a takeover.
 */
import { Effect, Exit, FiberSet, type Scope, Semaphore } from "effect"
import { addressFromKey } from "../address/ActorAddress.ts"
import type { Cells } from "../cell/Cells.ts"
import { WaitingRead } from "../cell/Waiting.ts"
import { tellMember } from "../cluster/MemberRequests.ts"
import type { ShardPlaces } from "../cluster/Slot.ts"
import type { ActorDefinition } from "../definition/Actor.ts"
import type { DeadlineWheel } from "../time/DeadlineWheel.ts"
import type { TransportService } from "../transport/Transport.ts"

/** Actors of a shard that its next owner is told of: those that were used last. */
const WARMED_MAX = 100

/** Of them brought in at once on a node, over all shards: those who ask go first. */
const WARMED_AT_ONCE_MAX = 4

/** How long one may take, in milliseconds; those behind it wait. */
const WARMING_MS_MAX = 2_000

export interface WarmUpOptions {
  readonly actors: ReadonlyMap<string, ActorDefinition>
  readonly places: ShardPlaces
  readonly cells: Pick<Cells, "offer" | "residentCount">
  readonly residentMax: number
  readonly wheel: DeadlineWheel
  readonly transport: TransportService
}

/** What the former owner of a slot tells the next one. `keys`: of actors, the one used last first. */
export interface Warmth {
  readonly slot: string
  readonly keys: ReadonlyArray<string>
}

export interface WarmUp {
  /** Was told; the slot may be this node's already, or will be in a moment. */
  readonly told: (warmth: Warmth) => void
  /** The slot is this node's. */
  readonly opened: (slot: string) => void
  /** It is not any more; `residents` were in memory, the one used last first. */
  readonly closed: (slot: string, residents: ReadonlyArray<string>) => void
  /** Tells the next owner of a slot that was closed who was in memory then. */
  readonly tell: (memberId: string, slot: string) => void
}

export const makeWarmUp = Effect.fnUntraced(function* (
  options: WarmUpOptions,
): Effect.fn.Return<WarmUp, never, Scope.Scope> {
  const { actors, places, cells, residentMax, wheel, transport } = options
  const fork = yield* FiberSet.makeRuntime<never>()
  const turns = Semaphore.makeUnsafe(WARMED_AT_ONCE_MAX)
  const open = new Set<string>()
  /** Told before the slot was opened; of each slot the last word. */
  const early = new Map<string, ReadonlyArray<string>>()
  /** In memory when the slot was closed. */
  const left = new Map<string, ReadonlyArray<string>>()
  const slots = new Set(places.all.map(({ slot }) => slot))

  const bringIn = (key: string): Effect.Effect<void> =>
    Effect.callback((resume) => {
      const address = addressFromKey(key, places.shardCount)
      const definition = actors.get(address.type)
      if (definition === undefined || cells.residentCount() >= residentMax) return resume(Effect.void)
      const item = new WaitingRead(() => resume(Effect.void))
      // The shard has gone on meanwhile: whoever has it was told by its former owner.
      item.isRemote = true
      const settle = () => item.settle(Exit.interrupt())
      item.giveUpAt(wheel.schedule(WARMING_MS_MAX, settle), WARMING_MS_MAX)
      cells.offer(definition, address, item)
    })

  const warm = (keys: ReadonlyArray<string>): void => {
    if (keys.length === 0) return
    // A key that no actor can have brings nothing in.
    const one = (key: string) => Effect.ignoreCause(turns.withPermit(bringIn(key)))
    fork(Effect.forEach(keys, one, { discard: true }))
  }

  return {
    told: ({ slot, keys }) => {
      const few = keys.slice(0, WARMED_MAX)
      if (open.has(slot)) warm(few)
      else if (slots.has(slot)) early.set(slot, few)
    },
    opened: (slot) => {
      open.add(slot)
      left.delete(slot)
      warm(early.get(slot) ?? [])
      early.delete(slot)
    },
    closed: (slot, residents) => {
      open.delete(slot)
      left.set(slot, residents.slice(0, WARMED_MAX))
    },
    tell: (memberId, slot) => {
      const keys = left.get(slot) ?? []
      left.delete(slot)
      if (keys.length > 0) tellMember(transport, memberId, { k: "warm", slot, keys })
    },
  }
})

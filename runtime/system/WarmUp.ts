/**
 * Brings in the actors of a shard that was handed over before anybody asks for them: those that its former owner had in
 * memory.
 *
 * Owns what is said of them from one owner to the next, and their coming, a few at a time. It is a courtesy: where the
 * list is lost the first ask of each actor waits for its recovery, as after a takeover.
 */
import { Clock, Effect, Exit, FiberSet, type Scope, Semaphore } from "effect"
import { addressNamed } from "../address/ActorAddress.ts"
import type { Cells } from "../cell/Cells.ts"
import { WaitingRead } from "../cell/Waiting.ts"
import { tellMember } from "../cluster/MemberRequests.ts"
import type { ShardMap } from "../cluster/ShardMap.ts"
import type { ActorDefinition } from "../definition/Actor.ts"
import type { DeadlineWheel } from "../time/DeadlineWheel.ts"
import { monotonicMs } from "../time/MonotonicTime.ts"
import type { TransportService } from "../transport/Transport.ts"

/** Actors of a shard that its next owner is told of: those that were used last. */
const WARMED_MAX = 100

/** Actors that a node brings in at the same time, over all its shards. Few, because callers need the room. */
const WARMED_AT_ONCE_MAX = 4

/** How long one may take, in milliseconds; with it ends the list of its shard, since something is in trouble. */
const WARMING_MS_MAX = 2_000

/** A list that is older says nothing of who is used now, in milliseconds. */
const FRESH_MS = 10_000

export interface WarmUpOptions {
  readonly actors: ReadonlyMap<string, ActorDefinition>
  readonly shardMap: ShardMap
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
  /** Tells the next owner of a slot what is known of it here. */
  readonly tell: (memberId: string, slot: string) => void
}

const NO_LIST = { keys: [], atMs: Number.NEGATIVE_INFINITY }

export const makeWarmUp = Effect.fnUntraced(function* (
  options: WarmUpOptions,
): Effect.fn.Return<WarmUp, never, Scope.Scope> {
  const { actors, shardMap, cells, residentMax, wheel, transport } = options
  const clock = yield* Clock.Clock
  const fork = yield* FiberSet.makeRuntime<never>()
  const turns = Semaphore.makeUnsafe(WARMED_AT_ONCE_MAX)
  const open = new Set<string>()
  /** Who was in memory, of slots that are not this node's. */
  const lists = new Map<string, { readonly keys: ReadonlyArray<string>; readonly atMs: number }>()
  const slots = new Set(shardMap.all.map(({ slot }) => slot))

  const keep = (slot: string, keys: ReadonlyArray<string>): void => {
    lists.set(slot, { keys: keys.slice(0, WARMED_MAX), atMs: monotonicMs(clock) })
  }

  const take = (slot: string): ReadonlyArray<string> => {
    const { keys, atMs } = lists.get(slot) ?? NO_LIST
    lists.delete(slot)
    return monotonicMs(clock) - atMs <= FRESH_MS ? keys : []
  }

  /** False: it could not be done in time. */
  const bringIn = (key: string): Effect.Effect<boolean> =>
    Effect.callback((resume) => {
      const address = addressNamed(key, shardMap.shardCount)
      const definition = address && actors.get(address.type)
      if (address === undefined || definition === undefined || cells.residentCount() >= residentMax) {
        return resume(Effect.succeed(true))
      }
      let isInTime = true
      const item = new WaitingRead(() => resume(Effect.succeed(isInTime)))
      // If the shard moves on meanwhile, its next owner is told by this one: the read is not routed there.
      item.isRemote = true
      const abandon = () => {
        isInTime = false
        item.settle(Exit.interrupt())
      }
      item.giveUpAt(wheel.schedule(WARMING_MS_MAX, abandon), WARMING_MS_MAX)
      cells.offer(definition, address, item)
    })

  const warm = (slot: string, keys: ReadonlyArray<string>): void => {
    if (keys.length === 0) return
    const all = Effect.gen(function* () {
      for (const key of keys) {
        if (!open.has(slot) || !(yield* turns.withPermit(bringIn(key)))) return
      }
    })
    fork(all)
  }

  return {
    told: ({ slot, keys }) => {
      if (!slots.has(slot)) return
      keep(slot, keys)
      if (open.has(slot)) warm(slot, take(slot))
    },
    opened: (slot) => {
      open.add(slot)
      warm(slot, take(slot))
    },
    closed: (slot, residents) => {
      open.delete(slot)
      keep(slot, residents)
    },
    tell: (memberId, slot) => {
      const keys = take(slot)
      if (keys.length > 0) tellMember(transport, memberId, { k: "warm", slot, keys })
    },
  }
})

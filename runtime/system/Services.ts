/**
 * What a node runs besides actors: projections and reactors, partition by partition, and singletons.
 *
 * Owns their tenants. Slots that this node owns run here; of other slots it knows only what is stored.
 */
import { Effect, type Scope } from "effect"
import type { Checkpoints } from "../checkpoint/Checkpoints.ts"
import { scopedTenant } from "../cluster/ScopedTenant.ts"
import { projectionSlot, reactorSlot, singletonSlot } from "../cluster/Slot.ts"
import type { Tenant } from "../cluster/Tenant.ts"
import type { DeadLetters } from "../deadletter/DeadLetters.ts"
import type { Follower } from "../follower/Follower.ts"
import type { SkipOrder, SkipRefused, SkipReport, StoppedRecord } from "../follower/RecordSkip.ts"
import type { EventPublisher } from "../integration/EventPublisher.ts"
import type { Journal } from "../journal/Journal.ts"
import type { Mailbox } from "../mailbox/Mailbox.ts"
import { makeProjectionRunner, type ProjectionRunner } from "../projection/ProjectionRunner.ts"
import type { ProjectionFailed, ReadModel } from "../projection/ReadModel.ts"
import { makeReactorRunner, type ReactorRunner } from "../reactor/ReactorRunner.ts"
import { runSingleton } from "../singleton/Singleton.ts"
import type { Definitions } from "./Definitions.ts"

export interface Services {
  readonly projections: ReadonlyMap<string, ProjectionRunner>
  readonly reactors: ReadonlyMap<string, ReactorRunner>
  /** By slot. */
  readonly tenants: ReadonlyMap<string, Tenant>
  /** Projections and reactors, by slot. */
  readonly followers: ReadonlyMap<string, SlotFollower>
}

/** What operators see and do of a follower of the journal in one slot. */
export interface SlotFollower {
  readonly stopped: () => StoppedRecord | undefined
  readonly skip: (order: SkipOrder) => Effect.Effect<SkipReport, SkipRefused>
}

type Ports = Journal | ReadModel | Mailbox | Checkpoints | DeadLetters | EventPublisher

export const makeServices = Effect.fnUntraced(function* (
  { projections, reactors, singletons }: Definitions,
  settings: { readonly namespace: string; readonly shardCount: number },
  partitionCount: number,
): Effect.fn.Return<Services, ProjectionFailed, Ports | Scope.Scope> {
  const tenants = new Map<string, Tenant>()
  const followers = new Map<string, SlotFollower>()
  const partitions = Array.from({ length: partitionCount }, (_, partition) => partition)
  /** One slot for each partition. */
  const host = (follower: Follower, slotOf: (partition: number) => string): void => {
    for (const partition of partitions) {
      const slot = slotOf(partition)
      tenants.set(
        slot,
        scopedTenant(() => follower.open(partition)),
      )
      followers.set(slot, {
        stopped: () => follower.stopped(partition),
        skip: (order) => follower.skip(partition, order),
      })
    }
  }
  const projectionRunners = new Map<string, ProjectionRunner>()
  for (const [name, projection] of projections) {
    const runner = yield* makeProjectionRunner(projection, settings)
    projectionRunners.set(name, runner)
    host(runner, (partition) => projectionSlot(name, projection.version, partition))
  }
  const reactorRunners = new Map<string, ReactorRunner>()
  for (const [name, reactor] of reactors) {
    const runner = yield* makeReactorRunner(reactor, settings)
    reactorRunners.set(name, runner)
    host(runner, (partition) => reactorSlot(name, partition))
  }
  for (const [name, singleton] of singletons) {
    tenants.set(
      singletonSlot(name),
      scopedTenant((epoch) => runSingleton(singleton, epoch)),
    )
  }
  return { projections: projectionRunners, reactors: reactorRunners, tenants, followers }
})

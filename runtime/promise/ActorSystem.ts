/**
 * The promise face of the system. An ask is one promise and no fiber of its own.
 *
 * Owns only the translation; what a system does is in ../system/ActorSystem.ts. Promises reject with typed
 * errors (../cell/AskError.ts): test `error._tag`, or use `instanceof`.
 */
import { Effect, Latch, type Layer, Stream } from "effect"
import type { ClusterEvent } from "../cluster/ClusterEvent.ts"
import type { AnyActor } from "../definition/Actor.ts"
import type { DefinitionOf } from "../definition/DefinitionOf.ts"
import type { QuarantinedActor } from "../directory/ActorDirectory.ts"
import type { Correlation, CorrelationOptions } from "../directory/Correlations.ts"
import type {
  ActorCounts,
  ActorsPage,
  ColumnsListed,
  CountOptions,
  ListOptions,
} from "../directory/Listing.ts"
import type { TransitionCounts } from "../directory/TransitionCounts.ts"
import type { SkipOrder, SkipReport } from "../follower/RecordSkip.ts"
import type { BulkJob, BulkJobs } from "../office/BulkJobs.ts"
import type { DeadLetterOffice } from "../office/DeadLetterOffice.ts"
import type { OperationLogService } from "../operation/OperationLog.ts"
import type { ProjectionDefinition } from "../projection/Projection.ts"
import type { RebuildOrder } from "../projection/Rebuild.ts"
import type { SpawnArguments, Spawned } from "../system/ActorRef.ts"
import { type ActorSystemService, ActorSystem as EffectActorSystem } from "../system/ActorSystem.ts"
import type { ClusterStatus, MemberStanding } from "../system/ClusterControl.ts"
import type { TransitionOptions } from "../system/DirectoryControl.ts"
import type { RebuildReport } from "../system/ProjectionControl.ts"
import type { Seen, WaitOptions } from "../system/ReadSide.ts"
import type { SystemStatus } from "../system/SystemStatus.ts"
import { type ActorRef, promiseRef } from "./ActorRef.ts"
import { LiveService } from "./LiveService.ts"

/** The promise face of the dead-letter office. Promises reject with its typed errors. */
export type DeadLetters = {
  readonly [Verb in Exclude<keyof Office, "bulkJobs">]: (
    ...given: Parameters<Office[Verb]>
  ) => Promise<Effect.Success<ReturnType<Office[Verb]>>>
} & {
  /** The latest background job of each verb and reason, on any node. */
  readonly bulkJobs: () => Promise<ReadonlyArray<BulkJob>>
}

type Office = DeadLetterOffice & BulkJobs

/** The promise face of the log of operations. Promises reject with `OperationLogUnavailable`. */
export type Operations = {
  readonly [Verb in keyof OperationLogService]: (
    ...given: Parameters<OperationLogService[Verb]>
  ) => Promise<Effect.Success<ReturnType<OperationLogService[Verb]>>>
}

/**
 * The promise face of the directory. Promises reject with `InvalidListing`, `DirectoryOff`,
 * `ReadModelUnavailable` or `ProjectionFailed`.
 */
export interface ActorDirectory {
  /** One page of the actors of a type that meet all conditions, ordered by id. No actor is on two pages. */
  readonly list: <A extends AnyActor>(options: ListOptions<A>) => Promise<ActorsPage<ColumnsListed<A>>>
  /** The number of actors of a type, by state. */
  readonly count: (options: CountOptions) => Promise<ActorCounts>
  /** The actors that the nodes hold in quarantine now. Leaves out nodes that do not answer within a second. */
  readonly quarantined: () => Promise<ReadonlyArray<QuarantinedActor>>
  /**
   * The number of times that actors of a type went from one state to another in the last minutes, by event, in spans of 5
   * seconds. It is the sum over all nodes that answer within a second. Nodes count in memory from their start.
   */
  readonly transitions: (
    type: DefinitionOf<AnyActor> | string,
    options?: TransitionOptions,
  ) => Promise<TransitionCounts>
}

/** The promise face of the cluster. Promises reject with `ClusterVerbFailed` or `LeasesUnavailable`. */
export interface ClusterControl {
  /** Id of this node as a member; another one after it was evicted. */
  readonly memberId: () => string
  /** This node's own standing; sends no requests. */
  readonly standing: () => Promise<MemberStanding>
  /** The standing of the whole cluster: asks every member, and the mailbox, for a second at most. */
  readonly status: () => Promise<ClusterStatus>
  /**
   * Calls `listener` for every event from now on, as this node sees it. Returns a function that ends that.
   */
  readonly onEvent: (listener: (event: ClusterEvent) => void) => () => void
  /**
   * The member hands off all its slots and gets none, but stays a member. Resolves when it has begun. By id
   * or name.
   */
  readonly drain: (member: string) => Promise<void>
  /** A drained member takes part again. */
  readonly undrain: (member: string) => Promise<void>
  /**
   * Moves the slot to the member, if the member can run it, and keeps it there for as long as the member
   * lives.
   */
  readonly move: (slot: string, member: string) => Promise<void>
  /** Ends `move`: the slot is placed like all others again. */
  readonly unpin: (slot: string) => Promise<void>
  /** Removes an idle actor from memory, on any node. False: it was not in memory, or is busy. */
  readonly passivate: (definition: DefinitionOf<AnyActor>, id: string) => Promise<boolean>
  /**
   * Pauses the type: after all nodes have learned it, none of its actors takes commands; messages wait. Reads
   * go on.
   */
  readonly pause: (definition: DefinitionOf<AnyActor>) => Promise<void>
  /** Ends the pause of an actor type. */
  readonly resume: (definition: DefinitionOf<AnyActor>) => Promise<void>
  /**
   * Lets a stopped projection or reactor skip the one record at which it stopped (`stopped` of its slot in
   * `status`). Its events that fail become dead letters with `by` and `note`. A repeat of the order resolves
   * with `isNews: false`.
   */
  readonly skip: (slot: string, order: SkipOrder) => Promise<SkipReport>
}

/** The promise face of the verbs on projections. Promises reject with `ClusterVerbFailed`. */
export interface ProjectionControl {
  /**
   * Empties the tables of a projection, by its definition or name, and fills them again from the first record of
   * the journal, on whichever nodes run it. Resolves once the tables are empty; `status` and `waitFor` say how far
   * it is. Until it has caught up, readers see a part of the rows; where they must not, raise `version` instead. A
   * repeat begins again. `by` and `note` go into the log and the cluster's events.
   */
  readonly rebuild: (projection: ProjectionDefinition | string, order: RebuildOrder) => Promise<RebuildReport>
}

const lives = new WeakMap<ActorSystem, LiveService<ActorSystemService>>()

/** The Effect face of a running system, and the context in which its Effects run. */
export const effectFaceOf = (
  system: ActorSystem,
): Pick<LiveService<ActorSystemService>, "service" | "context"> | undefined => lives.get(system)

/** A running system. Get actors from it, stop it when done (or `await using`). */
export class ActorSystem {
  readonly #live: LiveService<ActorSystemService>

  private constructor(live: LiveService<ActorSystemService>) {
    this.#live = live
    lives.set(this, live)
  }

  /**
   * Builds the layer and keeps it until {@link stop}. Rejects with the layer's error, after it has released
   * everything.
   */
  static async fromLayer<E>(layer: Layer.Layer<EffectActorSystem, E>): Promise<ActorSystem> {
    return new ActorSystem(await LiveService.fromLayer(EffectActorSystem, layer))
  }

  /** A handle on the actor `id` of a type, or on the saga `id`, whose definition this system was given. */
  get<A extends AnyActor>(definition: DefinitionOf<A>, id: string): ActorRef<A> {
    const { service, run } = this.#live
    return promiseRef(service.asker(definition, id), service.get(definition, id), run)
  }

  /**
   * Has the actor `id` born without a command, with its input. Idempotent: an actor that was born with the
   * same input is accepted as it is. Rejects with `ActorExists` if it was born with another input.
   */
  spawn<A extends AnyActor>(
    definition: DefinitionOf<A>,
    id: string,
    ...options: SpawnArguments<A>
  ): Promise<Spawned> {
    const { service, run } = this.#live
    return run(service.spawn(definition, id, ...options))
  }

  /** Resolves once a projection has applied everything up to an answer or a journal sequence: read your own writes. */
  waitFor(projection: ProjectionDefinition, upTo: Seen, options?: WaitOptions): Promise<void> {
    return this.#live.run(this.#live.service.waitFor(projection, upTo, options))
  }

  /**
   * Full, quoted name of a projection's table, for queries of the read side. A projection that folds has one table, whose
   * name may be left out.
   */
  tableOf(projection: ProjectionDefinition, table?: string): string {
    return this.#live.service.tableOf(projection, table)
  }

  /** The actors of the whole system: which there are, and in which states. */
  get actors(): ActorDirectory {
    const { service, run } = this.#live
    const { list, count, quarantined, transitions } = service.actors
    return {
      list: (options) => run(list(options)),
      count: (options) => run(count(options)),
      quarantined: () => run(quarantined),
      transitions: (type, options) => run(transitions(type, options)),
    }
  }

  /**
   * What one request has caused: one page of the commands that actors handled, over messages, timers and calls, by the
   * correlation id of the request (`metadata.correlationId`, or else the id of the first command). Rows are kept for a week
   * unless the system was started with another time. Rejects with `DirectoryOff`, `InvalidListing`,
   * `ReadModelUnavailable` or `ProjectionFailed`.
   */
  correlation(id: string, options?: CorrelationOptions): Promise<Correlation> {
    return this.#live.run(this.#live.service.correlation(id, options))
  }

  /** The cluster of this node: its members, the owners of slots, and the verbs for operators. */
  get cluster(): ClusterControl {
    const { service, run } = this.#live
    const { memberId, standing, status, events, ...verbs } = service.cluster
    return {
      memberId,
      standing: () => run(standing),
      status: () => run(status),
      onEvent: (listener) => {
        const isOver = Latch.makeUnsafe(false)
        const telling = Stream.runForEach(events, (event) => Effect.sync(() => listener(event)))
        void run(Effect.raceFirst(telling, isOver.await))
        return () => void isOver.openUnsafe()
      },
      drain: (member) => run(verbs.drain(member)),
      undrain: (member) => run(verbs.undrain(member)),
      move: (slot, member) => run(verbs.move(slot, member)),
      unpin: (slot) => run(verbs.unpin(slot)),
      passivate: (definition, id) => run(verbs.passivate(definition, id)),
      pause: (definition) => run(verbs.pause(definition)),
      resume: (definition) => run(verbs.resume(definition)),
      skip: (slot, order) => run(verbs.skip(slot, order)),
    }
  }

  /** The verbs of operators on projections. */
  get projections(): ProjectionControl {
    const { service, run } = this.#live
    return { rebuild: (projection, order) => run(service.projections.rebuild(projection, order)) }
  }

  /** The messages and events that the system abandoned: list, show, redrive, discard. */
  get deadLetters(): DeadLetters {
    const { service, run } = this.#live
    const { bulkJobs, startBulk, cancelBulk, ...verbs } = service.deadLetters
    const { list, show, redrive, redriveAll, discard, discardAll } = verbs
    return {
      list: (options) => run(list(options)),
      show: (number) => run(show(number)),
      redrive: (number) => run(redrive(number)),
      redriveAll: (options) => run(redriveAll(options)),
      discard: (number) => run(discard(number)),
      discardAll: (options) => run(discardAll(options)),
      startBulk: (task) => run(startBulk(task)),
      bulkJobs: () => run(bulkJobs),
      cancelBulk: (task) => run(cancelBulk(task)),
    }
  }

  /** The definition of one of this system's actor types, actors of sagas included, by its name. */
  actorNamed(type: string): AnyActor | undefined {
    return this.#live.service.actorNamed(type)
  }

  /** The log of what operators did: `begin` an operation, `end` it, `list` all. */
  get operations(): Operations {
    const { service, run } = this.#live
    const { begin, end, list } = service.operations
    return {
      begin: (operation) => run(begin(operation)),
      end: (number, outcome) => run(end(number, outcome)),
      list: (options) => run(list(options)),
    }
  }

  status(): Promise<SystemStatus> {
    return this.#live.run(this.#live.service.status)
  }

  /**
   * Checks the system now. Resolves while the journal is reachable and is the journal that was verified at
   * start, and everything else that the system needs exists and takes writes. Rejects otherwise: with
   * `JournalRefused` or `JournalUnavailable`, or with `Unhealthy`, whose `problems` name the broken parts.
   */
  check(): Promise<void> {
    return this.#live.run(this.#live.service.check)
  }

  /**
   * Takes no more commands, finishes those in work, writes snapshots, closes connections. Safe to call twice.
   */
  stop(): Promise<void> {
    return this.#live.end(this.#live.service.stop)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop()
  }
}

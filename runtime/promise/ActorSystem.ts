/**
 * The promise face of the system: the same walk, handed out as promises. An ask is one promise and no fiber of its own.
 *
 * Owns nothing but the translation; what a system does is in ../system/ActorSystem.ts. Typed errors (../cell/AskError.ts)
 * are the rejections of the promises: test `error._tag`, or `instanceof`.
 */
import { Effect, Latch, type Layer, Stream } from "effect"
import type { ClusterEvent } from "../cluster/ClusterEvent.ts"
import type { AnyActor } from "../definition/Actor.ts"
import type { DefinitionOf } from "../definition/DefinitionOf.ts"
import type { SkipOrder, SkipReport } from "../follower/RecordSkip.ts"
import type { BulkJob, BulkJobs } from "../office/BulkJobs.ts"
import type { DeadLetterOffice } from "../office/DeadLetterOffice.ts"
import type { ProjectionDefinition } from "../projection/Projection.ts"
import type { SpawnArguments, Spawned } from "../system/ActorRef.ts"
import { type ActorSystemService, ActorSystem as EffectActorSystem } from "../system/ActorSystem.ts"
import type { ClusterStatus, MemberStanding } from "../system/ClusterControl.ts"
import type { SystemStatus } from "../system/SystemStatus.ts"
import { type ActorRef, promiseRef } from "./ActorRef.ts"
import { LiveService } from "./LiveService.ts"

/** The promise face of the dead-letter office. Rejects with its typed errors. */
export type DeadLetters = {
  readonly [Verb in Exclude<keyof Office, "bulkJobs">]: (
    ...given: Parameters<Office[Verb]>
  ) => Promise<Effect.Success<ReturnType<Office[Verb]>>>
} & {
  /** The latest background job of each verb and reason, on whatever node. */
  readonly bulkJobs: () => Promise<ReadonlyArray<BulkJob>>
}

type Office = DeadLetterOffice & BulkJobs

/** The promise face of the cluster. Rejects with `ClusterVerbFailed` or `LeasesUnavailable`. */
export interface ClusterControl {
  readonly memberId: () => string
  /** This node's own standing; asks nobody. */
  readonly standing: () => Promise<MemberStanding>
  /** The whole cluster: asks every member, and the mailbox, a second at most. */
  readonly status: () => Promise<ClusterStatus>
  /** Tells of what happens from now on, as this node sees it. Returns how to stop that. */
  readonly onEvent: (listener: (event: ClusterEvent) => void) => () => void
  /** The member hands everything over and gets nothing, but stays; resolves when it has begun. By id or name. */
  readonly drain: (member: string) => Promise<void>
  /** A drained member takes part again. */
  readonly undrain: (member: string) => Promise<void>
  /** The member gets the slot, if it can have it, and keeps it for as long as it lives. */
  readonly move: (slot: string, member: string) => Promise<void>
  /** The slot is placed like all others again. */
  readonly unpin: (slot: string) => Promise<void>
  /** Lets an idle actor leave memory, wherever it is. False: it was not there, or is busy. */
  readonly passivate: (definition: DefinitionOf<AnyActor>, id: string) => Promise<boolean>
  /** No actor of the type takes commands, anywhere, once all nodes have heard of it; messages wait. Reads go on. */
  readonly pause: (definition: DefinitionOf<AnyActor>) => Promise<void>
  readonly resume: (definition: DefinitionOf<AnyActor>) => Promise<void>
  /**
   * Has a projection or reactor step past the one record at which it stands still, as `stopped` of its slot in `status`
   * says. Its events that fail become dead letters with `by` and `note`. A repeat of the order resolves with `isNews: false`.
   */
  readonly skip: (slot: string, order: SkipOrder) => Promise<SkipReport>
}

/** A running system. Get actors from it, stop it when done (or `await using`). */
export class ActorSystem {
  readonly #live: LiveService<ActorSystemService>

  private constructor(live: LiveService<ActorSystemService>) {
    this.#live = live
  }

  /** Builds the layer and keeps it until {@link stop}. Rejects with the layer's error, leaving nothing behind. */
  static async fromLayer<E>(layer: Layer.Layer<EffectActorSystem, E>): Promise<ActorSystem> {
    return new ActorSystem(await LiveService.fromLayer(EffectActorSystem, layer))
  }

  /** A handle on the actor `id` of a type, or on the saga `id`, whose definition this system was given. */
  get<A extends AnyActor>(definition: DefinitionOf<A>, id: string): ActorRef<A> {
    const { service, run } = this.#live
    return promiseRef(service.asker(definition, id), service.get(definition, id), run)
  }

  /**
   * Has the actor `id` be born without a command, with its input. Idempotent: an actor that was born with the same input is
   * found. Rejects with `ActorExists` where it was born with another one.
   */
  spawn<A extends AnyActor>(
    definition: DefinitionOf<A>,
    id: string,
    ...options: SpawnArguments<A>
  ): Promise<Spawned> {
    const { service, run } = this.#live
    return run(service.spawn(definition, id, ...options))
  }

  /** Resolves once a projection has applied everything up to `sequence`: read your own writes. */
  waitFor(projection: ProjectionDefinition, sequence: number, timeoutMs?: number): Promise<void> {
    return this.#live.run(this.#live.service.waitFor(projection, sequence, timeoutMs))
  }

  /** The cluster that this node is a member of: who is in it, who has what, and what operators may wish for. */
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

  /** What the system gave up on: list, show, redrive, discard. */
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

  /** The definition of an actor type that this system was given, sagas' actors included: for callers that have its name. */
  actorNamed(type: string): AnyActor | undefined {
    return this.#live.service.actorNamed(type)
  }

  status(): Promise<SystemStatus> {
    return this.#live.run(this.#live.service.status)
  }

  /**
   * Looks now. Resolves while the journal is reachable and the one that was verified at start, and everything else that
   * the system needs is there and takes writes. Rejects otherwise: with `JournalRefused` or `JournalUnavailable`, or with
   * `Unhealthy`, whose `problems` name what does not work.
   */
  check(): Promise<void> {
    return this.#live.run(this.#live.service.check)
  }

  /** Takes no more commands, finishes those in work, writes snapshots, closes connections. Safe to call twice. */
  stop(): Promise<void> {
    return this.#live.end(this.#live.service.stop)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop()
  }
}

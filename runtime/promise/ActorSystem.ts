/**
 * The promise face of the system: the same walk, handed out as promises. An ask is one promise and no fiber of its own.
 *
 * Owns nothing but the translation; what a system does is in ../system/ActorSystem.ts. Typed errors (../cell/AskError.ts)
 * are the rejections of the promises: test `error._tag`, or `instanceof`.
 */
import { Context, Effect, Latch, type Layer, ManagedRuntime, Stream } from "effect"
import type { ClusterEvent } from "../cluster/ClusterEvent.ts"
import type { DeadLetterOffice } from "../deadletter/DeadLetterOffice.ts"
import type { AnyActor } from "../definition/Actor.ts"
import type { ProjectionDefinition } from "../projection/Projection.ts"
import {
  type ActorSystemService,
  ActorSystem as EffectActorSystem,
  type SystemStatus,
} from "../system/ActorSystem.ts"
import type { ClusterStatus, MemberStanding } from "../system/ClusterControl.ts"
import { type ActorRef, promiseRef } from "./ActorRef.ts"

/** The promise face of the dead-letter office. Rejects with its typed errors. */
export type DeadLetters = {
  readonly [Verb in keyof DeadLetterOffice]: (
    ...given: Parameters<DeadLetterOffice[Verb]>
  ) => Promise<Effect.Success<ReturnType<DeadLetterOffice[Verb]>>>
}

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
  readonly passivate: (actorType: string, id: string) => Promise<boolean>
  /** No actor of the type takes commands, anywhere, once all nodes have heard of it; messages wait. Reads go on. */
  readonly pause: (actorType: string) => Promise<void>
  readonly resume: (actorType: string) => Promise<void>
}

/** A running system. Get actors from it, stop it when done (or `await using`). */
export class ActorSystem {
  readonly #service: ActorSystemService
  readonly #run: <A, E>(effect: Effect.Effect<A, E>) => Promise<A>
  readonly #dispose: () => Promise<void>
  #stopped: Promise<void> | undefined

  private constructor(
    service: ActorSystemService,
    run: <A, E>(effect: Effect.Effect<A, E>) => Promise<A>,
    dispose: () => Promise<void>,
  ) {
    this.#service = service
    this.#run = run
    this.#dispose = dispose
  }

  /** Builds the layer and keeps it until {@link stop}. Rejects with the layer's error, leaving nothing behind. */
  static async fromLayer<E>(layer: Layer.Layer<EffectActorSystem, E>): Promise<ActorSystem> {
    const runtime = ManagedRuntime.make(layer)
    try {
      const context = await runtime.context()
      return new ActorSystem(
        Context.get(context, EffectActorSystem),
        // Not the runtime's own: that one refuses without a type once it is disposed of.
        Effect.runPromiseWith(context),
        () => runtime.dispose(),
      )
    } catch (cause) {
      await runtime.dispose()
      throw cause
    }
  }

  /** A handle on the actor `id` of a type that this system was given. */
  get<A extends AnyActor>(actor: A, id: string): ActorRef<A> {
    return promiseRef(this.#service.asker(actor, id), this.#service.get(actor, id), this.#run)
  }

  /** Resolves once a projection has applied everything up to `sequence`: read your own writes. */
  waitFor(projection: ProjectionDefinition, sequence: number, timeoutMs?: number): Promise<void> {
    return this.#run(this.#service.waitFor(projection, sequence, timeoutMs))
  }

  /** The cluster that this node is a member of: who is in it, who has what, and what operators may wish for. */
  get cluster(): ClusterControl {
    const { memberId, standing, status, events, ...verbs } = this.#service.cluster
    return {
      memberId,
      standing: () => this.#run(standing),
      status: () => this.#run(status),
      onEvent: (listener) => {
        const isOver = Latch.makeUnsafe(false)
        const telling = Stream.runForEach(events, (event) => Effect.sync(() => listener(event)))
        void this.#run(Effect.raceFirst(telling, isOver.await))
        return () => void isOver.openUnsafe()
      },
      drain: (member) => this.#run(verbs.drain(member)),
      undrain: (member) => this.#run(verbs.undrain(member)),
      move: (slot, member) => this.#run(verbs.move(slot, member)),
      unpin: (slot) => this.#run(verbs.unpin(slot)),
      passivate: (actorType, id) => this.#run(verbs.passivate(actorType, id)),
      pause: (actorType) => this.#run(verbs.pause(actorType)),
      resume: (actorType) => this.#run(verbs.resume(actorType)),
    }
  }

  /** What the system gave up on: list, show, redrive, discard. */
  get deadLetters(): DeadLetters {
    const { list, show, redrive, redriveAll, discard, discardAll } = this.#service.deadLetters
    return {
      list: (options) => this.#run(list(options)),
      show: (number) => this.#run(show(number)),
      redrive: (number) => this.#run(redrive(number)),
      redriveAll: (options) => this.#run(redriveAll(options)),
      discard: (number) => this.#run(discard(number)),
      discardAll: (options) => this.#run(discardAll(options)),
    }
  }

  status(): Promise<SystemStatus> {
    return this.#run(this.#service.status)
  }

  /** Resolves while the journal is reachable and the one that was verified at start; rejects otherwise. */
  check(): Promise<void> {
    return this.#run(this.#service.check)
  }

  /** Takes no more commands, finishes those in work, writes snapshots, closes connections. Safe to call twice. */
  stop(): Promise<void> {
    this.#stopped ??= this.#run(this.#service.stop).finally(this.#dispose)
    return this.#stopped
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop()
  }
}

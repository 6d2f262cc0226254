/**
 * The promise face of the system: the same walk, handed out as promises. An ask is one promise and no fiber of its own.
 *
 * Owns nothing but the translation; what a system does is in ../system/ActorSystem.ts. Typed errors (../cell/AskError.ts)
 * are the rejections of the promises: test `error._tag`, or `instanceof`.
 */
import { Cause, Context, Effect, Exit, Latch, type Layer, ManagedRuntime, Stream } from "effect"
import type { Accepted, CurrentState } from "../cell/Waiting.ts"
import type { ClusterEvent } from "../cluster/ClusterEvent.ts"
import type { DeadLetterOffice } from "../deadletter/DeadLetterOffice.ts"
import type { AnyActor, CommandsOf, EventsOf, ReplyOf, StateOf } from "../definition/Actor.ts"
import type { ProjectionDefinition } from "../projection/Projection.ts"
import type { ReadOptions } from "../system/ActorRef.ts"
import {
  type ActorSystemService,
  ActorSystem as EffectActorSystem,
  type SystemStatus,
} from "../system/ActorSystem.ts"
import type { AskOptions } from "../system/Ask.ts"
import type { ClusterStatus } from "../system/ClusterControl.ts"
import type { HistoryOptions, HistoryPage, PastMoment, PastState } from "../system/History.ts"
import type { When } from "../system/Scheduling.ts"
import type { TellingOptions, Told } from "../system/Tell.ts"

/** A handle on one actor of type `A`. */
export interface ActorRef<A extends AnyActor> {
  readonly type: string
  readonly id: string
  /**
   * Sends a command and resolves when its events are durable; rejects with an {@link AskError}. At most once per
   * `commandId`, however often it is sent. After `AskTimeout` or `Unavailable` send it again with the same one.
   * Aborting `signal` stops the waiting, not the work.
   */
  readonly ask: <C extends CommandsOf<A>>(
    command: C,
    options?: AskOptions & { readonly signal?: AbortSignal },
  ) => Promise<Accepted<ReplyOf<A, C["type"]>>>
  /**
   * Stores a command in the actor's mailbox: applied once, whoever crashes meanwhile, in the order in which this sender
   * told this actor. Rejects with a {@link TellError} if it could not be stored. What the actor then rejects becomes a
   * dead letter.
   */
  readonly tell: (command: CommandsOf<A>, options?: TellingOptions) => Promise<Told>
  /**
   * Tells the actor a command at a time, or again and again. A schedule has a name, unique for the actor: set again it
   * is replaced, and `unschedule` ends it; after that it never fires. Every run is a message, as of `tell`.
   */
  readonly schedule: (
    name: string,
    command: CommandsOf<A>,
    when: When,
    options?: AskOptions,
  ) => Promise<Accepted<undefined>>
  /** Ends a schedule. Rejected as `NotSet` where there is none (any more). */
  readonly unschedule: (name: string, options?: AskOptions) => Promise<Accepted<undefined>>
  /** The state after everything that was asked before through this process. */
  readonly state: (options?: ReadOptions) => Promise<CurrentState<StateOf<A>>>
  /** One page of its events, oldest first. */
  readonly history: (options?: HistoryOptions) => Promise<HistoryPage<EventsOf<A>>>
  /** Its state right after a version, or as it was at a time. */
  readonly stateAt: (moment: PastMoment) => Promise<PastState<StateOf<A>>>
}

/** The promise face of the dead-letter office. Rejects with its typed errors. */
export type DeadLetters = {
  readonly [Verb in keyof DeadLetterOffice]: (
    ...given: Parameters<DeadLetterOffice[Verb]>
  ) => Promise<Effect.Success<ReturnType<DeadLetterOffice[Verb]>>>
}

/** The promise face of the cluster. Rejects with `ClusterVerbFailed` or `LeasesUnavailable`. */
export interface ClusterControl {
  readonly memberId: () => string
  readonly status: () => Promise<ClusterStatus>
  /** Tells of what happens from now on, as this node sees it. Returns how to stop that. */
  readonly onEvent: (listener: (event: ClusterEvent) => void) => () => void
  /** The member hands everything over and gets nothing, but stays. By id or name. */
  readonly drain: (member: string) => Promise<void>
  /** A drained member takes part again. */
  readonly undrain: (member: string) => Promise<void>
  /** The member gets the slot, and keeps it for as long as it lives. */
  readonly move: (slot: string, member: string) => Promise<void>
  /** The slot is placed like all others again. */
  readonly unpin: (slot: string) => Promise<void>
  /** Lets an idle actor leave memory, wherever it is. False: it was not there, or is busy. */
  readonly passivate: (actorType: string, id: string) => Promise<boolean>
  /** No actor of the type takes commands, anywhere; messages wait. Reads go on. */
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
    const asker = this.#service.asker(actor, id)
    const ref = this.#service.get(actor, id)
    return {
      type: actor.type,
      id,
      ask: (command, options = {}) => {
        const { signal, ...rest } = options
        return new Promise((resolve, reject) => {
          if (signal?.aborted) return reject(signal.reason)
          const onAbort = () => {
            item?.abandon()
            reject(signal?.reason)
          }
          // First, so that an answer given at once finds it: a signal may outlive a million commands.
          signal?.addEventListener("abort", onAbort)
          const item = asker.ask(command, rest, (exit) => {
            signal?.removeEventListener("abort", onAbort)
            if (Exit.isSuccess(exit)) resolve(exit.value as Accepted<never>)
            else reject(Cause.squash(exit.cause))
          })
        })
      },
      tell: (command, options) => this.#run(ref.tell(command, options)),
      schedule: (...given) => this.#run(ref.schedule(...given)),
      unschedule: (...given) => this.#run(ref.unschedule(...given)),
      state: (options) => this.#run(ref.state(options)),
      history: (options) => this.#run(ref.history(options)),
      stateAt: (moment) => this.#run(ref.stateAt(moment)),
    }
  }

  /** Resolves once a projection has applied everything up to `sequence`: read your own writes. */
  waitFor(projection: ProjectionDefinition, sequence: number, timeoutMs?: number): Promise<void> {
    return this.#run(this.#service.waitFor(projection, sequence, timeoutMs))
  }

  /** The cluster that this node is a member of: who is in it, who has what, and what operators may wish for. */
  get cluster(): ClusterControl {
    const { memberId, status, events, ...verbs } = this.#service.cluster
    return {
      memberId,
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

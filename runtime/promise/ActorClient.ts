/**
 * The promise face of a client: nodes of a system are asked, nothing is hosted.
 *
 * Owns nothing but the translation; what a client does is in ../client/ActorClient.ts.
 */
import { Context, Effect, type Layer, ManagedRuntime } from "effect"
import {
  type ActorClientService,
  type ClientStatus,
  ActorClient as EffectActorClient,
} from "../client/ActorClient.ts"
import type { AnyActor } from "../definition/Actor.ts"
import { type ActorRef, promiseRef } from "./ActorRef.ts"

/** A connected client. Get actors from it, close it when done (or `await using`). */
export class ActorClient {
  readonly #service: ActorClientService
  readonly #run: <A, E>(effect: Effect.Effect<A, E>) => Promise<A>
  readonly #dispose: () => Promise<void>
  #closed: Promise<void> | undefined

  private constructor(
    service: ActorClientService,
    run: <A, E>(effect: Effect.Effect<A, E>) => Promise<A>,
    dispose: () => Promise<void>,
  ) {
    this.#service = service
    this.#run = run
    this.#dispose = dispose
  }

  /** Builds the layer and keeps it until {@link close}. Rejects with the layer's error, leaving nothing behind. */
  static async fromLayer<E>(layer: Layer.Layer<EffectActorClient, E>): Promise<ActorClient> {
    const runtime = ManagedRuntime.make(layer)
    try {
      const context = await runtime.context()
      return new ActorClient(
        Context.get(context, EffectActorClient),
        // Not the runtime's own: that one refuses without a type once it is disposed of.
        Effect.runPromiseWith(context),
        () => runtime.dispose(),
      )
    } catch (cause) {
      await runtime.dispose()
      throw cause
    }
  }

  /** A handle on the actor `id` of a type that this client was given. */
  get<A extends AnyActor>(actor: A, id: string): ActorRef<A> {
    return promiseRef(this.#service.asker(actor, id), this.#service.get(actor, id), this.#run)
  }

  status(): Promise<ClientStatus> {
    return this.#run(this.#service.status)
  }

  /** Resolves while the journal is reachable and the one that was found at the start. Says nothing of nodes. */
  check(): Promise<void> {
    return this.#run(this.#service.check)
  }

  /** Takes nothing new, waits for what is under way, closes the connection. Safe to call twice. */
  close(): Promise<void> {
    this.#closed ??= this.#run(this.#service.close).finally(this.#dispose)
    return this.#closed
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}

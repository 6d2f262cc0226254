/**
 * The promise face of a client: it asks nodes of a system and hosts nothing.
 *
 * Owns only the translation; what a client does is in ../client/ActorClient.ts.
 */
import type { Layer } from "effect"
import {
  type ActorClientService,
  type ClientStatus,
  ActorClient as EffectActorClient,
} from "../client/ActorClient.ts"
import type { AnyActor } from "../definition/Actor.ts"
import type { DefinitionOf } from "../definition/DefinitionOf.ts"
import type { SpawnArguments, Spawned } from "../system/ActorRef.ts"
import { type ActorRef, promiseRef } from "./ActorRef.ts"
import { LiveService } from "./LiveService.ts"

/** A connected client. Get actors from it, close it when done (or `await using`). */
export class ActorClient {
  readonly #live: LiveService<ActorClientService>

  private constructor(live: LiveService<ActorClientService>) {
    this.#live = live
  }

  /**
   * Builds the layer and keeps it until {@link close}. Rejects with the layer's error, after it has released
   * everything.
   */
  static async fromLayer<E>(layer: Layer.Layer<EffectActorClient, E>): Promise<ActorClient> {
    return new ActorClient(await LiveService.fromLayer(EffectActorClient, layer))
  }

  /** A handle on the actor `id` of a type, or on the saga `id`, whose definition this client was given. */
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

  status(): Promise<ClientStatus> {
    return this.#live.run(this.#live.service.status)
  }

  /**
   * Resolves while the journal is reachable and is the journal that was found at the start, and the mailbox
   * exists and takes messages. Does not check nodes. Rejects with `Unhealthy` if the mailbox has the problem.
   */
  check(): Promise<void> {
    return this.#live.run(this.#live.service.check)
  }

  /** Takes no new work, waits for the work in flight, closes the connection. Safe to call twice. */
  close(): Promise<void> {
    return this.#live.end(this.#live.service.close)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}

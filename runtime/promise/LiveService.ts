/**
 * A service of Effect that is up, for one who has promises only: built from its layer, run, ended once.
 *
 * Owns the runtime under ActorSystem.ts and ActorClient.ts; they say what one can ask of the service.
 */
import { Context, Effect, type Layer, ManagedRuntime } from "effect"

export class LiveService<Service> {
  readonly service: Service
  readonly run: <A, E>(effect: Effect.Effect<A, E>) => Promise<A>
  readonly #dispose: () => Promise<void>
  #ended: Promise<void> | undefined

  private constructor(service: Service, run: LiveService<Service>["run"], dispose: () => Promise<void>) {
    this.service = service
    this.run = run
    this.#dispose = dispose
  }

  /** Builds the layer and keeps it until {@link end}. Rejects with the layer's error, leaving nothing behind. */
  static async fromLayer<Id, Service, E>(
    key: Context.Key<Id, Service>,
    layer: Layer.Layer<Id, E>,
  ): Promise<LiveService<Service>> {
    const runtime = ManagedRuntime.make(layer)
    try {
      const context = await runtime.context()
      return new LiveService(
        Context.get(context, key),
        // Not the runtime's own: that one refuses without a type once it is disposed of.
        Effect.runPromiseWith(context),
        () => runtime.dispose(),
      )
    } catch (cause) {
      await runtime.dispose()
      throw cause
    }
  }

  /** Runs the service's own stop, then tears the layer down. Safe to call twice: the first call is the one that counts. */
  end(stop: Effect.Effect<void>): Promise<void> {
    this.#ended ??= this.run(stop).finally(this.#dispose)
    return this.#ended
  }
}

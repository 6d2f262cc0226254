/**
 * A running Effect service for promise code: built from its layer, run, ended once.
 *
 * Owns the runtime under ActorSystem.ts and ActorClient.ts, which have the service's methods.
 */
import { Context, Effect, type Layer, ManagedRuntime } from "effect"

export class LiveService<Service> {
  readonly service: Service
  /** Context of the layer: loggers and references. */
  readonly context: Context.Context<never>
  /** Aborting `signal` interrupts the effect. */
  readonly run: <A, E>(effect: Effect.Effect<A, E>, signal?: AbortSignal) => Promise<A>
  readonly #dispose: () => Promise<void>
  #ended: Promise<void> | undefined

  private constructor(
    service: Service,
    context: Context.Context<never>,
    run: LiveService<Service>["run"],
    dispose: () => Promise<void>,
  ) {
    this.service = service
    this.context = context
    this.run = run
    this.#dispose = dispose
  }

  /**
   * Builds the layer and keeps it until {@link end}. Rejects with the layer's error, after it has released
   * everything.
   */
  static async fromLayer<Id, Service, E>(
    key: Context.Key<Id, Service>,
    layer: Layer.Layer<Id, E>,
  ): Promise<LiveService<Service>> {
    const runtime = ManagedRuntime.make(layer)
    try {
      const context = await runtime.context()
      const run = Effect.runPromiseWith(context)
      return new LiveService(
        Context.get(context, key),
        context,
        // Not the runtime's own `runPromise`, because that rejects with an untyped error after it was
        // disposed of.
        (effect, signal) => run(effect, signal && { signal }),
        () => runtime.dispose(),
      )
    } catch (cause) {
      await runtime.dispose()
      throw cause
    }
  }

  /**
   * Runs the service's own stop, then ends the layer. Safe to call twice: only the first call has an effect.
   */
  end(stop: Effect.Effect<void>): Promise<void> {
    this.#ended ??= this.run(stop).finally(this.#dispose)
    return this.#ended
  }
}

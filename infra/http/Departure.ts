/**
 * That the service is about to go: known before its port closes, so that answers without an end come to one.
 *
 * Owns the moment. Without it a listener on /cluster/events would hold up every stop for as long as requests may take.
 */
import { Context, Effect, Latch, Layer } from "effect"

export class Departure extends Context.Service<Departure, { readonly begins: Latch.Latch }>()(
  "everstate/http/Departure",
) {
  static readonly layer: Layer.Layer<Departure> = Layer.effect(
    Departure,
    Effect.map(Latch.make(false), (begins) => ({ begins })),
  )

  /** Tells of it when its scope ends: build it last. */
  static readonly told: Layer.Layer<never, never, Departure> = Layer.effectDiscard(
    Effect.flatMap(Departure, ({ begins }) => Effect.addFinalizer(() => begins.open)),
  )
}

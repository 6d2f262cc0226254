/**
 * Tells endless answers that the service begins to stop, before its port closes, so that they end.
 *
 * Owns that moment. Without it, a listener on /cluster/events would delay every stop by the longest time that
 * requests may take.
 */
import { Context, Effect, Latch } from "effect"

export class Departure extends Context.Service<Departure, { readonly begins: Latch.Latch }>()(
  "everstate/http/Departure",
) {
  static readonly make: Effect.Effect<Departure["Service"]> = Effect.map(Latch.make(false), (begins) => ({
    begins,
  }))
}

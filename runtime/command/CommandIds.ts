/** Makes ids for commands without one. */
import { Effect, Random } from "effect"

/** Ids for commands without one: a random prefix for each system or client, and a counter. */
export const makeIds: Effect.Effect<() => string> = Effect.gen(function* () {
  const random = () =>
    Effect.map(Random.nextIntBetween(0, 2 ** 48), (part) => part.toString(36).padStart(10, "0"))
  const prefix = (yield* random()) + (yield* random())
  let count = 0
  return () => `${prefix}-${(count++).toString(36)}`
})

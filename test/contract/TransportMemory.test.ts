import { Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { describe, expect, it, test } from "vitest"
import { ask, transportContract } from "../../runtime/contract/TransportContract.ts"
import { makeTransportMemory } from "../../runtime/transport/TransportMemory.ts"
import { realDate } from "../fixtures/time/RealDate.ts"

transportContract(
  { describe, test },
  {
    name: "in-memory",
    open: () => Effect.map(makeTransportMemory, (transport) => ({ here: transport, there: transport })),
  },
)

it("is driven by the clock of whoever made it", () =>
  Effect.runPromise(
    Effect.scoped(
      Effect.provide(
        Effect.gen(function* () {
          const transport = yield* makeTransportMemory
          yield* transport.serve("silent", () => undefined)
          const asked = yield* Effect.forkScoped(Effect.flip(ask(transport, "silent", "x", 3_600_000)))
          yield* TestClock.adjust("1 hour")
          expect((yield* Fiber.join(asked)).reason).toBe("Timeout")
        }),
        realDate,
      ),
    ),
  ))

/** Messages of an actor that are held back keep the mailbox's order, whatever comes while they are offered again. */
import { Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { expect, it } from "vitest"
import { addressOf } from "../../../runtime/address/ActorAddress.ts"
import { HeldBack } from "../../../runtime/inbox/HeldBack.ts"
import { realDate } from "../../fixtures/time/RealDate.ts"

const message = (sequence: number) => ({
  address: addressOf("clerk", "c", 4),
  delivery: { sequence } as never,
  shardIndex: 1,
  failedCount: 0,
  sequence,
})

it("a message that comes when an earlier one ends at once waits behind those that are not offered yet", () => {
  const held = new HeldBack<ReturnType<typeof message>>()
  const offered: Array<number> = []
  const offer = ({ sequence }: { readonly sequence: number }): void => {
    if (sequence === 5) expect(held.join(message(14))).toBe(true)
    offered.push(sequence)
  }
  return Effect.runPromise(
    Effect.gen(function* () {
      const holding = yield* Effect.forkChild(held.hold(message(13), offer))
      held.join(message(5))
      yield* TestClock.adjust("20 millis")
      expect(offered).toEqual([5, 13])
      yield* TestClock.adjust("20 millis")
      expect(offered).toEqual([5, 13, 14])
      yield* Fiber.join(holding)
      expect(held.join(message(15))).toBe(false)
    }).pipe(Effect.provide(realDate)),
  )
})

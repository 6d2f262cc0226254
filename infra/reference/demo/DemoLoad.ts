/**
 * `demo --console`: customers order for as long as the demo runs, so that the pages of the console live.
 *
 * Owns the pace. The orders are those of DemoWorkload.ts, in rounds with ids of their own. Nothing is killed and nothing
 * is audited: that is the other course, DemoDrive.ts.
 */
import { Effect } from "effect"
import { type NoAnswer, sendUntilAnswered } from "./DemoClient.ts"
import { demoWorkload, type OrderScript, type Sending } from "./DemoWorkload.ts"

/** Customers at the same time. */
const CONCURRENCY = 4

/** Pause of a customer after an order, in milliseconds. */
const PAUSE_MS = 400

/** Orders of one round. Stock is delivered before each round. */
const ORDERS_A_ROUND = 200

/** Sends orders until it is interrupted. */
export const keepOrdering = Effect.fnUntraced(function* (
  baseUrl: () => string,
  seed: number,
): Effect.fn.Return<never, NoAnswer> {
  const send = (sending: Sending) => sendUntilAnswered(baseUrl, sending)
  const runScript = Effect.fnUntraced(function* ({ steps }: OrderScript) {
    for (const step of steps) yield* Effect.forEach(step, send, { concurrency: "unbounded", discard: true })
    yield* Effect.sleep(PAUSE_MS)
  })
  for (let round = 1; ; round++) {
    const { before, scripts } = yield* demoWorkload(ORDERS_A_ROUND, seed + round, `live-${round}`)
    yield* Effect.forEach(before, send, { concurrency: CONCURRENCY, discard: true })
    yield* Effect.forEach(scripts, runScript, { concurrency: CONCURRENCY, discard: true })
  }
})

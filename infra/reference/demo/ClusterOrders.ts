/** Drives orders through their fulfilment while nodes of `npm run cluster` come and go. */
import { Effect } from "effect"
import { sendUntilAnswered } from "./DemoClient.ts"
import { demoWorkload } from "./DemoWorkload.ts"

const SEED = 42

/** Customers at the same time. */
const CONCURRENCY = 4

/** Longest wait for one attempt, in milliseconds, because a paused node does not answer at all. */
const ATTEMPT_TIMEOUT_MS = 3_000

/** Sends the demo's orders to any node, and counts in `progress` the orders that it has driven. */
export const driveOrders = (
  orderCount: number,
  someUrl: () => string | undefined,
  progress: { done: number; total: number },
  say: (text: string) => void,
): Effect.Effect<void> =>
  Effect.gen(function* () {
    const { scripts, before } = yield* demoWorkload(orderCount, SEED)
    progress.total = scripts.length
    const url = () => someUrl() ?? "http://127.0.0.1:1"
    for (const sending of before) yield* sendUntilAnswered(url, sending, ATTEMPT_TIMEOUT_MS)
    const drive = Effect.fnUntraced(function* ({ steps }: (typeof scripts)[number]) {
      for (const sending of steps.flat()) yield* sendUntilAnswered(url, sending, ATTEMPT_TIMEOUT_MS)
      progress.done++
    })
    yield* Effect.forEach(scripts, drive, { concurrency: CONCURRENCY, discard: true })
    say(`${progress.total} orders are driven`)
  }).pipe(Effect.catch((error) => Effect.sync(() => say(error.message))))

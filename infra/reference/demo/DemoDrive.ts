/**
 * The demo's course: the stock is delivered, customers order, the service is killed in the middle, and every
 * order ends.
 *
 * Owns when the service is killed, and when an order has ended. DemoClient.ts sends the requests.
 * DemoAudit.ts checks the outcome.
 */
import { Clock, Effect, Fiber, Random, Schema, type Scope } from "effect"
import type { ProgramFailed } from "../../cli/ChildProgram.ts"
import { ProgressBar } from "../../cli/ProgressBar.ts"
import { type Answered, type NoAnswer, sendUntilAnswered } from "./DemoClient.ts"
import type { DemoNodes } from "./DemoNodes.ts"
import { OrderState, read } from "./DemoReads.ts"
import type { OrderScript, Workload } from "./DemoWorkload.ts"

/** Customers at the same time. */
const CONCURRENCY = 16

/** Longest time between the request that a kill waits for and the kill, in milliseconds. */
const KILL_DELAY_MAX_MS = 600

/** Pause between two looks at the orders that have not ended, in milliseconds. */
const SETTLE_PAUSE_MS = 250

/** Longest time in which no order ends, in milliseconds: orders that are then still open hang. */
const SETTLE_PATIENCE_MS = 90_000

/** Most orders without an end that are shown. */
const NOT_SETTLED_SHOWN_MAX = 20

/** Some orders did not end. */
export class NotSettled extends Schema.TaggedError<NotSettled>()("NotSettled", {
  /** Open orders, each with its last seen state. */
  orders: Schema.Array(Schema.String),
}) {
  override get message(): string {
    const shown = this.orders.slice(0, NOT_SETTLED_SHOWN_MAX).join(", ")
    return `${this.orders.length} orders did not settle within ${SETTLE_PATIENCE_MS} ms: ${shown}`
  }
}

/** Final states of an order without a saga. An order with a saga has ended when the saga has. */
const ORDER_ENDS: ReadonlySet<string> = new Set(["shipped", "rejected", "cancelled", "expired"])
const SAGA_ENDS: ReadonlySet<string> = new Set(["completed", "compensated", "aborted", "stuck"])

const hasEnded = ({ status, fulfilment }: OrderState): boolean =>
  fulfilment === undefined ? ORDER_ENDS.has(status) : SAGA_ENDS.has(fulfilment.state)

/**
 * The kills: the index of the order before which the service is killed, and the delay in milliseconds. Each
 * of `kills` equal parts of the course has one.
 */
const planKills = (orderCount: number, kills: number): Effect.Effect<ReadonlyMap<number, number>> =>
  Effect.gen(function* () {
    const random = yield* Random.Random
    const part = orderCount / kills
    return new Map(
      Array.from({ length: kills }, (_, index) => [
        Math.floor((index + random.nextDoubleUnsafe()) * part),
        Math.floor(random.nextDoubleUnsafe() * KILL_DELAY_MAX_MS),
      ]),
    )
  })

/** Sends all requests. Resolves when every request is answered and the service is up after its last kill. */
export const drive = Effect.fnUntraced(function* (
  { scripts, before }: Workload,
  service: DemoNodes,
  kills: number,
): Effect.fn.Return<ReadonlyArray<Answered>, NoAnswer | ProgramFailed, Scope.Scope> {
  yield* Effect.forEach(before, (sending) => sendUntilAnswered(service.url, sending), {
    concurrency: CONCURRENCY,
    discard: true,
  })
  const bar = new ProgressBar(process.stderr, "orders ", scripts.length)
  const killBefore = yield* planKills(scripts.length, kills)
  const answers: Array<Answered> = []
  let crashing: Fiber.Fiber<void, ProgramFailed> | undefined

  const crash = Effect.fnUntraced(function* (afterMs: number, previous: typeof crashing) {
    if (previous !== undefined) yield* Fiber.join(previous)
    yield* Effect.sleep(afterMs)
    yield* service.crash((text) => bar.say(text))
  })

  const runScript = Effect.fnUntraced(function* ({ steps }: OrderScript, index: number) {
    const delayMs = killBefore.get(index)
    if (delayMs !== undefined) crashing = yield* Effect.forkScoped(crash(delayMs, crashing))
    for (const step of steps) {
      const outcomes = yield* Effect.forEach(step, (sending) => sendUntilAnswered(service.url, sending), {
        concurrency: "unbounded",
      })
      answers.push(...outcomes)
    }
    bar.step()
  })

  yield* Effect.forEach(
    scripts.map((script, index) => [script, index] as const),
    ([script, index]) => runScript(script, index),
    { concurrency: CONCURRENCY, discard: true },
  )
  if (crashing !== undefined) yield* Fiber.join(crashing)
  bar.end()
  return answers
})

/** Waits until every order that was placed has ended. */
export const settle = Effect.fnUntraced(function* (
  orderIds: ReadonlyArray<string>,
  baseUrl: () => string,
): Effect.fn.Return<void, NotSettled> {
  const bar = new ProgressBar(process.stderr, "settled", orderIds.length)
  let open = orderIds
  const seen = new Map<string, string>()
  let lastEndMs = yield* Clock.currentTimeMillis
  while (open.length > 0) {
    const ended = yield* Effect.filter(
      open,
      (orderId) =>
        read(baseUrl(), `/orders/${orderId}`, OrderState).pipe(
          Effect.map((state) => {
            seen.set(orderId, `${state?.status ?? "unknown"}, ${state?.fulfilment?.state ?? "no saga"}`)
            return state !== undefined && hasEnded(state)
          }),
          // The service may be down; the next look finds out.
          Effect.catch(({ detail }) => {
            seen.set(orderId, detail)
            return Effect.succeed(false)
          }),
        ),
      { concurrency: CONCURRENCY },
    )
    const isEnded = new Set(ended)
    open = open.filter((orderId) => !isEnded.has(orderId))
    for (const _ of ended) bar.step()
    const nowMs = yield* Clock.currentTimeMillis
    if (ended.length > 0) lastEndMs = nowMs
    else if (nowMs - lastEndMs > SETTLE_PATIENCE_MS) return yield* notSettled(open, seen)
    if (open.length > 0) yield* Effect.sleep(SETTLE_PAUSE_MS)
  }
  bar.end()
})

const notSettled = (open: ReadonlyArray<string>, seen: ReadonlyMap<string, string>): NotSettled =>
  new NotSettled({ orders: open.map((orderId) => `${orderId} (${seen.get(orderId) ?? "not seen"})`) })

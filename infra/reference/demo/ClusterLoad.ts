/**
 * A small steady load on the nodes of `npm run cluster`: commands that change customers' addresses, sent to
 * any node.
 *
 * Owns sending and the figures. A command without an answer is sent to the next node with the same
 * Idempotency-Key, as a careful client does. Its time counts from its first attempt.
 */
import { randomUUID } from "node:crypto"
import { Effect, type Scope } from "effect"
import { sendUntilAnswered } from "./DemoClient.ts"

/** Count of customers that get commands. */
const CUSTOMERS = 200

/** Time that the table's figures cover, in milliseconds. */
const RECENT_MS = 10_000

/** Answers whose time is kept for the summary; the oldest are dropped first. */
const KEPT_MAX = 1_000_000

const MS_PER_SECOND = 1_000

/** Longest wait for one attempt, in milliseconds, because a paused node does not answer at all. */
const ATTEMPT_TIMEOUT_MS = 1_500

export interface LoadFigures {
  readonly answered: number
  /** Attempts that got no answer. */
  readonly retried: number
  /** Commands that were given up after all attempts. */
  readonly failed: number
  readonly perSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly longestMs: number
}

interface Answered {
  readonly atMs: number
  readonly tookMs: number
}

export interface ClusterLoad {
  readonly recent: () => LoadFigures
  readonly whole: () => LoadFigures
}

/** Sends `perSecond` commands until the scope ends. */
export const makeClusterLoad = (
  perSecond: number,
  someUrl: () => string | undefined,
): Effect.Effect<ClusterLoad, never, Scope.Scope> =>
  Effect.gen(function* () {
    const answers: Array<Answered> = []
    const startedMs = performance.now()
    const run = randomUUID().slice(0, 8)
    const registered = new Set<string>()
    let retried = 0
    let failed = 0
    let count = 0

    const one = Effect.gen(function* () {
      const index = count++
      const customer = `load-${run}-${index % CUSTOMERS}`
      const isNew = !registered.has(customer)
      registered.add(customer)
      const email = `c${index}@example.com`
      const sending = {
        orderId: customer,
        key: `load-${run}-${index}`,
        method: "POST" as const,
        path: `/actors/customer/${customer}/${isNew ? "Register" : "ChangeEmail"}`,
        body: isNew ? { name: customer, email } : { email },
      }
      const beganMs = performance.now()
      let attempts = 0
      const url = () => {
        if (attempts++ > 0) retried++
        return someUrl() ?? "http://127.0.0.1:1"
      }
      yield* sendUntilAnswered(url, sending, ATTEMPT_TIMEOUT_MS)
      const atMs = performance.now()
      answers.push({ atMs, tookMs: atMs - beganMs })
      if (answers.length > KEPT_MAX) answers.shift()
    }).pipe(
      Effect.catch(() =>
        Effect.sync(() => {
          failed++
        }),
      ),
    )

    if (perSecond > 0) {
      const every = Effect.forever(
        Effect.andThen(Effect.forkScoped(one), Effect.sleep(MS_PER_SECOND / perSecond)),
      )
      yield* Effect.forkScoped(every)
    }

    const figures = (of: ReadonlyArray<Answered>, overMs: number): LoadFigures => {
      const took = of.map(({ tookMs }) => tookMs).sort((a, b) => a - b)
      return {
        answered: answers.length,
        retried,
        failed,
        perSecond: round((of.length / Math.max(overMs, 1)) * MS_PER_SECOND),
        p50Ms: quantile(took, 0.5),
        p99Ms: quantile(took, 0.99),
        longestMs: round(took.at(-1) ?? 0),
      }
    }
    return {
      recent: () => {
        const nowMs = performance.now()
        const first = answers.findLastIndex(({ atMs }) => atMs < nowMs - RECENT_MS) + 1
        return figures(answers.slice(first), Math.min(RECENT_MS, nowMs - startedMs))
      },
      whole: () => figures(answers, performance.now() - startedMs),
    }
  })

const quantile = (ascending: ReadonlyArray<number>, share: number): number =>
  round(ascending[Math.min(ascending.length - 1, Math.floor(share * ascending.length))] ?? 0)

const round = (value: number): number => Math.round(value * 10) / 10

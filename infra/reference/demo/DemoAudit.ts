/**
 * The demo's auditor. It compares the acknowledged commands with the orders' histories, both with the read
 * models, and the sold orders with the stock and the provider's books.
 *
 * Owns the counting. It trusts only the journal and the states that the API shows, and the provider's own
 * ledger. A command is lost if it was acknowledged and the history has no event of it at that version; it is
 * duplicated if the history has more than one. Balances: DemoBalance.ts.
 */
import { Clock, Effect } from "effect"
import { type Balances, balancesOf, moneyGaps, type SettledOrder } from "./DemoBalance.ts"
import type { Answered } from "./DemoClient.ts"
import {
  type AuditFailed,
  type Event,
  EventPage,
  Ledger,
  OrderPage,
  OrderState,
  PaymentActor,
  paymentState,
  type Row,
  readAll,
  readSurely,
  StockActor,
  stockState,
} from "./DemoReads.ts"
import type { OrderScript, Workload } from "./DemoWorkload.ts"

/** Requests at the same time. */
const AUDIT_CONCURRENCY = 16

/** Longest wait until sold goods have left and voided payments are returned, in milliseconds. */
const QUIET_PATIENCE_MS = 60_000

/** Pause between two looks, in milliseconds. */
const QUIET_PAUSE_MS = 500

/** Largest pages, so that fewer requests are needed. */
const EVENTS_PER_PAGE = 1_000
const ORDERS_PER_PAGE = 100

/** Prefix of the ids of commands that the runtime sends for a saga or a reactor. */
const RUNTIME_COMMAND_PREFIX = "everstate:"

export interface AuditReport extends Balances {
  readonly events: number
  readonly readModelRows: number
  /** Acknowledged commands whose event is not in the history. */
  readonly lost: number
  /** Commands with more than one effect. */
  readonly duplicated: number
  readonly completed: number
  /** Count of undone orders by cause. */
  readonly compensatedBy: ReadonlyMap<string, number>
  readonly stuck: number
  /** Durations from placed to shipped or rejected, in milliseconds, ascending. */
  readonly durationsMs: ReadonlyArray<number>
  /** All other differences, as texts: gaps, effects of rejected commands, read models that differ. */
  readonly differences: ReadonlyArray<string>
}

export interface Evidence {
  readonly serviceUrl: string
  readonly providerUrl: string
  readonly workload: Workload
  readonly answers: ReadonlyArray<Answered>
}

/** Findings in one order's history about its commands. */
export interface HistoryVerdict {
  readonly lost: number
  readonly duplicated: number
  readonly differences: ReadonlyArray<string>
}

/** Compares the answers of one order with its history. */
export const judgeHistory = (
  orderId: string,
  events: ReadonlyArray<Pick<Event, "version" | "commandId">>,
  answers: ReadonlyArray<Answered>,
): HistoryVerdict => {
  const effects = new Map<string, Array<number>>()
  for (const { commandId, version } of events) {
    effects.set(commandId, [...(effects.get(commandId) ?? []), version])
  }
  const acknowledged = new Map<string, number>()
  for (const { sending, outcome } of answers) {
    if (outcome.kind !== "rejected") acknowledged.set(sending.key, outcome.version)
  }
  const differences: Array<string> = []
  events.forEach(({ version }, index) => {
    if (version !== index + 1) differences.push(`${orderId}: version ${version} in place ${index + 1}`)
  })
  for (const commandId of effects.keys()) {
    if (!commandId.startsWith(RUNTIME_COMMAND_PREFIX) && !acknowledged.has(commandId))
      differences.push(`${orderId}: ${commandId} was not accepted, but is stored`)
  }
  return {
    lost: [...acknowledged].filter(([key, version]) => !effects.get(key)?.includes(version)).length,
    duplicated: [...effects.values()].filter(({ length }) => length > 1).length,
    differences,
  }
}

/** Why an order was not fulfilled, in the words of the table. */
export const causeOf = (events: ReadonlyArray<Event>): string => {
  const end = events.find(({ type }) => type === "OrderRejected" || type === "OrderCancelled")
  if (end === undefined) return "no reason"
  if (end.type === "OrderCancelled") return "cancelled by its customer"
  const reason = end.data.reason ?? ""
  if (/stock/i.test(reason)) return "missing stock"
  if (/shipment|address/i.test(reason)) return "bad address"
  if (/declined/i.test(reason)) return "declined card"
  return /payment/i.test(reason) ? "provider silent" : reason
}

type OrderSeen = Effect.Success<ReturnType<typeof lookAt>>

/** Current state of one order and its payment. */
const lookAt = Effect.fnUntraced(function* (serviceUrl: string, script: OrderScript) {
  const state = yield* readSurely(serviceUrl, `/orders/${script.orderId}`, OrderState)
  const payment = yield* readSurely(serviceUrl, `/actors/payment/${script.orderId}`, PaymentActor)
  return { script, state, payment: payment && paymentState(payment) }
})

const settledOrder = ({ script, state, payment }: OrderSeen): SettledOrder => ({
  orderId: script.orderId,
  currency: script.currency,
  lines: script.lines,
  isSold: state?.status === "shipped",
  payment,
})

const NO_LEDGER: Ledger = { doubleCharges: 0, charges: [], totals: {} }

/** Reads the books again until they balance, or until the patience ends. */
const untilBalanced = Effect.fnUntraced(function* ({ serviceUrl, providerUrl, workload }: Evidence) {
  const startedMs = yield* Clock.currentTimeMillis
  while (true) {
    const orders = yield* Effect.forEach(workload.scripts, (script) => lookAt(serviceUrl, script), {
      concurrency: AUDIT_CONCURRENCY,
    })
    const stock = yield* Effect.forEach(
      workload.delivered.keys(),
      (sku) =>
        Effect.map(
          readSurely(serviceUrl, `/actors/inventory/${sku}`, StockActor),
          (found) => [sku, found && stockState(found)] as const,
        ),
      { concurrency: AUDIT_CONCURRENCY },
    )
    const ledger = (yield* readSurely(providerUrl, "/ledger", Ledger)) ?? NO_LEDGER
    const books = {
      orders: orders.map(settledOrder),
      delivered: workload.delivered,
      stock: new Map(stock),
      ledger,
    }
    const balances = balancesOf(books)
    const isBalanced = balances.moneyImbalance === 0 && balances.stockImbalance === 0
    const waitedMs = (yield* Clock.currentTimeMillis) - startedMs
    if (isBalanced || waitedMs > QUIET_PATIENCE_MS) return { orders, balances, gaps: moneyGaps(books) }
    yield* Effect.sleep(QUIET_PAUSE_MS)
  }
})

/** Compares one order's history, audit trail, state and outcome. */
const auditOrder = Effect.fnUntraced(function* (
  serviceUrl: string,
  { script, state }: OrderSeen,
  answers: ReadonlyArray<Answered>,
  after: number,
) {
  const { orderId, flaws } = script
  const query = `limit=${EVENTS_PER_PAGE}`
  const path = `/orders/${orderId}`
  const eventsOf = (page: typeof EventPage.Type) => page.events
  const events = yield* readAll(serviceUrl, `${path}/history?${query}`, EventPage, eventsOf)
  const trail = yield* readAll(serviceUrl, `${path}/audit?${query}&after=${after}`, EventPage, eventsOf)
  const verdict = judgeHistory(orderId, events, answers)
  const differences = [...verdict.differences]
  const differs = (what: string) => differences.push(`${orderId}: ${what}`)
  if (JSON.stringify(trail) !== JSON.stringify(events)) differs("the audit trail is not the history")
  if ((state?.version ?? 0) !== events.length)
    differs(`is at version ${state?.version ?? 0} with ${events.length} events`)
  if (state?.status === "shipped" && flaws.length > 0) differs(`was sold in spite of ${flaws.join(", ")}`)
  return { ...verdict, orderId, state, events, differences }
})

const durationMs = (events: ReadonlyArray<Event>): ReadonlyArray<number> => {
  const at = (...types: ReadonlyArray<string>) => events.find(({ type }) => types.includes(type))?.at
  const placed = at("OrderPlaced")
  const ended = at("OrderShipped", "OrderRejected")
  return placed === undefined || ended === undefined ? [] : [Date.parse(ended) - Date.parse(placed)]
}

/** Compares rows of order_summary with their orders. */
const compareRows = (
  rows: ReadonlyArray<Row>,
  orders: ReadonlyArray<{ readonly orderId: string; readonly state: OrderState | undefined }>,
): ReadonlyArray<string> => {
  const existing = orders.filter(({ state }) => state !== undefined)
  const rowOf = new Map(rows.map((row) => [row.orderId, row]))
  const wrong = existing.flatMap(({ orderId, state }) => {
    const row = rowOf.get(orderId)
    if (row === undefined) return [`${orderId}: no row in order_summary`]
    const isSame = row.version === state?.version && row.status === state.status
    return isSame ? [] : [`${orderId}: its row in order_summary is not its state`]
  })
  return rows.length === existing.length
    ? wrong
    : [...wrong, `${rows.length} rows in order_summary for ${existing.length} orders`]
}

/** Reads everything back and counts. */
export const auditDemo = Effect.fnUntraced(function* (
  evidence: Evidence,
  onOrder: () => void,
): Effect.fn.Return<AuditReport, AuditFailed> {
  const { serviceUrl, workload, answers } = evidence
  const { orders: seen, balances, gaps } = yield* untilBalanced(evidence)
  const after = answers.reduce(
    (newest, { outcome }) => (outcome.kind === "rejected" ? newest : Math.max(newest, outcome.sequence)),
    0,
  )
  const answersOf = Map.groupBy(answers, ({ sending }) => sending.orderId)
  const orders = yield* Effect.forEach(
    seen,
    (order) =>
      auditOrder(serviceUrl, order, answersOf.get(order.script.orderId) ?? [], after).pipe(
        Effect.tap(() => Effect.sync(onOrder)),
      ),
    { concurrency: AUDIT_CONCURRENCY },
  )
  const rows = yield* Effect.forEach(
    new Set(workload.scripts.map(({ customerId }) => customerId)),
    (customerId) =>
      readAll(
        serviceUrl,
        `/customers/${customerId}/orders?limit=${ORDERS_PER_PAGE}&after=${after}`,
        OrderPage,
        (page) => page.orders,
      ),
    { concurrency: AUDIT_CONCURRENCY },
  )
  const allRows = rows.flat()
  const placed = orders.filter(({ state }) => state !== undefined)
  const stuck = placed.filter(({ state }) => isStuck(state))
  const undone = placed.filter(({ state }) => state?.status !== "shipped" && !isStuck(state))
  const sum = (of: (order: (typeof orders)[number]) => number) =>
    orders.reduce((total, order) => total + of(order), 0)
  return {
    ...balances,
    events: sum(({ events }) => events.length),
    readModelRows: allRows.length,
    lost: sum(({ lost }) => lost),
    duplicated: sum(({ duplicated }) => duplicated),
    completed: placed.filter(({ state }) => state?.status === "shipped").length,
    compensatedBy: countBy(undone.map(({ events }) => causeOf(events))),
    stuck: stuck.length,
    durationsMs: orders.flatMap(({ events }) => durationMs(events)).sort((a, b) => a - b),
    differences: [
      ...gaps,
      ...orders.flatMap(({ differences }) => differences),
      ...compareRows(allRows, orders),
    ],
  }
})

const isStuck = (state: OrderState | undefined): boolean =>
  state?.fulfilment?.state === "stuck" || state?.fulfilment?.state === "aborted"

const countBy = (names: ReadonlyArray<string>): ReadonlyMap<string, number> => {
  const counts = new Map<string, number>()
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1)
  return new Map([...counts].sort(([, a], [, b]) => b - a))
}

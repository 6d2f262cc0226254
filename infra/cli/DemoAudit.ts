/**
 * The demo's auditor: what was acknowledged against what is in the orders' histories, and both against the read models.
 *
 * Owns the counting. Trusts only what the API tells of the journal: a command is lost when it was acknowledged and no
 * event of it is there at that version, duplicated when it has more than one.
 */
import { Effect, Schema } from "effect"
import type { Answered } from "./DemoClient.ts"
import type { OrderScript } from "./DemoWorkload.ts"

/** Requests at once. */
const AUDIT_CONCURRENCY = 16

/** Attempts of one read. */
const READ_ATTEMPTS = 5

/** Largest pages: fewer requests. */
const EVENTS_PER_PAGE = 1_000
const ORDERS_PER_PAGE = 100

/** A read of the audit that was not answered as it should. */
export class AuditFailed extends Schema.TaggedError<AuditFailed>()("AuditFailed", {
  path: Schema.String,
  detail: Schema.String,
}) {
  override get message(): string {
    return `The audit could not read ${this.path}: ${this.detail}`
  }
}

export interface AuditReport {
  readonly events: number
  readonly readModelRows: number
  /** Acknowledged commands whose event is not in the history. */
  readonly lost: number
  /** Commands with more than one effect. */
  readonly duplicated: number
  /** Whatever else does not fit, in words: gaps, effects of rejected commands, read models that differ. */
  readonly differences: ReadonlyArray<string>
}

const Event = Schema.Struct({ version: Schema.Int, type: Schema.String, commandId: Schema.String })
type Event = typeof Event.Type

const EventPage = Schema.Struct({ events: Schema.Array(Event), next: Schema.optionalKey(Schema.String) })

const OrderRow = Schema.Struct({ orderId: Schema.String, version: Schema.Int, status: Schema.String })

const OrderPage = Schema.Struct({ orders: Schema.Array(OrderRow), next: Schema.optionalKey(Schema.String) })

const OrderState = Schema.Struct({ version: Schema.Int, status: Schema.String })

const read = <A>(
  baseUrl: string,
  path: string,
  schema: Schema.Codec<A, unknown>,
): Effect.Effect<A | undefined, AuditFailed> =>
  Effect.tryPromise({
    try: async () => {
      const response = await fetch(baseUrl + path)
      const body: unknown = await response.json()
      if (response.status === 404) return undefined
      if (!response.ok) throw new Error(`${response.status} ${JSON.stringify(body)}`)
      return Schema.decodeUnknownSync(schema)(body)
    },
    catch: (cause) => new AuditFailed({ path, detail: String(cause) }),
  }).pipe(Effect.retry({ times: READ_ATTEMPTS - 1 }))

/** All pages of a list; nothing where there is none. */
const readAll = <P extends { readonly next?: string }, Item>(
  baseUrl: string,
  path: string,
  schema: Schema.Codec<P, unknown>,
  itemsOf: (page: P) => ReadonlyArray<Item>,
): Effect.Effect<ReadonlyArray<Item>, AuditFailed> =>
  Effect.gen(function* () {
    const items: Array<Item> = []
    let cursor: string | undefined
    do {
      const at = cursor === undefined ? path : `${path}&cursor=${encodeURIComponent(cursor)}`
      const page = yield* read(baseUrl, at, schema)
      if (page !== undefined) items.push(...itemsOf(page))
      cursor = page?.next
    } while (cursor !== undefined)
    return items
  })

/** What one order's history says about the commands that were sent to it. */
export interface HistoryVerdict {
  readonly lost: number
  readonly duplicated: number
  readonly differences: ReadonlyArray<string>
}

/** Compares the answers of one order with its history. */
export const judgeHistory = (
  orderId: string,
  events: ReadonlyArray<Event>,
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
    if (!acknowledged.has(commandId))
      differences.push(`${orderId}: ${commandId} was not accepted, but is stored`)
  }
  return {
    lost: [...acknowledged].filter(([key, version]) => !effects.get(key)?.includes(version)).length,
    duplicated: [...effects.values()].filter(({ length }) => length > 1).length,
    differences,
  }
}

/** One order: its history, its audit trail and its state must tell the same. */
const auditOrder = Effect.fnUntraced(function* (
  baseUrl: string,
  orderId: string,
  answers: ReadonlyArray<Answered>,
  after: number,
) {
  const path = `/orders/${encodeURIComponent(orderId)}`
  const query = `limit=${EVENTS_PER_PAGE}`
  const events = yield* readAll(baseUrl, `${path}/history?${query}`, EventPage, (page) => page.events)
  const trail = yield* readAll(
    baseUrl,
    `${path}/audit?${query}&after=${after}`,
    EventPage,
    (page) => page.events,
  )
  const state = yield* read(baseUrl, path, OrderState)
  const verdict = judgeHistory(orderId, events, answers)
  const differences = [...verdict.differences]
  if (JSON.stringify(trail) !== JSON.stringify(events)) {
    differences.push(`${orderId}: the audit trail is not the history`)
  }
  if ((state?.version ?? 0) !== events.length) {
    differences.push(`${orderId}: is at version ${state?.version ?? 0} with ${events.length} events`)
  }
  return { ...verdict, orderId, differences, eventCount: events.length, state }
})

/** Rows of order_summary against the orders they are of. */
const compareRows = (
  rows: ReadonlyArray<typeof OrderRow.Type>,
  orders: ReadonlyArray<{ readonly orderId: string; readonly state: typeof OrderState.Type | undefined }>,
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
  baseUrl: string,
  scripts: ReadonlyArray<OrderScript>,
  answers: ReadonlyArray<Answered>,
  onOrder: () => void,
): Effect.fn.Return<AuditReport, AuditFailed> {
  const after = answers.reduce(
    (newest, { outcome }) => (outcome.kind === "rejected" ? newest : Math.max(newest, outcome.sequence)),
    0,
  )
  const answersOf = Map.groupBy(answers, ({ sending }) => sending.orderId)
  const orders = yield* Effect.forEach(
    scripts,
    ({ orderId }) =>
      auditOrder(baseUrl, orderId, answersOf.get(orderId) ?? [], after).pipe(
        Effect.tap(() => Effect.sync(onOrder)),
      ),
    { concurrency: AUDIT_CONCURRENCY },
  )
  const rows = yield* Effect.forEach(
    new Set(scripts.map(({ customerId }) => customerId)),
    (customerId) =>
      readAll(
        baseUrl,
        `/customers/${encodeURIComponent(customerId)}/orders?limit=${ORDERS_PER_PAGE}&after=${after}`,
        OrderPage,
        (page) => page.orders,
      ),
    { concurrency: AUDIT_CONCURRENCY },
  )
  const allRows = rows.flat()
  const sum = (of: (order: (typeof orders)[number]) => number) =>
    orders.reduce((total, order) => total + of(order), 0)
  return {
    events: sum(({ eventCount }) => eventCount),
    readModelRows: allRows.length,
    lost: sum(({ lost }) => lost),
    duplicated: sum(({ duplicated }) => duplicated),
    differences: [...orders.flatMap(({ differences }) => differences), ...compareRows(allRows, orders)],
  }
})

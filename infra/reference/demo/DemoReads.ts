/**
 * Reads of the demo's auditor from the API and the provider's books: shapes, pages, and retries of a read that
 * fails.
 *
 * DemoAudit.ts compares the documents.
 */
import { Effect, Schedule, Schema } from "effect"

/** Attempts of one read. */
const READ_ATTEMPTS = 5

/** Pause before the next attempt, in milliseconds. */
const READ_PAUSE_MS = 200

/** A read of the audit got no answer, or a wrong one. */
export class AuditFailed extends Schema.TaggedError<AuditFailed>()("AuditFailed", {
  path: Schema.String,
  detail: Schema.String,
}) {
  override get message(): string {
    return `The audit could not read ${this.path}: ${this.detail}`
  }
}

const Amount = Schema.NullOr(Schema.Struct({ minor: Schema.Int, currency: Schema.String }))

const next = Schema.optionalKey(Schema.String)

const Event = Schema.Struct({
  version: Schema.Int,
  at: Schema.String,
  type: Schema.String,
  commandId: Schema.String,
  data: Schema.Struct({ reason: Schema.optionalKey(Schema.String) }),
})
export type Event = typeof Event.Type

export const EventPage = Schema.Struct({ events: Schema.Array(Event), next })

const Row = Schema.Struct({ orderId: Schema.String, version: Schema.Int, status: Schema.String })
export type Row = typeof Row.Type

export const OrderPage = Schema.Struct({ orders: Schema.Array(Row), next })

export const OrderState = Schema.Struct({
  version: Schema.Int,
  status: Schema.String,
  fulfilment: Schema.optionalKey(Schema.Struct({ state: Schema.String })),
})
export type OrderState = typeof OrderState.Type

/** A payment as the gateway shows its actor. */
export const PaymentActor = Schema.Struct({
  state: Schema.String,
  context: Schema.Struct({ captured: Amount, refunded: Amount }),
})

export interface PaymentState {
  readonly status: string
  readonly captured: typeof Amount.Type
  readonly refunded: typeof Amount.Type
}

export const paymentState = ({ state, context }: typeof PaymentActor.Type): PaymentState => ({
  status: state,
  ...context,
})

/** The stock of an article as the gateway shows its actor. */
export const StockActor = Schema.Struct({
  context: Schema.Struct({
    receivedCount: Schema.Int,
    onHandCount: Schema.Int,
    reservedCount: Schema.Int,
    committedCount: Schema.Int,
  }),
})

export interface StockState {
  readonly received: number
  readonly onHand: number
  readonly reserved: number
  readonly committed: number
}

export const stockState = ({ context }: typeof StockActor.Type): StockState => ({
  received: context.receivedCount,
  onHand: context.onHandCount,
  reserved: context.reservedCount,
  committed: context.committedCount,
})

/** The provider's own books. */
export const Ledger = Schema.Struct({
  doubleCharges: Schema.Int,
  charges: Schema.Array(
    Schema.Struct({
      paymentId: Schema.String,
      status: Schema.String,
      amount: Schema.Struct({ minor: Schema.Int }),
    }),
  ),
  totals: Schema.Record(Schema.String, Schema.Struct({ held: Schema.Int, net: Schema.Int })),
})
export type Ledger = typeof Ledger.Type

/** The document at the path; `undefined` if there is none. */
export const read = <A>(
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
  })

/** {@link read} with retries. */
export const readSurely: typeof read = (baseUrl, path, schema) =>
  Effect.retry(read(baseUrl, path, schema), {
    times: READ_ATTEMPTS - 1,
    schedule: Schedule.spaced(READ_PAUSE_MS),
  })

/** The items of all pages of a list; empty if the list does not exist. */
export const readAll = <P extends { readonly next?: string }, Item>(
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
      const page = yield* readSurely(baseUrl, at, schema)
      if (page !== undefined) items.push(...itemsOf(page))
      cursor = page?.next
    } while (cursor !== undefined)
    return items
  })

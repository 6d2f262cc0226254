/**
 * A fulfilment as clients and operators see it: its step, why it compensates, where it is stuck, and every
 * item.
 *
 * Owns the shape, and how a saga's ledger becomes it. Routes: SagaApi.ts.
 */
import { Schema } from "effect"
import type { SagaState } from "../../../runtime/saga.ts"
import { type CurrentState, stateName } from "../../effect.ts"

const Trouble = {
  item: Schema.NullOr(Schema.String).annotate({
    description: "Key of the item, as in `items`; null if no item is concerned",
  }),
  reason: Schema.String,
}

const Item = Schema.Struct({
  key: Schema.String,
  status: Schema.String,
  attempts: Schema.Int,
  reason: Schema.optionalKey(Schema.String),
})

/** The part of a fulfilment that its order shows. */
export const SagaSummary = Schema.Struct({
  state: Schema.String.annotate({
    description: "A step, or `completed`, `compensating`, `compensated`, `stuck`, `aborted`",
  }),
  cause: Schema.optionalKey(
    Schema.Struct({ kind: Schema.String, ...Trouble }).annotate({
      description: "Reason why the fulfilment was not completed",
    }),
  ),
  stuck: Schema.optionalKey(
    Schema.Struct(Trouble).annotate({
      description: "Item that cannot be undone or whose answer does not come, and the reason",
    }),
  ),
}).annotate({ identifier: "FulfilmentSummary" })
export type SagaSummary = typeof SagaSummary.Type

export const SagaDocument = Schema.Struct({
  sagaId: Schema.String,
  ...SagaSummary.fields,
  items: Schema.Array(Item),
  version: Schema.Int,
}).annotate({ identifier: "FulfilmentState" })

export const SagaPage = Schema.Struct({
  sagas: Schema.Array(
    Schema.Struct({ sagaId: Schema.String, placedAt: Schema.String, ...SagaSummary.fields }),
  ),
  openCount: Schema.Int.annotate({ description: "Count of fulfilments without a known end, in any state" }),
  next: Schema.optionalKey(Schema.String.annotate({ description: "Value of `cursor` for the next page" })),
}).annotate({ identifier: "FulfilmentPage" })

/** Final states of a fulfilment. */
const ENDED: ReadonlySet<string> = new Set(["completed", "compensated", "aborted"])

export const hasEnded = ({ state }: SagaSummary): boolean => ENDED.has(state)

export const sagaSummary = ({ state }: CurrentState<SagaState>): SagaSummary => {
  const { cause, stuck } = state.context
  return {
    state: stateName(state.value),
    ...(cause === null ? {} : { cause: { kind: cause.kind, item: cause.item, reason: cause.reason } }),
    ...(stuck === null ? {} : { stuck: { item: stuck.item, reason: stuck.reason } }),
  }
}

export const sagaDocument = (sagaId: string, now: CurrentState<SagaState>): typeof SagaDocument.Type => ({
  sagaId,
  ...sagaSummary(now),
  items: now.state.context.items.map(({ key, status, attempt, reason }) => ({
    key,
    status,
    attempts: attempt,
    ...(reason === undefined ? {} : { reason }),
  })),
  version: now.version,
})

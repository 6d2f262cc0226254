/**
 * A fulfilment as clients and operators see it: where it is, why it goes back, what it is stuck at, every item.
 *
 * Owns the shape and how a saga's book becomes it. Routes: SagaApi.ts.
 */
import { Schema } from "effect"
import { type CurrentState, type SagaState, stateName } from "../../effect.ts"

const Trouble = {
  item: Schema.NullOr(Schema.String).annotate({ description: "As `items` name it; null where it was none" }),
  reason: Schema.String,
}

const Item = Schema.Struct({
  key: Schema.String,
  status: Schema.String,
  attempts: Schema.Int,
  reason: Schema.optionalKey(Schema.String),
})

/** What an order shows of its fulfilment. */
export const SagaSummary = Schema.Struct({
  state: Schema.String.annotate({
    description: "A step, or `completed`, `compensating`, `compensated`, `stuck`, `aborted`",
  }),
  cause: Schema.optionalKey(
    Schema.Struct({ kind: Schema.String, ...Trouble }).annotate({ description: "Why it was not completed" }),
  ),
  stuck: Schema.optionalKey(
    Schema.Struct(Trouble).annotate({
      description: "What cannot be undone, or whose answer does not come, and why",
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
  openCount: Schema.Int.annotate({ description: "Fulfilments whose end is not known yet, in any state" }),
  next: Schema.optionalKey(Schema.String.annotate({ description: "Give it as `cursor` for the next page" })),
}).annotate({ identifier: "FulfilmentPage" })

/** States after which nothing happens any more. */
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

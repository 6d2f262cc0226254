/**
 * A saga as operators see it: its step, why it compensates, where it is stuck, and every item.
 *
 * Owns the shape, and how a saga's ledger becomes it. Routes: SagaApi.ts.
 */
import { Schema } from "effect"
import type { CurrentState } from "../../runtime/define.ts"
import { stateName } from "../../runtime/machine/StateName.ts"
import type { SagaState } from "../../runtime/saga.ts"
import type { ActorName } from "./ActorDocument.ts"
import { shown } from "./ShownValue.ts"

const Item = Schema.Struct({
  key: Schema.String,
  status: Schema.String,
  attempts: Schema.Int,
  undoAttempts: Schema.Int,
  reason: Schema.optionalKey(Schema.String),
  result: Schema.optionalKey(Schema.Unknown),
}).annotate({ identifier: "SagaItem" })

export const SagaDocument = Schema.Struct({
  type: Schema.String,
  id: Schema.String,
  version: Schema.Int,
  state: Schema.String.annotate({
    description: "A step, or `completed`, `compensating`, `compensated`, `stuck`, `aborted`",
  }),
  cause: Schema.optionalKey(
    Schema.Struct({
      kind: Schema.String,
      item: Schema.NullOr(Schema.String),
      reason: Schema.String,
    }).annotate({ description: "Reason why the saga was not completed" }),
  ),
  stuck: Schema.optionalKey(
    Schema.Struct({ item: Schema.String, reason: Schema.String }).annotate({
      description: "Item that cannot be undone or whose answer does not come, and the reason",
    }),
  ),
  items: Schema.Array(Item),
}).annotate({ identifier: "SagaDocument" })

export const sagaDocument = (
  { type, id }: ActorName,
  { version, state }: CurrentState<SagaState>,
): typeof SagaDocument.Type => {
  const { cause, stuck, items } = state.context
  return {
    type,
    id,
    version,
    state: stateName(state.value),
    ...(cause === null ? {} : { cause: { kind: cause.kind, item: cause.item, reason: cause.reason } }),
    ...(stuck === null ? {} : { stuck: { item: stuck.item, reason: stuck.reason } }),
    items: items.map(({ key, status, attempt, undoAttempt, reason, result }) => ({
      key,
      status,
      attempts: attempt,
      undoAttempts: undoAttempt,
      ...(reason === undefined ? {} : { reason }),
      ...(result === undefined ? {} : { result: shown(result) ?? null }),
    })),
  }
}

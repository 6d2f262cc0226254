/**
 * What operators send to a saga, and the picture of a saga type, as documents.
 *
 * Owns their schemas, which every API with routes of sagas shares. What the verbs do: docs/SAGAS.md.
 */
import { Schema } from "effect"

const item = {
  item: Schema.String.annotate({ description: "Item of the saga, as in its `items` and `stuck`" }),
}

/** Orders to a saga. `by` is the field with the operator's name. */
export const sagaOrders = <By extends Schema.Top>(by: By) => {
  const signed = { by, note: Schema.String.annotate({ description: "Reason; kept with the event" }) }
  return {
    Signed: Schema.Struct(signed).annotate({ identifier: "Signed" }),
    OnItem: Schema.Struct({ ...item, ...signed }).annotate({ identifier: "OnItem" }),
    Resolution: Schema.Struct({ ...item, result: Schema.Json, ...signed }).annotate({
      identifier: "Resolution",
    }),
  }
}

/** A saga type as a diagram. */
export const SagaPicture = Schema.Struct({
  mermaid: Schema.String,
  stately: Schema.Record(Schema.String, Schema.Unknown),
}).annotate({ identifier: "SagaPicture" })

/**
 * The parts that the gateway's endpoints share: the annotation of their verb, and lists.
 *
 * Owns the annotation that says what a route does. RouteTable.ts reads it before the route runs. A route
 * without one counts as an operator's: reading is `inspect`, everything else is `operate`.
 */
import { Context, Schema } from "effect"
import { pathId } from "../http/CommandEndpoint.ts"
import type { GatewayVerb } from "./Access.ts"

/** Annotation of an endpoint: what its route does. */
export class Verb extends Context.Service<Verb, GatewayVerb>()("everstate/gateway/Verb") {}

/** Items on a page of any list: the default, and the maximum. */
export const ITEMS_PER_PAGE = { default: 100, max: 1_000 }

/** Items of a list, and the cursor of its next page. */
export const pageOf = <S extends Schema.Constraint>(item: S, identifier: string) =>
  Schema.Struct({
    items: Schema.Array(item),
    next: Schema.optionalKey(
      Schema.String.annotate({ description: "Value of `cursor` for the next page; absent on the last page" }),
    ),
  }).annotate({ identifier })

/** An actor type in a path. */
export const typeParameter = {
  type: pathId.annotate({ description: "Name of an actor type or saga type" }),
}

/** An actor in a path. */
export const actorParameters = { ...typeParameter, id: pathId.annotate({ description: "Id of the actor" }) }

/** A moment in a document. */
export const moment = (description: string) => Schema.String.annotate({ format: "date-time", description })

/** Any JSON object. */
export const JsonObject = Schema.Record(Schema.String, Schema.Unknown)

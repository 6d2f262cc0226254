/**
 * The routes of sagas of any type: their lists and states, and the verbs of operators.
 *
 * Owns the routes. Documents: SagaDocument.ts. What the routes do: SagaRoutes.ts.
 */
import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiGroup, HttpApiSchema, OpenApi } from "effect/http-api"
import { about, commandHeaders, versionHeaders } from "../http/CommandEndpoint.ts"
import { COMMAND_PROBLEMS, READ_PROBLEMS } from "../http/Problem.ts"
import { SagaPicture, sagaOrders } from "../http/SagaOrders.ts"
import { Answered } from "./ActorApi.ts"
import { ListedActor, listQuery } from "./DirectoryApi.ts"
import { actorParameters, pageOf, typeParameter, Verb } from "./GatewayEndpoint.ts"
import { SagaDocument } from "./SagaDocument.ts"

const { Signed, OnItem, Resolution } = sagaOrders(
  Schema.optionalKey(
    Schema.String.annotate({
      description: "Name of the operator; kept with the event. The name of a caller who is known comes first",
    }),
  ),
)

const verb = {
  params: actorParameters,
  headers: commandHeaders,
  success: HttpApiSchema.WithHeaders(Answered, versionHeaders),
  error: COMMAND_PROBLEMS,
}

export const SagaEndpoints = HttpApiGroup.make("sagas")
  .add(
    HttpApiEndpoint.get("list", "/sagas", {
      query: listQuery,
      success: pageOf(ListedActor, "ActorPage"),
      error: READ_PROBLEMS,
    }).annotateMerge(
      about("Sagas of all types", "By type and id. `state=stuck` finds those that need an operator."),
    ),
    HttpApiEndpoint.get("ofType", "/sagas/:type", {
      params: typeParameter,
      query: listQuery,
      success: pageOf(ListedActor, "ActorPage"),
      error: READ_PROBLEMS,
    }).annotateMerge(about("Sagas of one type, by id")),
    HttpApiEndpoint.get("picture", "/types/:type/picture", {
      params: typeParameter,
      success: SagaPicture,
      error: READ_PROBLEMS,
    })
      .annotate(Verb, "describe")
      .annotateMerge(about("A saga type as a diagram", "Mermaid, and JSON for Stately's editor.")),
    HttpApiEndpoint.get("show", "/sagas/:type/:id", {
      params: actorParameters,
      success: SagaDocument,
      error: READ_PROBLEMS,
    }).annotateMerge(about("The state of a saga, item by item")),
    HttpApiEndpoint.post("cancel", "/sagas/:type/:id/cancel", { ...verb, payload: Signed }).annotateMerge(
      about("Cancel a saga and undo its steps"),
    ),
    HttpApiEndpoint.post("retry", "/sagas/:type/:id/retry", { ...verb, payload: OnItem }).annotateMerge(
      about("Try again to undo the item at which a saga is stuck"),
    ),
    HttpApiEndpoint.post("skip", "/sagas/:type/:id/skip", { ...verb, payload: OnItem }).annotateMerge(
      about("Treat the item at which a saga is stuck as undone"),
    ),
    HttpApiEndpoint.post("resolve", "/sagas/:type/:id/resolve", {
      ...verb,
      payload: Resolution,
    }).annotateMerge(about("Give the result of a step that does not answer")),
    HttpApiEndpoint.post("abort", "/sagas/:type/:id/abort", { ...verb, payload: Signed }).annotateMerge(
      about("End a saga at once", "Steps that are not undone stay as they are."),
    ),
  )
  .annotateMerge(OpenApi.annotations({ title: "Sagas" }))

/**
 * The routes of fulfilments, with their parameters and bodies: their state, and the verbs of operators.
 *
 * Documents: SagaDocument.ts; what the routes do: SagaRoutes.ts.
 */
import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiGroup, HttpApiSchema, OpenApi } from "effect/http-api"
import {
  about,
  commandHeaders,
  cursor,
  pageSize,
  pathId,
  versionHeaders,
} from "../../http/CommandEndpoint.ts"
import { COMMAND_PROBLEMS, READ_PROBLEMS } from "../../http/Problem.ts"
import { SagaPicture, sagaOrders } from "../../http/SagaOrders.ts"
import { Accepted } from "./ParticipantDocuments.ts"
import { SagaDocument, SagaPage } from "./SagaDocument.ts"

/** Open fulfilments that one request asks for their state: the default, and the maximum. */
export const SAGAS_PER_PAGE = { default: 100, max: 500 }

const saga = { sagaId: pathId }

const command = {
  params: saga,
  headers: commandHeaders,
  success: HttpApiSchema.WithHeaders(Accepted, versionHeaders),
  error: COMMAND_PROBLEMS,
}

const { Signed, OnItem, Resolution } = sagaOrders(
  Schema.String.annotate({ description: "Name of the operator; kept with the event" }),
)

export const SagaEndpoints = HttpApiGroup.make("sagas")
  .add(
    HttpApiEndpoint.get("openSagas", "/sagas/fulfilment", {
      query: {
        state: Schema.optionalKey(
          Schema.String.annotate({ description: "Only fulfilments in this state, for example `stuck`" }),
        ),
        cursor,
        limit: pageSize(SAGAS_PER_PAGE),
      },
      success: SagaPage,
      error: READ_PROBLEMS,
    }).annotateMerge(
      about("Fulfilments under way, stuck ones included", "A page may be short and still have a `next`."),
    ),
    HttpApiEndpoint.get("picture", "/sagas/fulfilment/picture", {
      success: SagaPicture,
      error: READ_PROBLEMS,
    }).annotateMerge(about("The saga as a diagram", "Mermaid, and JSON for Stately's editor.")),
    HttpApiEndpoint.get("saga", "/sagas/fulfilment/:sagaId", {
      params: saga,
      success: SagaDocument,
      error: READ_PROBLEMS,
    }).annotateMerge(about("The current state of a fulfilment", "It has the id of its order.")),
    HttpApiEndpoint.post("cancelSaga", "/sagas/fulfilment/:sagaId/cancel", {
      ...command,
      payload: Signed,
    }).annotateMerge(about("Cancel a fulfilment and undo its steps")),
    HttpApiEndpoint.post("retry", "/sagas/fulfilment/:sagaId/retry", {
      ...command,
      payload: OnItem,
    }).annotateMerge(about("Try again to undo the item at which the fulfilment is stuck")),
    HttpApiEndpoint.post("skip", "/sagas/fulfilment/:sagaId/skip", {
      ...command,
      payload: OnItem,
    }).annotateMerge(about("Treat the item at which the fulfilment is stuck as undone")),
    HttpApiEndpoint.post("resolve", "/sagas/fulfilment/:sagaId/resolve", {
      ...command,
      payload: Resolution,
    }).annotateMerge(about("Give the result of a step that does not answer")),
    HttpApiEndpoint.post("abort", "/sagas/fulfilment/:sagaId/abort", {
      ...command,
      payload: Signed,
    }).annotateMerge(about("End a fulfilment at once", "Steps that are not undone stay as they are.")),
  )
  .annotateMerge(
    OpenApi.annotations({
      title: "Fulfilments",
      description: "State of fulfilments, and the verbs of operators.",
    }),
  )

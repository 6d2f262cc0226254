/**
 * The routes of fulfilments, their parameters and their bodies: how they are, and what operators do to one.
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
import { Accepted } from "./ParticipantDocuments.ts"
import { SagaDocument, SagaPage } from "./SagaDocument.ts"

/** Open fulfilments that one request looks at, unless asked otherwise, and at most: each is asked for its state. */
export const SAGAS_PER_PAGE = { default: 100, max: 500 }

const saga = { sagaId: pathId }

const command = {
  params: saga,
  headers: commandHeaders,
  success: HttpApiSchema.WithHeaders(Accepted, versionHeaders),
  error: COMMAND_PROBLEMS,
}

const signed = {
  by: Schema.String.annotate({ description: "Who asks; kept with the event" }),
  note: Schema.String.annotate({ description: "Why; kept with the event" }),
}
const item = { item: Schema.String.annotate({ description: "As the saga's `items` and `stuck` name it" }) }

const Signed = Schema.Struct(signed).annotate({ identifier: "Signed" })
const OnItem = Schema.Struct({ ...item, ...signed }).annotate({ identifier: "OnItem" })
const Resolution = Schema.Struct({ ...item, result: Schema.Json, ...signed }).annotate({
  identifier: "Resolution",
})

const Picture = Schema.Struct({
  mermaid: Schema.String,
  stately: Schema.Record(Schema.String, Schema.Unknown),
}).annotate({ identifier: "SagaPicture" })

export const SagaEndpoints = HttpApiGroup.make("sagas")
  .add(
    HttpApiEndpoint.get("openSagas", "/sagas/fulfilment", {
      query: {
        state: Schema.optionalKey(
          Schema.String.annotate({ description: "Only those in this state, as in `stuck`" }),
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
      success: Picture,
      error: READ_PROBLEMS,
    }).annotateMerge(about("The saga as a picture", "Mermaid, and JSON for Stately's editor.")),
    HttpApiEndpoint.get("saga", "/sagas/fulfilment/:sagaId", {
      params: saga,
      success: SagaDocument,
      error: READ_PROBLEMS,
    }).annotateMerge(about("A fulfilment as it is", "It is called like its order.")),
    HttpApiEndpoint.post("cancelSaga", "/sagas/fulfilment/:sagaId/cancel", {
      ...command,
      payload: Signed,
    }).annotateMerge(about("Give it up and undo what was done")),
    HttpApiEndpoint.post("retry", "/sagas/fulfilment/:sagaId/retry", {
      ...command,
      payload: OnItem,
    }).annotateMerge(about("Try the undoing again at which it is stuck")),
    HttpApiEndpoint.post("skip", "/sagas/fulfilment/:sagaId/skip", {
      ...command,
      payload: OnItem,
    }).annotateMerge(about("Take the undoing at which it is stuck for done")),
    HttpApiEndpoint.post("resolve", "/sagas/fulfilment/:sagaId/resolve", {
      ...command,
      payload: Resolution,
    }).annotateMerge(about("Say what came of a step that does not answer")),
    HttpApiEndpoint.post("abort", "/sagas/fulfilment/:sagaId/abort", {
      ...command,
      payload: Signed,
    }).annotateMerge(about("End it as it is", "What is not undone stays.")),
  )
  .annotateMerge(OpenApi.annotations({ title: "Fulfilments", description: "What operators see and do." }))

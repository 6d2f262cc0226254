/**
 * Documents about the integration events: `/events/catalog` for people (HTML) and programs (JSON), and
 * `/asyncapi.json`.
 */
import { Effect, type Layer } from "effect"
import { HttpRouter, HttpServerRequest, HttpServerResponse } from "effect/http"
import { asyncApiOf, type EventCatalog, eventCatalogPage } from "../../runtime/operations.ts"

const json = HttpServerResponse.jsonUnsafe

export const layerCatalogRoutes = <R>(
  events: Effect.Effect<EventCatalog, never, R>,
): Layer.Layer<never, never, HttpRouter.HttpRouter | R> =>
  HttpRouter.use(
    Effect.fnUntraced(function* (router) {
      const catalog = yield* events
      const page = eventCatalogPage(catalog)
      const asyncApi = asyncApiOf(catalog)
      yield* router.add(
        "GET",
        "/events/catalog",
        Effect.map(HttpServerRequest.HttpServerRequest, ({ headers }) =>
          prefersHtml(headers["accept"])
            ? HttpServerResponse.text(page, { contentType: "text/html; charset=utf-8", headers: VARY })
            : HttpServerResponse.setHeaders(json(catalog), VARY),
        ),
      )
      yield* router.add("GET", "/asyncapi.json", Effect.succeed(json(asyncApi)))
    }),
  )

/** Tells caches to keep the HTML and the JSON apart. */
const VARY = { vary: "accept" }

/** True if the client names HTML first, as browsers do. Programs name JSON, or nothing in particular. */
const prefersHtml = (accept = ""): boolean => {
  const html = accept.indexOf("text/html")
  const other = accept.indexOf("application/json")
  return html !== -1 && (other === -1 || html < other)
}

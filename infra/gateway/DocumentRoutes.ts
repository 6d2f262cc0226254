/**
 * The documents about a gateway: OpenAPI, the page at /docs, and the catalog of events.
 *
 * Owns where they are, and the policy of pages. What is in them: ApiDocument.ts,
 * runtime/integration/EventCatalog.ts.
 */
import { createHash } from "node:crypto"
import { Effect, Layer } from "effect"
import { HttpRouter, HttpServerResponse } from "effect/http"
import { HttpApiSwagger, OpenApi } from "effect/http-api"
import type { JsonObject } from "../../runtime/integration/PayloadSchema.ts"
import { type EventCatalog, eventCatalogOf } from "../../runtime/operations.ts"
import type { Given } from "../../runtime/system/Definitions.ts"
import { layerCatalogRoutes } from "../http/CatalogRoutes.ts"
import type { Exposure } from "./Exposure.ts"
import { GatewayApi } from "./GatewayApi.ts"
import type { PlainRoute } from "./RouteTable.ts"

/** The routes of documents. */
export const DOCUMENT_ROUTES: ReadonlyArray<PlainRoute> = (
  ["/openapi.json", "/docs", "/asyncapi.json", "/events/catalog"] as const
).map((path) => ({ method: "GET", path, verb: "describe" }))

/** The catalog of what a gateway exposes. */
export const exposedCatalog = ({ namespace, reactors }: Given, exposure: Exposure): EventCatalog =>
  eventCatalogOf({
    namespace,
    actors: [...exposure.values()].map(({ actor }) => actor),
    reactors: reactors.map(({ name, publishes }) => ({ type: name, publishes })),
  })

export const layerDocumentRoutes = (
  document: () => JsonObject,
  catalog: () => EventCatalog,
): Layer.Layer<never, never, HttpRouter.HttpRouter> => {
  // Swagger UI, not Scalar, because its package is complete and loads nothing from the network.
  const described = GatewayApi.annotate(OpenApi.Transform, document)
  return Layer.mergeAll(
    HttpApiSwagger.layer(described, { path: "/docs" }),
    HttpRouter.add("GET", "/openapi.json", () =>
      Effect.sync(() => HttpServerResponse.jsonUnsafe(document())),
    ),
    layerCatalogRoutes(Effect.sync(catalog)),
  )
}

/** The policy of a page whose scripts are in it: these scripts run, and no others. */
export const pagePolicy = (html: string): string => {
  const scripts = [...html.matchAll(/<script(?![^>]*application\/json)[^>]*>([\s\S]*?)<\/script>/g)].map(
    ([, script = ""]) => `'sha256-${createHash("sha256").update(script, "utf8").digest("base64")}'`,
  )
  return [
    "default-src 'none'",
    `script-src ${scripts.length === 0 ? "'none'" : scripts.join(" ")}`,
    // Swagger UI styles its elements one by one.
    "style-src 'unsafe-inline'",
    "img-src 'self' data:",
    "font-src data:",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join("; ")
}

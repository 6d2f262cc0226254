/** The documents about a gateway, from definitions with schemas of four libraries. */
import { createHash } from "node:crypto"
import { readFileSync } from "node:fs"
import { Validator } from "@seriousme/openapi-schema-validator"
import { describe, expect, it } from "vitest"
import { GatewayApi } from "../../../infra/gateway/GatewayApi.ts"
import { PLAIN_ROUTES } from "../../../infra/gateway/GatewayHandler.ts"
import { asUser, startGateway } from "./GatewayFixture.ts"
import { Booking, Guest, Seat } from "./Libraries.ts"

const theatre = () => startGateway({ authorize: asUser("ann") }, { actors: [Seat, Guest], sagas: [Booking] })

/** Where the reference leads to in the document. */
// biome-ignore lint/suspicious/noExplicitAny: a document of every shape
const resolved = (document: any, { $ref }: { readonly $ref: string }) =>
  $ref
    .slice(2)
    .split("/")
    .reduce((place, key) => place[key], document)

describe("GET /openapi.json", () => {
  it("is valid, and has an operation for each command with its schemas", async () => {
    const { call } = await theatre()
    const { body } = await call("GET", "/openapi.json")
    const { valid, errors } = await new Validator().validate(structuredClone(body))
    expect([errors, valid]).toEqual([undefined, true])
    const hold = body.paths["/actors/seat/{id}/Hold"].post
    expect(hold).toMatchObject({ operationId: "seat.Hold", tags: ["seat"] })
    expect(hold.parameters.map(({ name }: { name: string }) => name)).toContain("idempotency-key")
    expect(resolved(body, hold.requestBody.content["application/json"].schema)).toMatchObject({
      type: "object",
      properties: { guest: { type: "string", minLength: 1, description: "Name of the guest" } },
    })
    const [, taken] = hold.responses["422"].content["application/problem+json"].schema.allOf
    expect(taken.properties.reason.anyOf[0].enum).toEqual(["Taken"])
    expect(resolved(body, taken.properties.facts.anyOf[0])).toMatchObject({
      properties: { by: { type: "string" } },
    })
    const book = body.paths["/actors/seat/{id}/Book"].post
    const [, reply] = book.responses["200"].content["application/json"].schema.allOf
    expect(resolved(body, reply.properties.reply)).toMatchObject({
      properties: { ticket: { type: "string" } },
    })
    for (const [path, field] of [
      ["/actors/guest/{id}/LeaveNote", { text: { type: "string", minLength: 1 } }],
      ["/actors/guest/{id}/Shout", { loud: { type: "boolean" } }],
    ] as const) {
      const { schema } = body.paths[path].post.requestBody.content["application/json"]
      expect(resolved(body, schema).properties).toMatchObject(field)
    }
    expect(body.paths["/actors/booking/{id}/Start"]).toBeDefined()
  })

  it("shows only what is exposed, below the base path, with the application's own routes", async () => {
    const { call } = await startGateway(
      {
        basePath: "/api",
        expose: { seat: ["Hold"] },
        openapi: {
          openapi: "3.1.0",
          paths: { "/tickets": { get: { responses: { 200: { $ref: "#/components/schemas/Answered" } } } } },
          components: { schemas: { Answered: { type: "string" }, Own: { type: "number" } } },
        },
      },
      { actors: [Seat, Guest], sagas: [Booking] },
    )
    const { body } = await call("GET", "/api/openapi.json")
    expect(body.servers).toEqual([{ url: "/api" }])
    const actors = Object.keys(body.paths).filter((path) => /^\/actors\/[a-z]/.test(path))
    expect(actors).toEqual(["/actors/seat/{id}/Hold", "/actors/seat/{id}/Hold/dry-run"])
    const { schemas } = body.components
    expect([schemas["app.Answered"], schemas.Own]).toEqual([{ type: "string" }, { type: "number" }])
    expect(body.paths["/tickets"].get.responses["200"]).toEqual({ $ref: "#/components/schemas/app.Answered" })
  })
})

describe("GET /docs", () => {
  it("is a page whose policy allows its own scripts and no others, and no frame", async () => {
    const { call } = await theatre()
    const { body, headers } = await call("GET", "/docs")
    expect(body).toContain("/actors/seat/{id}/Hold")
    const policy = headers.get("content-security-policy") ?? ""
    expect(policy).toContain("frame-ancestors 'none'")
    expect(policy).not.toContain("script-src 'unsafe-inline'")
    const scripts = [...body.matchAll(/<script>([\s\S]*?)<\/script>/g)].map(([, script]) => script)
    expect(scripts.length).toBeGreaterThan(0)
    for (const script of scripts) {
      expect(policy).toContain(`'sha256-${createHash("sha256").update(script).digest("base64")}'`)
    }
  })
})

describe("the catalog of events", () => {
  it("is there as JSON, as a page, and as AsyncAPI", async () => {
    const { call } = await theatre()
    const { body } = await call("GET", "/events/catalog")
    const held = body.domainEvents.find(({ type }: { type: string }) => type === "SeatHeld")
    expect(held).toMatchObject({ actorType: "seat", version: 1, schema: { json: { type: "object" } } })
    const page = await call("GET", "/events/catalog", undefined, { accept: "text/html" })
    expect(page.headers.get("content-security-policy")).toContain("script-src 'none'")
    expect(page.body).toContain("SeatHeld")
    expect((await call("GET", "/asyncapi.json")).body.asyncapi).toMatch(/^3\./)
  })
})

describe("docs/OPERATIONS.md", () => {
  interface Route {
    readonly method: string
    readonly path: string
  }
  const routeText = ({ method, path }: Route) => `${method} ${path.replace(/:\w+|\{\w+\}/g, "{}")}`
  const known = new Set(
    [
      ...Object.values(GatewayApi.groups).flatMap(
        ({ endpoints }): ReadonlyArray<Route> => Object.values(endpoints),
      ),
      ...PLAIN_ROUTES,
    ].map(routeText),
  )

  /**
   * The routes in the first column of the table. A path without a method has the one before it, and a path that is no
   * route takes the place of the last part of the path before it.
   */
  const tableRoutes = (table: string): ReadonlyArray<string> => {
    const found: Array<string> = []
    for (const [, column = ""] of table.matchAll(/^\| (`.*?) \|/gm)) {
      let [method, before] = ["", ""]
      for (const [, said, path = ""] of column.matchAll(/`(?:([A-Z]+) )?(\/[^`?]*)[^`]*`/g)) {
        method = said ?? method
        const isWhole = known.has(routeText({ method, path }))
        before = isWhole ? path : before.replace(/\/[^/]*$/, path)
        found.push(routeText({ method, path: before }))
      }
    }
    return found
  }

  it("names every route of a gateway, and no other", () => {
    const page = readFileSync(new URL("../../../docs/OPERATIONS.md", import.meta.url), "utf8")
    const table = page.split("\n### ").find((chapter) => chapter.startsWith("Routes\n")) ?? ""
    expect([...new Set(tableRoutes(table))].sort()).toEqual([...known].sort())
  })
})

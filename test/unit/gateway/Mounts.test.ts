/** A gateway mounted in Hono, Fastify and Express, as their users mount a handler. */
import { once } from "node:events"
import { createServer, type Server } from "node:http"
import type { AddressInfo } from "node:net"
import express from "express"
import fastify from "fastify"
import { Hono } from "hono"
import { expect, it, onTestFinished } from "vitest"
import { makeGateway } from "../../../infra/http.ts"
import { startMemory } from "../../fixtures/memory/MemorySystem.ts"
import { asUser, type Call, callOf } from "./GatewayFixture.ts"

const mounted = async () => {
  const { system } = await startMemory({ directory: true })
  const gateway = makeGateway(system, { basePath: "/api", authorize: asUser("ann") })
  onTestFinished(() => gateway.close())
  return gateway
}

const listening = async (server: Server): Promise<string> => {
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** What every mount must do. */
const works = async (call: Call, fetchIt: (path: string) => Promise<Response>) => {
  expect((await call("GET", "/own")).body).toBe("the application's own")
  const added = await call("POST", "/api/actors/counter/a/Add?via=ask", { by: 2 }, { "idempotency-key": "k" })
  expect([added.status, added.body.reply]).toEqual([200, { total: 2 }])
  const again = await call("POST", "/api/actors/counter/a/Add", { by: 2 }, { "idempotency-key": "k" })
  expect(again.body.duplicate).toBe(true)
  expect((await call("GET", "/api/actors/counter/a")).body.context).toMatchObject({ total: 2 })
  expect((await call("POST", "/api/actors/counter/a/Refuse", {})).status).toBe(422)
  expect((await call("GET", "/api/nowhere")).body.type).toBe("urn:everstate:problem:route-not-found")
  const foreign = await call(
    "POST",
    "/api/actors/counter/a/Add",
    { by: 2 },
    { origin: "http://evil.example" },
  )
  expect(foreign.status).toBe(403)
  expect((await call("POST", "/api/actors/counter/a/Note", { text: "x".repeat(300_000) })).status).toBe(413)
  const stream = await fetchIt("/api/actors/counter/a/watch")
  const reader = stream.body?.getReader()
  let text = ""
  while (!text.includes("event: change")) text += new TextDecoder().decode((await reader?.read())?.value)
  await reader?.cancel()
}

it("mounts in Hono", async () => {
  const gateway = await mounted()
  const app = new Hono()
  app.get("/own", (context) => context.text("the application's own"))
  app.all("/api/*", (context) => gateway.fetch(context.req.raw))
  const fetchIt = async (request: Request) => app.fetch(request)
  await works(callOf(fetchIt), (path) => fetchIt(new Request(`http://localhost${path}`)))
})

it("mounts in Express", async () => {
  const gateway = await mounted()
  const app = express()
  app.get("/own", (_, response) => void response.send("the application's own"))
  app.all("/api/{*path}", gateway.node)
  // Parsers of bodies come after the gateway, which reads its own.
  app.use(express.json())
  const url = await listening(createServer(app))
  await works(callOf(fetch, url), (path) => fetch(url + path))
})

it("mounts in Fastify", async () => {
  const gateway = await mounted()
  const app = fastify()
  app.get("/own", async () => "the application's own")
  await app.register(async (scope) => {
    // The gateway reads bodies itself.
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser("*", (_, __, done) => done(null))
    scope.all("/api/*", (request, reply) => {
      reply.hijack()
      gateway.node(request.raw, reply.raw)
    })
  })
  onTestFinished(() => app.close())
  const url = await app.listen({ port: 0, host: "127.0.0.1" })
  await works(callOf(fetch, url), (path) => fetch(url + path))
})

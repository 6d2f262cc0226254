/** Attacks on a gateway: each line is what an attacker would try, and what the attacker gets. */
import { describe, expect, it } from "vitest"
import { assign, setup } from "xstate"
import { type AccessRequest, makeGateway, refuseAccess } from "../../../infra/http.ts"
import { defineActor } from "../../../runtime/define.ts"
import { startMemory } from "../../fixtures/memory/MemorySystem.ts"
import { asUser, callOf, countIn, startGateway } from "./GatewayFixture.ts"

const problemOf = ({ body }: { readonly body: { readonly type?: string } }) =>
  body.type?.replace("urn:everstate:problem:", "")

describe("a page of another site", () => {
  it("does not reach the gateway under a name of its own", async () => {
    const { gateway } = await startGateway({ authorize: asUser("ann"), allowedHosts: ["shop.example"] })
    for (const [origin, status] of [
      ["http://evil.example", 421],
      ["http://shop.example.evil.example", 421],
      ["http://shop.example", 200],
      ["http://localhost:3000", 200],
      ["http://[::1]:3000", 200],
    ] as const) {
      expect([origin, (await callOf(gateway.fetch, origin)("GET", "/types")).status]).toEqual([
        origin,
        status,
      ])
    }
    const named = await callOf(gateway.fetch)("GET", "/types", undefined, { host: "evil.example" })
    expect([named.status, problemOf(named)]).toEqual([421, "foreign-host"])
  })

  it("changes nothing, whatever a browser lets it send", async () => {
    const { call } = await startGateway({ authorize: asUser("ann") })
    const attacks: ReadonlyArray<readonly [Record<string, string>, number]> = [
      [{ origin: "http://evil.example" }, 403],
      [{ origin: "null" }, 403],
      [{ "sec-fetch-site": "cross-site" }, 403],
      [{ "sec-fetch-site": "same-site" }, 403],
      [{ "content-type": "text/plain" }, 415],
      [{ "content-type": "application/x-www-form-urlencoded" }, 415],
      [{ "content-type": "multipart/form-data; boundary=x" }, 415],
    ]
    for (const [headers, status] of attacks) {
      const answer = await call("POST", "/actors/counter/a/Add", { by: 1 }, headers)
      expect([headers, answer.status]).toEqual([headers, status])
    }
    expect((await call("GET", "/actors/counter/a")).status).toBe(404)
  })

  it("pauses no type by a request without a body and a content type", async () => {
    const { gateway, system } = await startGateway({ authorize: asUser("ann") })
    const answer = await gateway.fetch(
      new Request("http://localhost/types/counter/pause", { method: "POST" }),
    )
    expect(answer.status).toBe(415)
    const custom = new Request("http://localhost/types/counter/pause", {
      method: "POST",
      headers: { "x-everstate": "1" },
    })
    expect((await gateway.fetch(custom)).status).toBe(204)
    expect((await system.cluster.status()).paused).toEqual(["counter"])
  })
})

describe("routes of the application", () => {
  it("are behind the same checks, and are counted", async () => {
    const reached: Array<string> = []
    const { call, gateway } = await startGateway({
      authorize: asUser("ann"),
      routes: (request, { user }) => {
        const { pathname } = new URL(request.url)
        if (pathname !== "/own") return undefined
        reached.push(`${request.method} ${user} ${request.headers.get("x-user")}`)
        return Response.json({}, { status: 299 })
      },
    })
    const attacks: ReadonlyArray<readonly [Record<string, string>, number]> = [
      [{ host: "evil.example" }, 421],
      [{ origin: "http://evil.example" }, 403],
      [{ "sec-fetch-site": "cross-site" }, 403],
      [{ "content-type": "text/plain" }, 415],
    ]
    for (const [headers, status] of attacks) {
      expect([headers, (await call("POST", "/own", {}, headers)).status]).toEqual([headers, status])
    }
    const bare = new Request("http://localhost/own", { method: "POST" })
    expect((await gateway.fetch(bare)).status).toBe(415)
    expect((await call("POST", "/own", "x".repeat(300_000))).status).toBe(413)
    expect(reached).toEqual([])
    expect((await call("POST", "/own", {}, { "x-user": "root" })).status).toBe(299)
    expect(reached).toEqual(["POST ann ann"])
    expect((await call("GET", "/metrics")).body).toMatch(
      /^everstate_http_request_duration_seconds_count\{method="POST",status="299"\} 1$/m,
    )
  })
})

describe("a gateway without authorize", () => {
  it("refuses operators' verbs to callers that may be anywhere", async () => {
    const { call } = await startGateway()
    for (const [method, path] of [
      ["GET", "/cluster"],
      ["GET", "/dead-letters"],
      ["GET", "/metrics"],
      ["POST", "/types/counter/pause"],
      ["POST", "/cluster/members/m/drain"],
      ["POST", "/actors/counter/a/passivate"],
      ["DELETE", "/dead-letters?reason=Rejected"],
    ] as const) {
      const answer = await call(method, path)
      expect([method, path, answer.status, problemOf(answer)]).toEqual([method, path, 403, "forbidden"])
    }
    expect((await call("POST", "/actors/counter/a/Add", { by: 1 })).status).toBe(200)
    expect((await call("GET", "/healthz")).status).toBe(200)
  })

  it("listens on no address that others can reach", async () => {
    const { gateway } = await startGateway()
    for (const host of ["0.0.0.0", "::", "10.0.0.1", "shop.example", "127.evil.example"]) {
      await expect(gateway.listen({ host })).rejects.toMatchObject({
        _tag: "InvalidGatewayOption",
        option: "host",
      })
    }
  })
})

describe("authorize", () => {
  it("is asked what the request wants, before anything happens", async () => {
    const asked: Array<Omit<AccessRequest, "request">> = []
    const { call } = await startGateway({
      authorize: ({ request, ...rest }) => {
        expect(request.body).toBeNull()
        asked.push(rest)
        return refuseAccess("unauthenticated")
      },
    })
    const answers = [
      await call("POST", "/actors/counter/a/Add", { by: 1 }),
      await call("POST", "/actors/counter/a/Add?via=tell", { by: 1 }),
      await call("GET", "/actors/counter/a"),
      await call("GET", "/types"),
      await call("POST", "/dead-letters/3/redrive"),
      await call("GET", "/cluster"),
    ]
    expect(answers.map(({ status }) => status)).toEqual([401, 401, 401, 401, 401, 401])
    expect(answers[0]?.headers.get("www-authenticate")).toBe("Bearer")
    const actor = { type: "counter", id: "a" }
    expect(asked).toEqual([
      { verb: "ask", operation: "actors.ask", ...actor, command: "Add" },
      { verb: "tell", operation: "actors.ask", ...actor, command: "Add" },
      { verb: "read", operation: "actors.read", ...actor },
      { verb: "describe", operation: "directory.types" },
      { verb: "operate", operation: "deadLetters.redrive" },
      { verb: "inspect", operation: "cluster.cluster" },
    ])
  })

  it("fails closed if it throws", async () => {
    const { call } = await startGateway(
      {
        authorize: () => {
          throw new Error("no answer from the identity provider")
        },
      },
      { logs: [] },
    )
    const answer = await call("POST", "/actors/counter/a/Add", { by: 1 })
    expect([answer.status, problemOf(answer)]).toEqual([500, "internal"])
    expect(JSON.stringify(answer.body)).not.toContain("identity provider")
  })

  it("names the user; what the client says of itself yields", async () => {
    const { call } = await startGateway({ authorize: asUser("ann") })
    await call("POST", "/actors/counter/a/Add", { by: 1 }, { "x-user": "root" })
    expect((await call("GET", "/actors/counter/a/history")).body.items).toMatchObject([{ user: "ann" }])
  })

  it("names nobody, and the client cannot name itself", async () => {
    const own: Array<string | null> = []
    const { call } = await startGateway({
      authorize: () => ({ user: undefined }),
      routes: (request) => {
        own.push(request.headers.get("x-user"))
        return Response.json({})
      },
    })
    const root = { "x-user": "root" }
    await call("POST", "/actors/counter/a/Add", { by: 1 }, root)
    await call("PUT", "/actors/counter/b", {}, root)
    await call("POST", "/types/counter/pause", {}, root)
    await call("POST", "/own", {}, root)
    const { birth, items } = (await call("GET", "/actors/counter/a/history")).body
    expect(items).toHaveLength(1)
    const { items: operations } = (await call("GET", "/operations")).body
    expect(operations).toMatchObject([{ verb: "cluster.pause", by: null }])
    expect(JSON.stringify([birth, items, operations])).not.toContain("root")
    expect(own).toEqual([null])
  })

  it("is absent: what the client says of itself counts", async () => {
    const { call } = await startGateway()
    await call("POST", "/actors/counter/a/Add", { by: 1 }, { "x-user": "ann" })
    expect((await call("GET", "/actors/counter/a/history")).body.items).toMatchObject([{ user: "ann" }])
  })
})

describe("what is not exposed", () => {
  it("does not exist for callers", async () => {
    const { call } = await startGateway({ expose: { counter: ["Add"] }, authorize: asUser("ann") })
    expect((await call("POST", "/actors/counter/a/Close", {})).status).toBe(404)
    expect((await call("POST", "/actors/counter/a/Add", { by: 1 })).status).toBe(200)
    const [counter] = (await call("GET", "/types")).body.items
    expect(counter.commands).toMatchObject([{ name: "Add" }])
    const { call: closed } = await startGateway({ expose: [], authorize: asUser("ann") })
    for (const path of ["/actors/counter/a", "/actors/counter/a/history", "/actors/counter/a/at?version=1"]) {
      expect((await closed("GET", path)).status).toBe(404)
    }
    expect((await closed("GET", "/types")).body.items).toEqual([])
  })

  it("does not exist for operators' verbs on a type", async () => {
    const { call, system } = await startGateway({ expose: [], authorize: asUser("ann") })
    for (const path of ["/types/counter/pause", "/types/counter/resume", "/actors/counter/a/passivate"]) {
      expect([path, (await call("POST", path, {})).status]).toEqual([path, 404])
    }
    expect((await system.cluster.status()).paused).toEqual([])
  })

  it("is an error at the start if the system has no such type", async () => {
    const { system } = await startMemory()
    expect(() => makeGateway(system, { expose: ["contre"] })).toThrow(/no type "contre"/)
  })
})

describe("the metrics", () => {
  /** Its events are its commands, and it takes every event. */
  const Listener = defineActor({
    type: "listener",
    machine: setup({
      types: { context: {} as { count: number }, events: {} as { type: "Known" } | { type: string } },
    }).createMachine({
      context: { count: 0 },
      on: {
        Known: { actions: assign({ count: ({ context }) => context.count + 1 }) },
        "*": { actions: assign({ count: ({ context }) => context.count + 1 }) },
      },
    }),
  })

  it("do not grow with the words that callers choose", async () => {
    const { gateway, call } = await startGateway({ authorize: asUser("ann") }, { actors: [Listener] })
    const commands = ["Known", "Chosen1", "Chosen2", "constructor"]
    const before = (await call("GET", "/metrics")).body
    for (const command of commands) {
      expect([command, (await call("POST", `/actors/listener/a/${command}`, {})).status]).toEqual([
        command,
        200,
      ])
    }
    for (const method of ["CHOSEN3", "CHOSEN4"]) {
      await gateway.fetch(new Request("http://localhost/types", { method, headers: { "x-everstate": "1" } }))
    }
    const { body } = await call("GET", "/metrics")
    const added = (series: string) => countIn(body, series) - countIn(before, series)
    expect(added('everstate_ask_duration_seconds_count{command="Known",outcome="accepted"}')).toBe(1)
    expect(added('everstate_ask_duration_seconds_count{command="other",outcome="accepted"}')).toBe(3)
    expect(added('everstate_http_request_duration_seconds_count{method="other",status="405"}')).toBe(2)
    expect(body).not.toMatch(/chosen|constructor/i)
  })
})

describe("every answer", () => {
  it("forbids sniffing and framing, and names its request", async () => {
    const { call } = await startGateway()
    for (const path of ["/types", "/nowhere", "/cluster", "/healthz"]) {
      const { headers } = await call("GET", path, undefined, { "x-correlation-id": "r-1" })
      expect(headers.get("x-content-type-options")).toBe("nosniff")
      expect(headers.get("content-security-policy")).toContain("frame-ancestors 'none'")
      expect(headers.get("x-correlation-id")).toBe("r-1")
    }
  })

  it("is a problem document if it is an error", async () => {
    const { call } = await startGateway()
    for (const [method, path, status] of [
      ["GET", "/nowhere", 404],
      ["DELETE", "/types", 405],
      ["PATCH", "/types", 405],
      ["GET", "/actors/counter/%00", 400],
      ["GET", "/actors/counter/%ZZ", 404],
      ["GET", `/actors/counter/${"x".repeat(300)}`, 400],
    ] as const) {
      const answer = await call(method, path)
      expect([method, path, answer.status]).toEqual([method, path, status])
      expect(answer.headers.get("content-type")).toContain("application/problem+json")
    }
    expect((await call("DELETE", "/types")).headers.get("allow")).toBe("GET")
  })

  it("to a body over the limit is 413 and ends the connection", async () => {
    const { call, gateway } = await startGateway()
    const large = await call("POST", "/actors/counter/a/Note", { text: "x".repeat(300_000) })
    expect([large.status, large.headers.get("connection")]).toEqual([413, "close"])
    // A body of unknown length is counted while it comes.
    let isCancelled = false
    const endless = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(new Uint8Array(64 * 1_024)),
      cancel: () => {
        isCancelled = true
      },
    })
    const request = new Request("http://localhost/actors/counter/a/Note", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: endless,
      duplex: "half",
    })
    expect((await gateway.fetch(request)).status).toBe(413)
    expect(isCancelled).toBe(true)
  })
})

describe("a base path", () => {
  it("is part of every path", async () => {
    const { call } = await startGateway({ basePath: "/api/" })
    expect((await call("GET", "/api/types")).status).toBe(200)
    expect((await call("GET", "/types")).status).toBe(404)
    expect((await call("GET", "/apitypes")).status).toBe(404)
    expect((await call("POST", "/api/actors/counter/a/Add", { by: 1 })).status).toBe(200)
  })
})

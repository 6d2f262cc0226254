/** Types, commands, states and the past of any actor over HTTP, from its definition alone. */
import { describe, expect, it } from "vitest"
import { asUser, startGateway } from "./GatewayFixture.ts"

describe("GET /types", () => {
  it("shows charts and schemas", async () => {
    const { call } = await startGateway()
    const { status, body } = await call("GET", "/types")
    expect(status).toBe(200)
    const [counter] = body.items
    expect(counter).toMatchObject({ type: "counter", kind: "actor", input: null })
    expect(counter.chart).toMatchObject({
      type: "compound",
      initial: "open",
      states: [
        {
          key: "open",
          type: "atomic",
          transitions: expect.arrayContaining([
            expect.objectContaining({ event: "Closed", targets: ["counter.closed"] }),
          ]),
        },
        { key: "closed", transitions: [] },
      ],
    })
    expect(counter.commands.find(({ name }: { name: string }) => name === "Note")).toMatchObject({
      payload: { type: "object", properties: { text: { type: "string" } }, required: ["text"] },
    })
    expect((await call("GET", "/types/counter")).body).toEqual(counter)
    expect((await call("GET", "/types/nothing")).body.type).toBe("urn:everstate:problem:unknown-type")
  })
})

describe("POST /actors/{type}/{id}/{Command}", () => {
  it("answers when the events are durable", async () => {
    const { call } = await startGateway()
    const answer = await call("POST", "/actors/counter/a/Add", { by: 3 }, { "idempotency-key": "k1" })
    expect(answer.body).toMatchObject({
      type: "counter",
      id: "a",
      version: 1,
      reply: { total: 3 },
      duplicate: false,
    })
    expect([answer.status, answer.headers.get("etag")]).toEqual([200, '"1"'])
    const again = await call("POST", "/actors/counter/a/Add", { by: 3 }, { "idempotency-key": "k1" })
    expect(again.body).toMatchObject({ version: 1, reply: { total: 3 }, duplicate: true })
  })

  it("refuses: rejections 422, conflicts 409 and 412, unknown names 404, bad payloads 400", async () => {
    const { call } = await startGateway()
    await call("POST", "/actors/counter/a/Add", { by: 3 }, { "idempotency-key": "k1" })
    const answers = await Promise.all([
      call("POST", "/actors/counter/a/Refuse", {}),
      call("POST", "/actors/counter/a/Add", { by: 4 }, { "idempotency-key": "k1" }),
      call("POST", "/actors/counter/a/Add", { by: 4 }, { "if-match": '"7"' }),
      call("POST", "/actors/counter/a/Nonsense", {}),
      call("POST", "/actors/nothing/a/Add", {}),
      call("POST", "/actors/counter/a/Add", { by: "x" }),
      call("POST", "/actors/counter/a/Add", "{"),
      call("POST", "/actors/counter/a%00b/Add", { by: 1 }),
    ])
    expect(answers.map(({ status }) => status)).toEqual([422, 409, 412, 404, 404, 400, 400, 400])
    for (const { headers } of answers)
      expect(headers.get("content-type")).toContain("application/problem+json")
    expect(answers[0]?.body).toMatchObject({ reason: "NotToday", facts: { try: "tomorrow" }, state: "open" })
  })

  it("stores a told command, and answers 202", async () => {
    const { call } = await startGateway()
    const path = "/actors/counter/a/Add?via=tell"
    expect((await call("POST", path, { by: 2 }, { "if-match": '"7"' })).status).toBe(400)
    const told = await call("POST", path, { by: 2 }, { "idempotency-key": "t1" })
    expect([told.status, told.body]).toEqual([202, { type: "counter", id: "a", commandId: "t1" }])
    const other = await call("POST", "/actors/counter/a/Add", { by: 2 }, { prefer: "respond-async" })
    expect(other.status).toBe(202)
    expect((await call("POST", "/actors/counter/a/Add", { by: 2 }, { prefer: "wait=5" })).status).toBe(200)
    expect((await call("POST", "/actors/counter/a/Add", { by: 2 }, { prefer: "wait=x" })).status).toBe(400)
  })
})

describe("GET /actors/{type}/{id}", () => {
  it("has the state, and 304 for the same version", async () => {
    const { call } = await startGateway()
    expect((await call("GET", "/actors/counter/a")).status).toBe(404)
    await call("POST", "/actors/counter/a/Add", { by: 3 })
    const { body, headers } = await call("GET", "/actors/counter/a")
    expect(body).toMatchObject({ type: "counter", id: "a", version: 1, state: "open", context: { total: 3 } })
    const etag = headers.get("etag") ?? ""
    const again = await call("GET", "/actors/counter/a", undefined, { "if-none-match": etag })
    expect([again.status, again.body]).toEqual([304, ""])
  })

  it("has the past", async () => {
    const { call } = await startGateway({ authorize: asUser("Jürg 김") })
    for (const by of [1, 2, 3]) await call("POST", "/actors/counter/a/Add", { by })
    expect((await call("GET", "/actors/counter/a/at?version=2")).body).toMatchObject({
      version: 2,
      context: { total: 3 },
    })
    const { body } = await call("GET", "/actors/counter/a/history?limit=2")
    expect(body.birth).toBeDefined()
    expect(body.items).toMatchObject([
      { version: 1, type: "Added", data: { by: 1 }, user: "Jürg 김" },
      { version: 2 },
    ])
    const rest = await call("GET", `/actors/counter/a/history?cursor=${body.next}`)
    expect(rest.body.items).toMatchObject([{ version: 3 }])
    expect(rest.body.next).toBeUndefined()
    const at = (query: string) => call("GET", `/actors/counter/a/at?${query}`)
    expect((await at("version=1")).headers.get("etag")).toBe('"1"')
    expect((await at("time=2999-01-01T00:00:00Z")).body).toMatchObject({ version: 3, at: expect.any(String) })
    expect((await at("time=2999-01-01T09:00:00+09:00")).body).toMatchObject({ version: 3 })
    expect((await at("time=2000-01-01T00:00:00Z")).status).toBe(404)
    for (const query of ["", "time=yesterday", "version=1&time=2999-01-01T00:00:00Z"]) {
      expect((await at(query)).status).toBe(400)
    }
    expect((await call("GET", "/actors/counter/a/history?cursor=x")).status).toBe(400)
  })
})

/** Commands whose outcome is unknown, and commands that find no room: what the caller is told, and can do. */
import { expect, it } from "vitest"
import { Busy } from "../../../runtime/cell/AskError.ts"
import { QUEUE_ITEMS_MAX } from "../../../runtime/cell/Waiting.ts"
import { LeaseConflict } from "../../../runtime/cluster/Leases.ts"
import { Counter } from "../../fixtures/memory/Counter.ts"
import { asUser, startGateway } from "./GatewayFixture.ts"

it("a command without an answer in time is 504, with the key under which it can be sent again", async () => {
  const { call, journal } = await startGateway({ authorize: asUser("ann") })
  await call("POST", "/actors/counter/a/Add", { by: 1 })
  const goOn = journal.hold()
  const late = await call("POST", "/actors/counter/a/Add", { by: 2 }, { prefer: "wait=1" })
  expect([late.status, late.body.type]).toEqual([504, "urn:everstate:problem:timeout"])
  expect(late.headers.get("retry-after")).toBe("1")
  const key = late.body.idempotencyKey
  expect(key).toMatch(/^[\w-]{10,}$/)
  goOn()
  const again = await call("POST", "/actors/counter/a/Add", { by: 2 }, { "idempotency-key": key })
  expect([again.status, again.body.version]).toEqual([200, 2])
  expect((await call("GET", "/actors/counter/a")).body.context.total).toBe(3)
})

it("a command that finds no room is 429 with Retry-After", async () => {
  const { call, journal } = await startGateway({ authorize: asUser("ann") })
  await call("POST", "/actors/counter/a/Add", { by: 1 })
  const goOn = journal.hold()
  const waiting = Array.from({ length: QUEUE_ITEMS_MAX + 50 }, () =>
    call("POST", "/actors/counter/a/Add", { by: 1 }, { prefer: "wait=20" }),
  )
  const refused = await Promise.race(waiting)
  expect([refused.status, refused.body.type]).toEqual([429, "urn:everstate:problem:busy"])
  expect(refused.headers.get("retry-after")).toBe("1")
  goOn()
  const statuses = new Set((await Promise.all(waiting)).map(({ status }) => status))
  expect(statuses).toEqual(new Set([200, 429]))
})

it("what the application's own routes throw is a problem: typed errors as the gateway has them, others without their text and logged once", async () => {
  const logs: Array<string> = []
  const counter = { actorType: "counter", id: "a" }
  const thrown: { readonly [path: string]: () => unknown } = {
    "/rejected": () => system.get(Counter, "a").ask({ type: "Refuse" }),
    "/conflict": () => system.get(Counter, "a").ask({ type: "Add", by: 1 }, { ifVersion: 7 }),
    "/reused": () => system.get(Counter, "a").ask({ type: "Add", by: 2 }, { commandId: "first" }),
    "/busy": () => Promise.reject(new Busy({ ...counter, queue: "Actor", limitCount: 9 })),
    "/lease": () => {
      throw new LeaseConflict({ key: "slot.1" })
    },
    "/broken": () => Promise.reject(new Error("password of the bank")),
    "/nothing": () => ({ no: "Response" }),
  }
  const { system, call } = await startGateway(
    {
      authorize: asUser("ann"),
      routes: async ({ url }) => (await thrown[new URL(url).pathname]?.()) as Response | undefined,
    },
    { logs },
  )
  await system.get(Counter, "a").ask({ type: "Add", by: 1 }, { commandId: "first" })
  const answered = async (path: string, headers?: Record<string, string>) => {
    const { status, body, headers: given } = await call("POST", path, {}, headers)
    expect(given.get("content-type")).toBe("application/problem+json")
    return [status, body.type.replace("urn:everstate:problem:", ""), given.get("retry-after")]
  }
  expect(await answered("/rejected")).toEqual([422, "rejected", null])
  expect(await answered("/conflict")).toEqual([409, "version-conflict", null])
  expect(await answered("/conflict", { "if-match": '"7"' })).toEqual([412, "version-conflict", null])
  expect(await answered("/reused")).toEqual([409, "idempotency-key-reused", null])
  expect(await answered("/busy")).toEqual([429, "busy", "1"])
  expect(await answered("/lease")).toEqual([409, "conflict", null])
  expect(logs.filter((line) => line.includes("failed"))).toEqual([])
  expect(await answered("/broken")).toEqual([500, "internal", null])
  expect(JSON.stringify((await call("POST", "/broken", {})).body)).not.toContain("bank")
  expect(await answered("/nothing")).toEqual([500, "internal", null])
  expect(logs.filter((line) => line.includes("failed"))).toEqual([
    "POST /broken failed,Error: password of the bank",
    "POST /broken failed,Error: password of the bank",
    expect.stringMatching(/^POST \/nothing failed,TypeError/),
  ])
})

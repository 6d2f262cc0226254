/** Commands whose outcome is unknown, and commands that find no room: what the caller is told, and can do. */
import { expect, it } from "vitest"
import { QUEUE_ITEMS_MAX } from "../../../runtime/cell/Waiting.ts"
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

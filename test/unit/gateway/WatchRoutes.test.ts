/** Following an actor over HTTP: changes in order, going on after a break, and the end of streams. */
import { describe, expect, it } from "vitest"
import { eventually } from "../../fixtures/memory/MemorySystem.ts"
import { startGateway } from "./GatewayFixture.ts"

interface SentEvent {
  readonly event: string
  readonly id: string | undefined
  // biome-ignore lint/suspicious/noExplicitAny: tests look into data of every shape
  readonly data: any
}

/** Reads a stream of server-sent events. */
class EventReader {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>
  readonly #decoder = new TextDecoder()
  #text = ""

  constructor(response: Response) {
    if (response.body === null) throw new Error("the answer has no body")
    this.#reader = response.body.getReader()
  }

  /** The next event; undefined at the end. */
  async next(): Promise<SentEvent | undefined> {
    for (;;) {
      const end = this.#text.indexOf("\n\n")
      if (end >= 0) {
        const block = this.#text.slice(0, end)
        this.#text = this.#text.slice(end + 2)
        const field = (name: string) => new RegExp(`^${name}: (.*)$`, "m").exec(block)?.[1]
        const data = field("data")
        if (data !== undefined)
          return { event: field("event") ?? "", id: field("id"), data: JSON.parse(data) }
        continue
      }
      const part = await this.#reader.read()
      if (part.done) return undefined
      this.#text += this.#decoder.decode(part.value, { stream: true })
    }
  }

  cancel(): Promise<void> {
    return this.#reader.cancel()
  }
}

const follow = async (
  fetch: (request: Request) => Promise<Response>,
  path: string,
  headers: Record<string, string> = {},
) => {
  const response = await fetch(new Request(`http://localhost${path}`, { headers }))
  expect([response.status, response.headers.get("content-type")]).toEqual([200, "text/event-stream"])
  return new EventReader(response)
}

describe("GET /actors/{type}/{id}/watch", () => {
  it("sends the state, then every change, in order", async () => {
    const { gateway, call } = await startGateway()
    await call("POST", "/actors/counter/a/Add", { by: 1 })
    const stream = await follow(gateway.fetch, "/actors/counter/a/watch")
    expect(await stream.next()).toMatchObject({
      event: "change",
      id: "1",
      data: { type: "counter", id: "a", version: 1, state: "open", context: { total: 1 }, events: [] },
    })
    await call("POST", "/actors/counter/a/Add", { by: 2 })
    await call("POST", "/actors/counter/a/Close", {})
    expect(await stream.next()).toMatchObject({
      id: "2",
      data: { context: { total: 3 }, events: [{ type: "Added", data: { by: 2 } }], skipped: 0 },
    })
    expect(await stream.next()).toMatchObject({ id: "3", data: { state: "closed" } })
    await stream.cancel()
  })

  it("goes on after Last-Event-ID", async () => {
    const { gateway, call } = await startGateway()
    for (const by of [1, 2, 3]) await call("POST", "/actors/counter/a/Add", { by })
    const stream = await follow(gateway.fetch, "/actors/counter/a/watch", { "last-event-id": "1" })
    expect(await stream.next()).toMatchObject({ id: "2", data: { context: { total: 3 } } })
    expect(await stream.next()).toMatchObject({ id: "3", data: { context: { total: 6 } } })
    await stream.cancel()
    expect((await call("GET", "/actors/counter/a/watch", undefined, { "last-event-id": "x" })).status).toBe(
      400,
    )
    expect((await call("GET", "/actors/nothing/a/watch")).status).toBe(404)
  })

  it("ends when the gateway closes, and frees what a client leaves", async () => {
    const { gateway, call, system } = await startGateway()
    await call("POST", "/actors/counter/a/Add", { by: 1 })
    const left = await follow(gateway.fetch, "/actors/counter/a/watch")
    await left.next()
    await left.cancel()
    const stream = await follow(gateway.fetch, "/actors/counter/a/watch")
    await stream.next()
    await eventually(async () => (await system.status()).watches.waitingCount === 1)
    await gateway.close()
    expect(await stream.next()).toBeUndefined()
    await eventually(async () => (await system.status()).watches.waitingCount === 0)
  })
})

describe("GET /actors/{type}/{id}/events", () => {
  it("sends the history, then what happens", async () => {
    const { gateway, call } = await startGateway()
    for (const by of [1, 2]) await call("POST", "/actors/counter/a/Add", { by })
    const stream = await follow(gateway.fetch, "/actors/counter/a/events")
    expect(await stream.next()).toMatchObject({
      event: "event",
      id: "1",
      data: { type: "Added", version: 1 },
    })
    expect(await stream.next()).toMatchObject({ id: "2" })
    await call("POST", "/actors/counter/a/Add", { by: 3 })
    expect(await stream.next()).toMatchObject({ id: "3", data: { data: { by: 3 } } })
    await stream.cancel()
    const later = await follow(gateway.fetch, "/actors/counter/a/events?from=3")
    expect(await later.next()).toMatchObject({ id: "3" })
    await later.cancel()
  })

  it("goes on after Last-Event-ID, whatever the first request was from", async () => {
    const { gateway, call } = await startGateway()
    for (const by of [1, 2, 3]) await call("POST", "/actors/counter/a/Add", { by })
    const path = "/actors/counter/a/events?from=1"
    const stream = await follow(gateway.fetch, path, { "last-event-id": "2" })
    expect(await stream.next()).toMatchObject({ id: "3", data: { data: { by: 3 } } })
    await stream.cancel()
    expect((await call("GET", path, undefined, { "last-event-id": "x" })).status).toBe(400)
  })
})

it("says a failure of a stream that has begun as its last event", async () => {
  const { gateway, system } = await startGateway()
  const stream = await follow(gateway.fetch, "/actors/counter/a/watch")
  await stream.next()
  await system.stop()
  const last = await stream.next()
  expect(last).toMatchObject({ event: "problem", data: { status: 503 } })
  expect(await stream.next()).toBeUndefined()
})

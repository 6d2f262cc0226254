/** The bound on open streams: one more is refused, and a stream that ends makes room. */
import { Effect, Stream } from "effect"
import { HttpServerResponse } from "effect/http"
import { expect, it } from "vitest"
import { EventStreams } from "../../../infra/gateway/EventStream.ts"
import { problem } from "../../../infra/http/Problem.ts"

const never = Stream.concat(Stream.succeed({ name: "change", id: 1, data: { a: "b\nc" } }), Stream.never)
const asProblem = () => problem("internal", "It broke.")

const opened = (streams: EventStreams) => HttpServerResponse.toWeb(streams.answer(never, asProblem))

it("refuses a stream beyond the limit, and takes it when another has ended", async () => {
  const streams = new EventStreams(Effect.never, 1)
  const first = opened(streams).body?.getReader()
  const texts = [await first?.read(), await first?.read()].map((part) =>
    new TextDecoder().decode(part?.value),
  )
  expect(texts.join("")).toBe('retry: 2000\n\nid: 1\nevent: change\ndata: {"a":"b\\nc"}\n\n')
  expect(streams.openCount).toBe(1)
  const refused = opened(streams)
  expect([refused.status, refused.headers.get("retry-after")]).toEqual([429, "1"])
  expect(await refused.json()).toMatchObject({ type: "urn:everstate:problem:too-many-streams" })
  await first?.cancel()
  expect(streams.openCount).toBe(0)
  const next = opened(streams)
  expect(next.status).toBe(200)
  await next.body?.cancel()
})

it("sends an error of its source as the last event", async () => {
  const streams = new EventStreams(Effect.never)
  const failing = Stream.fail(new Error("lost"))
  const text = await HttpServerResponse.toWeb(streams.answer(failing, asProblem)).text()
  expect(text).toContain('event: problem\ndata: {"type":"urn:everstate:problem:internal"')
})

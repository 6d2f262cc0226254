/** The bound on open streams: one more is refused, and a stream that ends makes room. */
import { Effect, Stream } from "effect"
import { HttpServerResponse } from "effect/http"
import { expect, it } from "vitest"
import { exposureOf } from "../../../infra/gateway/Exposure.ts"
import { gatewayHandler } from "../../../infra/gateway/GatewayHandler.ts"
import { EventStreams } from "../../../infra/http/EventStreams.ts"
import { problem } from "../../../infra/http/Problem.ts"
import { virtually } from "../../fixtures/memory/MemorySystem.ts"

const never = Stream.concat(Stream.succeed({ name: "change", id: 1, data: { a: "b\nc" } }), Stream.never)
const asProblem = () => problem("internal", "It broke.")

const opened = (streams: EventStreams["Service"]) =>
  HttpServerResponse.toWeb(streams.answer(never, asProblem))

it("refuses a stream beyond the limit, and takes it when another has ended", async () => {
  const streams = EventStreams.make(1)
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
  const streams = EventStreams.make()
  const failing = Stream.fail(new Error("lost"))
  const text = await HttpServerResponse.toWeb(streams.answer(failing, asProblem)).text()
  expect(text).toContain('event: problem\ndata: {"type":"urn:everstate:problem:internal"')
})

it("has one bound for streams of actors, of events and of the cluster", () =>
  virtually({}, ({ system }) =>
    Effect.promise(async () => {
      const streams = EventStreams.make(1)
      const exposure = exposureOf(system.given, "all")
      const options = { service: system, context: undefined, exposure, basePath: "", application: undefined }
      const { fetch, dispose } = gatewayHandler({ ...options, streams })
      const paths = ["/cluster/events", "/actors/counter/a/watch", "/actors/counter/a/events"]
      for (const path of paths) {
        const reader = (await fetch(new Request(`http://localhost${path}`))).body?.getReader()
        await reader?.read()
        expect([path, streams.openCount]).toEqual([path, 1])
        for (const other of paths) {
          const { status } = await fetch(new Request(`http://localhost${other}`))
          expect([other, status]).toEqual([other, 429])
        }
        await reader?.cancel()
        expect([path, streams.openCount]).toEqual([path, 0])
      }
      await dispose()
    }),
  ))

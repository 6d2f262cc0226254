/** Tracers and span processors that throw: spans are lost, and the system goes on. */
import { expect, it, onTestFinished } from "vitest"
import { ActorSystem } from "../../../infra/system/ActorSystem.ts"
import { openTelemetry, type Span, type Telemetry, type Tracer } from "../../../infra/telemetry.ts"
import { Counter } from "../../fixtures/memory/Counter.ts"
import { eventually, freshNamespace, serversOfFile } from "../system/SystemFixture.ts"

const servers = serversOfFile()

const TRACED = { metadata: { trace: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01" } }

const fail = (): never => {
  throw new Error("out of order")
}

const telemetryOf = (tracer: Tracer): Telemetry => ({ ...openTelemetry({ hasMetrics: false }), tracer })

const muteSpan: Span = Object.defineProperty({ traceparent: "", end: fail }, "traceparent", { get: fail })

it.each<readonly [string, Telemetry]>([
  [
    "a processor",
    openTelemetry({ spansTo: { processor: { onEnd: fail }, resource: {} }, hasMetrics: false }),
  ],
  ["a tracer", telemetryOf({ begin: fail, active: fail })],
  ["a span", telemetryOf({ begin: () => muteSpan, active: () => undefined })],
])("%s that throws stops no command, message or projection", async (_, telemetry) => {
  const lines: Array<string> = []
  const { natsUrl: nats, postgresUrl: postgres } = servers()
  const system = await ActorSystem.start({
    nats,
    postgres,
    namespace: freshNamespace(),
    actors: [Counter],
    shardCount: 4,
    telemetry,
    logLevel: "Warn",
    logger: ({ message }) => void lines.push(message),
  })
  onTestFinished(() => system.stop())
  const [asked, told] = [system.get(Counter, "asked"), system.get(Counter, "told")]
  await asked.ask({ type: "Add", by: 1 }, TRACED)
  await told.tell({ type: "Add", by: 1 }, TRACED)
  await eventually(async () => (await told.state()).version === 1)
  await eventually(async () => (await system.actors.count({ type: "counter", by: "state" })).total === 2)
  expect(lines).toContainEqual(expect.stringMatching(/^The tracer or a span processor failed.*out of order/))
})

/**
 * What traces cost an ask: a system without telemetry, one with it whose callers are in no trace, and one whose
 * callers' traces are recorded and batched for an exporter that takes no time.
 */
import { BatchSpanProcessor, type SpanExporter, TracerProvider } from "@opentelemetry/sdk-trace"
import { ActorSystem } from "../../infra/everstate.ts"
import { openTelemetry, type Telemetry } from "../../infra/telemetry.ts"
import { Account, pay } from "./Account.ts"
import { IN_FLIGHT } from "./AppendCeiling.ts"
import { payments } from "./AskThroughput.ts"
import { interleaved, load, type Operation, rowOf } from "./Measure.ts"
import type { Bench } from "./Stage.ts"

const exporter: SpanExporter = {
  export: (_spans, done) => done({ code: 0 }),
  shutdown: () => Promise.resolve(),
}

const TRACED = { metadata: { trace: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01" } }

/** A load whose callers are all in one recorded trace. */
const tracedPayments = (system: ActorSystem): Operation => {
  const refs = Array.from({ length: IN_FLIGHT }, (_, lane) => system.get(Account, `account-${lane}`))
  return (lane, done) => {
    const ref = refs[lane]
    if (ref === undefined) return done(new RangeError(`lane ${lane}`))
    ref.ask(pay, TRACED).then(() => done(), done)
  }
}

export const askTraced: Bench = {
  name: "ask.traced",
  rows: ["ask.traced.off", "ask.traced"],
  run: async (stage) => {
    const { natsUrl: nats, postgresUrl: postgres, nats: server } = await stage.servers()
    const provider = new TracerProvider({ spanProcessors: [new BatchSpanProcessor({ exporter })] })
    const telemetry = openTelemetry({ tracer: provider.getTracer("bench"), hasMetrics: false })
    const start = (namespace: string, more?: { readonly telemetry: Telemetry }) =>
      ActorSystem.start({ directory: false, nats, postgres, namespace, actors: [Account], ...more })
    const plain = await start("plain")
    const ready = await start("ready", { telemetry })
    const traced = await start("traced", { telemetry })
    const loads = { plain: payments(plain), off: payments(ready), traced: tracedPayments(traced) }
    const turn = (operation: Operation) => (ms: number) => load(IN_FLIGHT, ms, operation, server.pid)
    const rounds = await interleaved(stage.seconds, {
      plain: turn(loads.plain),
      off: turn(loads.off),
      traced: turn(loads.traced),
    })
    await Promise.all([plain, ready, traced].map((system) => system.stop()))
    await provider.shutdown()
    const { plain: without, off, traced: sampled } = rounds
    const cost = (round: { readonly cpuUs: number }) =>
      `${((round.cpuUs / without.cpuUs - 1) * 100).toFixed(0)} % more CPU than without telemetry`
    return [
      rowOf("ask.traced.off", off.perSecond, "commands/s", without.perSecond, {
        cpuUs: off.cpuUs,
        serverCpuUs: off.serverCpuUs,
        target: { of: "ratio", op: ">=", limit: 0.97 },
        note: `telemetry on, callers in no trace: ${cost(off)}; ceiling: asks without telemetry`,
      }),
      rowOf("ask.traced", sampled.perSecond, "commands/s", without.perSecond, {
        cpuUs: sampled.cpuUs,
        serverCpuUs: sampled.serverCpuUs,
        target: { of: "ratio", op: ">=", limit: 0.9 },
        note: `every ask traced, two spans each: ${cost(sampled)}; ceiling: asks without telemetry`,
      }),
    ]
  },
}

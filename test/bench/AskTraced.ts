/**
 * What traces cost an ask: a system without telemetry, one with it whose callers are in no trace, one whose callers'
 * traces are sampled, and two whose callers' traces are all recorded, by a tracer and without one. Spans are batched for
 * an exporter that takes no time.
 */
import { emptyResource } from "@opentelemetry/resources"
import { BatchSpanProcessor, type SpanExporter, TracerProvider } from "@opentelemetry/sdk-trace"
import { ActorSystem } from "../../infra/everstate.ts"
import { openTelemetry, type Telemetry } from "../../infra/telemetry.ts"
import { Account, pay } from "./Account.ts"
import { IN_FLIGHT } from "./AppendCeiling.ts"
import { payments } from "./AskThroughput.ts"
import { interleaved, load, type Operation, type Round, rowOf } from "./Measure.ts"
import type { Bench } from "./Stage.ts"

const exporter: SpanExporter = {
  export: (_spans, done) => done({ code: 0 }),
  shutdown: () => Promise.resolve(),
}

const traceWith = (flags: "00" | "01") => ({
  metadata: { trace: `00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-${flags}` },
})

const RECORDED = traceWith("01")
const UNRECORDED = traceWith("00")

/** One caller of this many is in a recorded trace where traces are sampled. */
const CALLERS_PER_RECORDED = 10

/** A load whose callers are in traces, one of `callersPerRecorded` in a recorded one. */
const tracedPayments = (system: ActorSystem, callersPerRecorded: number): Operation => {
  const callers = Array.from({ length: IN_FLIGHT }, (_, lane) => ({
    ref: system.get(Account, `account-${lane}`),
    trace: lane % callersPerRecorded === 0 ? RECORDED : UNRECORDED,
  }))
  return (lane, done) => {
    const caller = callers[lane]
    if (caller === undefined) return done(new RangeError(`lane ${lane}`))
    caller.ref.ask(pay, caller.trace).then(() => done(), done)
  }
}

export const askTraced: Bench = {
  name: "ask.traced",
  rows: ["ask.traced.off", "ask.traced.sampled", "ask.traced", "ask.traced.direct"],
  run: async (stage) => {
    const { natsUrl: nats, postgresUrl: postgres, nats: server } = await stage.servers()
    const provider = new TracerProvider({ spanProcessors: [new BatchSpanProcessor({ exporter })] })
    const telemetry = openTelemetry({ tracer: provider.getTracer("bench"), hasMetrics: false })
    const start = (namespace: string, more?: { readonly telemetry: Telemetry }) =>
      ActorSystem.start({ directory: false, nats, postgres, namespace, actors: [Account], ...more })
    const plain = await start("plain")
    const ready = await start("ready", { telemetry })
    const sampling = await start("sampling", { telemetry })
    const traced = await start("traced", { telemetry })
    const spansTo = { processor: new BatchSpanProcessor({ exporter }), resource: emptyResource() }
    const direct = await start("direct", { telemetry: openTelemetry({ spansTo, hasMetrics: false }) })
    const turn = (operation: Operation) => (ms: number) => load(IN_FLIGHT, ms, operation, server.pid)
    const rounds = await interleaved(stage.seconds, {
      plain: turn(payments(plain)),
      off: turn(payments(ready)),
      sampled: turn(tracedPayments(sampling, CALLERS_PER_RECORDED)),
      every: turn(tracedPayments(traced, 1)),
      direct: turn(tracedPayments(direct, 1)),
    })
    await Promise.all([plain, ready, sampling, traced, direct].map((system) => system.stop()))
    await Promise.all([provider.shutdown(), spansTo.processor.shutdown()])
    const { plain: without } = rounds
    const row = (name: string, round: Round, limit: number, note: string) => {
      const percent = ((round.cpuUs / without.cpuUs - 1) * 100).toFixed(0)
      return rowOf(name, round.perSecond, "commands/s", without.perSecond, {
        cpuUs: round.cpuUs,
        serverCpuUs: round.serverCpuUs,
        target: { of: "ratio", op: ">=", limit },
        note: `${note}: ${percent} % more CPU than without telemetry; ceiling: asks without telemetry`,
      })
    }
    return [
      row("ask.traced.off", rounds.off, 0.97, "telemetry on, callers in no trace"),
      row(
        "ask.traced.sampled",
        rounds.sampled,
        0.95,
        `all callers in traces, one of ${CALLERS_PER_RECORDED} in a recorded one`,
      ),
      row(
        "ask.traced",
        rounds.every,
        0.9,
        "every ask in a recorded trace, two spans each of the SDK's tracer",
      ),
      row("ask.traced.direct", rounds.direct, 0.9, "the same, spans without a tracer (`spansTo`)"),
    ]
  },
}

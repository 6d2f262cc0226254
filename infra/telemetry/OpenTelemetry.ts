/**
 * Traces and metrics through the OpenTelemetry API.
 *
 * Owns the way from the runtime's spans and from the status of a system to OpenTelemetry. The application
 * chooses the SDK, the exporter and the sampling; without an SDK the API does nothing. Where spans begin:
 * runtime/system/Traced.ts. Names of metrics: StatusMetrics.ts.
 */
import {
  type Attributes,
  context,
  isSpanContextValid,
  type Meter,
  metrics,
  type Observable,
  type Tracer as OtelTracer,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
  trace,
} from "@opentelemetry/api"
import { Effect, type Scope } from "effect"
import type { SpanStart, Tracer } from "../../runtime/trace/Tracing.ts"
import { type MetricFamily, metricFamiliesOf } from "./StatusMetrics.ts"
import type { ObservedSystem, Telemetry } from "./Telemetry.ts"

/** Name of the tracer and the meter. */
const LIBRARY = "everstate"

/** Options of {@link openTelemetry}; all have defaults. */
export interface OpenTelemetryOptions {
  /** Default: the tracer `everstate` of the global provider. */
  readonly tracer?: OtelTracer
  /** Default: the meter `everstate` of the global provider. */
  readonly meter?: Meter
  /** False: no metrics are registered. Default true. */
  readonly hasMetrics?: boolean
}

/** Give it to `ActorSystem.start({ telemetry })` and `ActorClient.connect({ telemetry })`. */
export const openTelemetry = (options: OpenTelemetryOptions = {}): Telemetry => {
  // Looked up at each use, because an application may set the global provider later.
  const tracer = () => options.tracer ?? trace.getTracer(LIBRARY)
  return {
    tracer: tracerOn(tracer),
    observe: (system) =>
      options.hasMetrics === false
        ? Effect.void
        : observe(options.meter ?? metrics.getMeter(LIBRARY), system),
  }
}

const KINDS: Readonly<Record<SpanStart["kind"], SpanKind>> = {
  client: SpanKind.CLIENT,
  producer: SpanKind.PRODUCER,
  consumer: SpanKind.CONSUMER,
  internal: SpanKind.INTERNAL,
}

const tracerOn = (tracer: () => OtelTracer): Tracer => ({
  begin: ({ name, kind, parent, startMs, attributes }) => {
    const above = spanContextOf(parent)
    if (above === undefined) return undefined
    const under = trace.setSpanContext(context.active(), above)
    const span = tracer().startSpan(name, { kind: KINDS[kind], startTime: startMs, attributes }, under)
    return {
      traceparent: traceparentOf(span.spanContext()),
      end: (endMs, error) => {
        if (error !== undefined) span.setStatus({ code: SpanStatusCode.ERROR, message: error })
        // A clock that was set back would give a negative duration.
        span.end(Math.max(startMs, endMs))
      },
    }
  },
  active: () => {
    const active = trace.getSpanContext(context.active())
    return active === undefined || !isSpanContextValid(active) ? undefined : traceparentOf(active)
  },
})

const TRACEPARENT = /^[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})/

/** The span of a traceparent; `undefined` for other text, and if its caller does not record the trace. */
const spanContextOf = (traceparent: string): SpanContext | undefined => {
  const [, traceId, spanId, flags] = TRACEPARENT.exec(traceparent) ?? []
  if (traceId === undefined || spanId === undefined || flags === undefined) return undefined
  const traceFlags = Number.parseInt(flags, 16)
  const found = { traceId, spanId, traceFlags, isRemote: true }
  return (traceFlags & TraceFlags.SAMPLED) !== 0 && isSpanContextValid(found) ? found : undefined
}

const traceparentOf = ({ traceId, spanId, traceFlags }: SpanContext): string =>
  `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, "0")}`

/** Registers the metrics of a system as observable instruments until the scope ends. */
const observe = (meter: Meter, system: ObservedSystem): Effect.Effect<void, never, Scope.Scope> =>
  Effect.gen(function* () {
    const read = Effect.map(Effect.all([system.status, system.standing]), (all) => metricFamiliesOf(...all))
    const run = Effect.runPromiseWith(yield* Effect.context<never>())
    const instruments = new Map((yield* read).map((family) => [family.name, instrumentOf(meter, family)]))
    const batch = Array.from(instruments.values())
    const collect = async (result: {
      readonly observe: (instrument: Observable, value: number, attributes?: Attributes) => void
    }): Promise<void> => {
      for (const { name, samples } of await run(read)) {
        const instrument = instruments.get(name)
        if (instrument === undefined) continue
        for (const [value, labels] of samples) result.observe(instrument, value, labels)
      }
    }
    yield* Effect.acquireRelease(
      Effect.sync(() => meter.addBatchObservableCallback(collect, batch)),
      () => Effect.sync(() => meter.removeBatchObservableCallback(collect, batch)),
    )
  })

const instrumentOf = (meter: Meter, { name, kind, help: description }: MetricFamily): Observable =>
  kind === "counter"
    ? meter.createObservableCounter(name, { description })
    : meter.createObservableGauge(name, { description })

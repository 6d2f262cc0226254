/**
 * Traces and metrics through the OpenTelemetry API.
 *
 * Owns the way from the runtime's spans, and from the status and the durations of a system, to OpenTelemetry. The
 * application chooses the SDK, the exporter and the sampling; without an SDK the API does nothing. Where spans
 * begin: runtime/system/Traced.ts. Names of metrics: StatusMetrics.ts and RequestMetrics.ts.
 */
import {
  type Attributes,
  context,
  type Histogram,
  type Meter,
  metrics,
  type Observable,
  type Span as OtelSpan,
  type Tracer as OtelTracer,
  type SpanContext,
  SpanStatusCode,
  trace,
} from "@opentelemetry/api"
import { Effect, type Scope } from "effect"
import type { Span, SpanError, Tracer } from "../../runtime/trace/Tracing.ts"
import { type SpansTo, tracerTo } from "./DirectSpan.ts"
import { BUCKETS_SECONDS, DURATIONS } from "./RequestMetrics.ts"
import { activeTraceparent, KINDS, LIBRARY, spanContextOf, traceparentOf } from "./SpanForm.ts"
import { type MetricFamily, metricFamiliesOf } from "./StatusMetrics.ts"
import type { ObservedSystem, Telemetry } from "./Telemetry.ts"

/** Options of {@link openTelemetry}; all have defaults. */
export interface OpenTelemetryOptions<Resource = unknown> {
  /** Default: the tracer `everstate` of the global provider. */
  readonly tracer?: OtelTracer
  /**
   * Hands spans straight to a span processor instead of a tracer. That costs a quarter of what the SDK's spans cost, and
   * goes without the SDK's samplers and span limits: every span below a recorded one is recorded.
   */
  readonly spansTo?: SpansTo<Resource>
  /** Default: the meter `everstate` of the global provider. */
  readonly meter?: Meter
  /** False: no metrics are registered. Default true. */
  readonly hasMetrics?: boolean
}

/** Give it to `ActorSystem.start({ telemetry })` and `ActorClient.connect({ telemetry })`. */
export const openTelemetry = <Resource>(options: OpenTelemetryOptions<Resource> = {}): Telemetry => {
  // Looked up at each use, because an application may set the global provider later.
  const tracer = () => options.tracer ?? trace.getTracer(LIBRARY)
  return {
    tracer: options.spansTo === undefined ? tracerOn(tracer) : tracerTo(options.spansTo),
    observe: (system) =>
      options.hasMetrics === false
        ? Effect.void
        : observe(options.meter ?? metrics.getMeter(LIBRARY), system),
  }
}

const tracerOn = (tracer: () => OtelTracer): Tracer => {
  const open: OpenSpans = new Map()
  return {
    begin: ({ name, kind, parent, startMs, attributes }) => {
      const above = open.get(parent) ?? spanContextOf(parent)
      if (above === undefined) return undefined
      const under = trace.setSpanContext(context.active(), above)
      const span = tracer().startSpan(name, { kind: KINDS[kind], startTime: startMs }, under)
      // The SDK checks attributes of a start twice, those of a started span once.
      return new StartedSpan(span.setAttributes(attributes), startMs, open)
    },
    active: activeTraceparent,
  }
}

/**
 * Spans that have not ended, by their traceparent. The commit of an ask is below one of them most of the time,
 * and finds it without parsing.
 */
type OpenSpans = Map<string, SpanContext>

class StartedSpan implements Span {
  readonly #span: OtelSpan
  readonly #startMs: number
  readonly #open: OpenSpans
  #traceparent: string | undefined

  constructor(span: OtelSpan, startMs: number, open: OpenSpans) {
    this.#span = span
    this.#startMs = startMs
    this.#open = open
  }

  get traceparent(): string {
    if (this.#traceparent === undefined) {
      const own = this.#span.spanContext()
      this.#traceparent = traceparentOf(own)
      this.#open.set(this.#traceparent, own)
    }
    return this.#traceparent
  }

  end(endMs: number, error?: SpanError): void {
    if (this.#traceparent !== undefined) this.#open.delete(this.#traceparent)
    if (error !== undefined) {
      this.#span.setAttribute("error.type", error.type)
      this.#span.setStatus({ code: SpanStatusCode.ERROR, message: error.message })
    }
    // A clock that was set back would give a negative duration.
    this.#span.end(Math.max(this.#startMs, endMs))
  }
}

/** Registers the metrics of a system as observable instruments and histograms until the scope ends. */
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
    yield* Effect.acquireRelease(
      Effect.sync(() => recordDurations(meter, system)),
      (stop) => Effect.sync(stop),
    )
  })

/** Records each duration in a histogram. Returns how to stop it. */
const recordDurations = (meter: Meter, { durations }: ObservedSystem): (() => void) => {
  const advice = { explicitBucketBoundaries: BUCKETS_SECONDS }
  const histograms = new Map<string, Histogram>()
  for (const [name, description] of Object.entries(DURATIONS)) {
    histograms.set(name, meter.createHistogram(name, { description, unit: "s", advice }))
  }
  return durations.onDuration((name, seconds, labels) => histograms.get(name)?.record(seconds, labels))
}

const instrumentOf = (meter: Meter, { name, kind, help: description }: MetricFamily): Observable =>
  kind === "counter"
    ? meter.createObservableCounter(name, { description })
    : meter.createObservableGauge(name, { description })

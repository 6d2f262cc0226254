/**
 * The runtime's spans in the terms of OpenTelemetry: kinds, and W3C traceparents as span contexts and back.
 *
 * Owns the conversion. Who begins spans: OpenTelemetry.ts, and DirectSpan.ts.
 */
import {
  context,
  isSpanContextValid,
  type SpanContext,
  SpanKind,
  TraceFlags,
  trace,
} from "@opentelemetry/api"
import type { SpanStart } from "../../runtime/trace/Tracing.ts"

/** Name of the tracer and the meter. */
export const LIBRARY = "everstate"

export const KINDS: Readonly<Record<SpanStart["kind"], SpanKind>> = {
  client: SpanKind.CLIENT,
  producer: SpanKind.PRODUCER,
  consumer: SpanKind.CONSUMER,
}

/** The span of a recorded traceparent `version-traceId-spanId-flags`; `undefined` for other text. */
export const spanContextOf = (traceparent: string): SpanContext | undefined => {
  if (traceparent[2] !== "-" || traceparent[35] !== "-" || traceparent[52] !== "-") return undefined
  const traceId = traceparent.slice(3, 35)
  const spanId = traceparent.slice(36, 52)
  const found = { traceId, spanId, traceFlags: TraceFlags.SAMPLED, isRemote: true }
  return isSpanContextValid(found) ? found : undefined
}

export const traceparentOf = ({ traceId, spanId, traceFlags }: SpanContext): string =>
  `00-${traceId}-${spanId}-${traceFlags === TraceFlags.SAMPLED ? "01" : traceFlags.toString(16).padStart(2, "0")}`

/** W3C traceparent of the recorded span that is active in the caller's code. */
export const activeTraceparent = (): string | undefined => {
  const active = trace.getSpanContext(context.active())
  if (active === undefined || (active.traceFlags & TraceFlags.SAMPLED) === 0) return undefined
  return isSpanContextValid(active) ? traceparentOf(active) : undefined
}

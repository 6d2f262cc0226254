/**
 * The port for traces: spans of what a system does for a caller.
 *
 * Owns the form of a span and nothing else. No code of the runtime touches spans unless an adapter is
 * provided. Where spans begin and end: ../system/Traced.ts. The adapter: infra/telemetry/OpenTelemetry.ts.
 */
import { Context } from "effect"

/** Role of a span, as OpenTelemetry names it. */
export type SpanKind = "client" | "producer" | "consumer"

/** Values that a span is searched by, under the names of OpenTelemetry's semantic conventions. */
export type SpanAttributes = Readonly<Record<string, string | number | boolean>>

/** Length of what every version of a W3C traceparent has: version, trace id, span id and flags. */
const TRACEPARENT_LENGTH = 55

/** Hexadecimal digits whose lowest bit is set: it is the flag `sampled`. */
const SAMPLED_DIGITS = "13579bdf"

/**
 * Whether the flags of a W3C traceparent say that its trace is recorded. Looks at the flags alone, because each
 * ask and each commit asks; the tracer checks the rest.
 */
export const isRecorded = (traceparent: string): boolean =>
  traceparent.length >= TRACEPARENT_LENGTH &&
  SAMPLED_DIGITS.includes(traceparent.charAt(TRACEPARENT_LENGTH - 1))

/** A span that begins. */
export interface SpanStart {
  readonly name: string
  readonly kind: SpanKind
  /** W3C traceparent of the span above, with the flag `sampled`. */
  readonly parent: string
  /** Unix milliseconds. */
  readonly startMs: number
  readonly attributes: SpanAttributes
}

/** A span that has begun. */
export interface Span {
  /** W3C traceparent for what happens below the span. */
  readonly traceparent: string
  /** Ends the span at a time in Unix milliseconds. */
  readonly end: (endMs: number, error?: SpanError) => void
}

/** What failed in a span. */
export interface SpanError {
  /** Tag of the error, or the name of its class: one of few. */
  readonly type: string
  readonly message: string
}

/** Takes the spans of a system. */
export interface Tracer {
  /** Begins a span; `undefined` if the parent is no valid traceparent. Must not throw. */
  readonly begin: (start: SpanStart) => Span | undefined
  /** W3C traceparent of the recorded span that is active in the caller's code; `undefined` without one. */
  readonly active: () => string | undefined
}

/** The tracer of a system; `undefined`: nothing is traced. */
export const Tracing: Context.Reference<Tracer | undefined> = Context.Reference<Tracer | undefined>(
  "everstate/trace/Tracing",
  { defaultValue: () => undefined },
)

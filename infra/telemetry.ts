/**
 * `everstate/telemetry`: traces and metrics of a system through OpenTelemetry. Every public name is in this list.
 *
 * It needs the package `@opentelemetry/api`, which is an optional peer of this package.
 *
 * @module everstate/telemetry
 */
export type {
  Span,
  SpanAttributes,
  SpanError,
  SpanKind,
  SpanStart,
  Tracer,
} from "../runtime/trace/Tracing.ts"
export type { EndedSpan, SpansTo } from "./telemetry/DirectSpan.ts"
export { type OpenTelemetryOptions, openTelemetry } from "./telemetry/OpenTelemetry.ts"
export type { DurationName, TakeDuration } from "./telemetry/RequestMetrics.ts"
export type { ObservedSystem, Telemetry } from "./telemetry/Telemetry.ts"

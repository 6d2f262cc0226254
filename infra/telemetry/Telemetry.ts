/**
 * What a system needs to be traced and measured.
 *
 * Owns only the shape of the `telemetry` option. OpenTelemetry.ts makes one.
 */
import type { Effect, Scope } from "effect"
import type { MemberStanding, SystemStatus } from "../../runtime/operations.ts"
import type { Tracer } from "../../runtime/trace/Tracing.ts"
import type { TakeDuration } from "./RequestMetrics.ts"

/** The parts of a system that metrics are made of. */
export interface ObservedSystem {
  readonly status: Effect.Effect<SystemStatus>
  readonly standing: Effect.Effect<MemberStanding>
  /** The durations of asks and of requests over HTTP. */
  readonly durations: {
    /** Tells `take` of each duration, until the returned function is called. */
    readonly onDuration: (take: TakeDuration) => () => void
  }
}

/** Option `telemetry` of a start or connect. */
export interface Telemetry {
  readonly tracer: Tracer
  /** Reports the metrics of a system until the scope ends. */
  readonly observe: (system: ObservedSystem) => Effect.Effect<void, never, Scope.Scope>
}

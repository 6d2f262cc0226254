/**
 * The tracer of a system, whose failures cost spans and nothing else.
 *
 * Owns that: tracers, samplers and span processors are code of the application, and the system calls them where a throw
 * would end a fiber, or the reader of the connection to NATS.
 */
import { Effect, Layer } from "effect"
import { thrownText } from "../../runtime/json/Thrown.ts"
import { makeSampledLog } from "../../runtime/log/SampledLog.ts"
import { type Span, type SpanError, type Tracer, Tracing } from "../../runtime/trace/Tracing.ts"

/** Provides the tracer, and logs what it throws. Without a tracer nothing is traced. */
export const layerTracing = (tracer: Tracer | undefined): Layer.Layer<never> =>
  tracer === undefined
    ? Layer.empty
    : Layer.effect(
        Tracing,
        Effect.gen(function* () {
          const log = yield* makeSampledLog("tracer")
          const run = Effect.runForkWith(yield* Effect.context<never>())
          return safe(tracer, (thrown) => {
            run(log(`The tracer or a span processor failed, and a span is lost: ${thrownText(thrown)}`))
          })
        }),
      )

type Complain = (thrown: unknown) => void

const safe = (tracer: Tracer, complain: Complain): Tracer => ({
  begin: (start) => {
    try {
      const span = tracer.begin(start)
      return span && new SafeSpan(span, start.parent, complain)
    } catch (thrown) {
      complain(thrown)
      return undefined
    }
  },
  active: () => {
    try {
      return tracer.active()
    } catch (thrown) {
      complain(thrown)
      return undefined
    }
  },
})

class SafeSpan implements Span {
  readonly #span: Span
  readonly #parent: string
  readonly #complain: Complain

  constructor(span: Span, parent: string, complain: Complain) {
    this.#span = span
    this.#parent = parent
    this.#complain = complain
  }

  /** Of a span that cannot say it, that of the span above. */
  get traceparent(): string {
    try {
      return this.#span.traceparent
    } catch (thrown) {
      this.#complain(thrown)
      return this.#parent
    }
  }

  end(endMs: number, error?: SpanError): void {
    try {
      this.#span.end(endMs, error)
    } catch (thrown) {
      this.#complain(thrown)
    }
  }
}

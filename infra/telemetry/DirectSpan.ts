/**
 * Spans that go to a span processor without a tracer of OpenTelemetry's SDK, because most of what a recorded span
 * costs is the SDK's.
 *
 * Owns the span in the form in which processors and exporters read it (the SDK's `ReadableSpan`). Times are brought to
 * that form when they are read. Every span below a recorded one is recorded; the SDK's sampler and limits have no part.
 * Why: docs/decisions/0022-a-commit-is-one-span.md.
 */
import { randomBytes } from "node:crypto"
import {
  type HrTime,
  type Link,
  type SpanContext,
  type SpanKind,
  type SpanStatus,
  SpanStatusCode,
  TraceFlags,
} from "@opentelemetry/api"
import type { Span, SpanAttributes, SpanError, Tracer } from "../../runtime/trace/Tracing.ts"
import { activeTraceparent, KINDS, LIBRARY, spanContextOf } from "./SpanForm.ts"

/** Where spans go without a tracer. */
export interface SpansTo<Resource> {
  /** A span processor of OpenTelemetry's SDK, such as its `BatchSpanProcessor`. Only its `onEnd` is called. */
  readonly processor: {
    /** Called once for each span, when it has ended. */
    onEnd(span: EndedSpan<Resource>): void
  }
  /** Says whose spans these are, as `resourceFromAttributes({ "service.name": "orders" })`. */
  readonly resource: Resource
}

/** A span that has ended, as processors of OpenTelemetry's SDK read it. */
export interface EndedSpan<Resource> {
  readonly name: string
  readonly kind: SpanKind
  /** The ids of the span and its trace. */
  readonly spanContext: () => SpanContext
  readonly parentSpanContext?: SpanContext
  readonly startTime: HrTime
  readonly endTime: HrTime
  readonly duration: HrTime
  readonly status: SpanStatus
  readonly attributes: SpanAttributes
  readonly links: Array<Link>
  readonly events: Array<never>
  readonly ended: boolean
  readonly resource: Resource
  readonly instrumentationScope: { readonly name: string }
  readonly droppedAttributesCount: number
  readonly droppedEventsCount: number
  readonly droppedLinksCount: number
}

export const tracerTo = <Resource>(to: SpansTo<Resource>): Tracer => ({
  begin: ({ name, kind, parent, startMs, attributes }) => {
    return VALID.test(parent) ? new DirectSpan(to, name, KINDS[kind], parent, startMs, attributes) : undefined
  },
  active: activeTraceparent,
})

const VALID = /^[\da-f]{2}-(?!0{32})[\da-f]{32}-(?!0{16})[\da-f]{16}-/

const NO_ERROR: SpanStatus = { code: SpanStatusCode.UNSET }

class DirectSpan<Resource> implements Span, EndedSpan<Resource> {
  readonly name: string
  readonly kind: SpanKind
  attributes: SpanAttributes
  status = NO_ERROR
  readonly #to: SpansTo<Resource>
  readonly #parent: string
  readonly #spanId = newSpanId()
  readonly #startMs: number
  #endMs = Number.NaN

  constructor(
    to: SpansTo<Resource>,
    name: string,
    kind: SpanKind,
    parent: string,
    startMs: number,
    attributes: SpanAttributes,
  ) {
    this.#to = to
    this.name = name
    this.kind = kind
    this.#parent = parent
    this.#startMs = startMs
    this.attributes = attributes
  }

  get traceparent(): string {
    return `00-${this.#traceId}-${this.#spanId}-01`
  }

  end(endMs: number, error?: SpanError): void {
    // A clock that was set back would give a negative duration.
    this.#endMs = Math.max(this.#startMs, endMs)
    if (error !== undefined) {
      this.attributes = { ...this.attributes, "error.type": error.type }
      this.status = { code: SpanStatusCode.ERROR, message: error.message }
    }
    this.#to.processor.onEnd(this)
  }

  get #traceId(): string {
    return this.#parent.slice(3, 35)
  }

  spanContext(): SpanContext {
    return { traceId: this.#traceId, spanId: this.#spanId, traceFlags: TraceFlags.SAMPLED }
  }

  get parentSpanContext(): SpanContext {
    // It was valid when the span began.
    return spanContextOf(this.#parent) as SpanContext
  }

  get startTime(): HrTime {
    return hrTimeOf(this.#startMs)
  }

  get endTime(): HrTime {
    return hrTimeOf(this.#endMs)
  }

  get duration(): HrTime {
    return hrTimeOf(this.#endMs - this.#startMs)
  }

  get resource(): Resource {
    return this.#to.resource
  }

  get ended(): boolean {
    return !Number.isNaN(this.#endMs)
  }

  get links(): Array<Link> {
    return []
  }

  get events(): Array<never> {
    return []
  }

  get instrumentationScope() {
    return SCOPE
  }

  get droppedAttributesCount(): number {
    return 0
  }

  get droppedEventsCount(): number {
    return 0
  }

  get droppedLinksCount(): number {
    return 0
  }
}

const SCOPE = { name: LIBRARY }

/** Seconds and nanoseconds. */
const hrTimeOf = (ms: number): HrTime => [Math.floor(ms / 1_000), Math.round((ms % 1_000) * 1_000_000)]

/** Random hexadecimal digits for many ids, because making them one by one costs more than the rest of a span. */
let digits = ""
let usedCount = 0

/** 16 random hexadecimal digits. */
const newSpanId = (): string => {
  if (usedCount === digits.length) {
    digits = randomBytes(RANDOM_BYTES).toString("hex")
    usedCount = 0
  }
  usedCount += SPAN_ID_LENGTH
  return digits.slice(usedCount - SPAN_ID_LENGTH, usedCount)
}

const SPAN_ID_LENGTH = 16
const RANDOM_BYTES = 256 * SPAN_ID_LENGTH

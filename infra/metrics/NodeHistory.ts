/**
 * The history of one node's metrics as it travels to the node that was asked.
 *
 * Owns the form of question and answer: JSON, with a version. A node that gets another form counts as silent. The
 * subject lies below the one that members are asked on, so a node needs no further rights on NATS. Who asks and who
 * answers: MetricsHistory.ts.
 */
import { Result, Schema } from "effect"
import { memberSubject } from "../../runtime/cluster/Member.ts"
import { LATENCY_BUCKET_COUNT } from "./LatencyBuckets.ts"
import type { MemberChange } from "./MemberChanges.ts"
import { PROJECTIONS_MAX, type RingPart, SERIES_NAMES, SPANS_MAX } from "./MetricsRing.ts"

/** Subject on which a member answers. */
export const historySubject = (memberId: string): string => `${memberSubject(memberId)}.history`

const Column = Schema.Array(Schema.NullOr(Schema.Finite)).check(Schema.isMaxLength(SPANS_MAX))

const HistoryAnswer = Schema.Struct({
  v: Schema.Literal(1),
  /** The node's clock, in Unix milliseconds. */
  nowMs: Schema.Finite,
  newest: Schema.Int,
  series: Schema.Record(Schema.String, Column),
  latencies: Schema.Array(Schema.Array(Schema.Int).check(Schema.isMaxLength(2 * LATENCY_BUCKET_COUNT))).check(
    Schema.isMaxLength(SPANS_MAX),
  ),
  projections: Schema.Record(Schema.String, Column),
  changes: Schema.Array(
    Schema.Struct({
      name: Schema.String,
      joined: Schema.Int,
      left: Schema.Int,
      agoMs: Schema.Finite,
    }),
  ),
})

/** The history of one node, and its clock. */
export interface NodeHistory extends RingPart {
  /** The node's clock at the answer, in Unix milliseconds. */
  readonly nowMs: number
  readonly changes: ReadonlyArray<MemberChange>
}

const encoder = new TextEncoder()
const decoder = new TextDecoder()
const encode = (value: unknown): Uint8Array => encoder.encode(JSON.stringify(value))

const decodeAnswer = Schema.decodeUnknownResult(HistoryAnswer)

/** The question for the last spans. */
export const encodeQuestion = (spans: number): Uint8Array => encode({ v: 1, spans })

/** Spans that are asked for; `undefined` for a question that cannot be read. */
export const decodeQuestion = (bytes: Uint8Array): number | undefined => {
  const { spans } = Object(parsed(bytes)) as { readonly spans?: unknown }
  return typeof spans === "number" && spans > 0 ? Math.min(spans, SPANS_MAX) : undefined
}

export const encodeAnswer = (history: NodeHistory): Uint8Array => encode({ v: 1, ...history })

/** An answer; `undefined` if it has another form. A series that it lacks is not known. */
export const decodeAnswerOf = (bytes: Uint8Array): NodeHistory | undefined => {
  const decoded = decodeAnswer(parsed(bytes))
  if (Result.isFailure(decoded)) return undefined
  const { v: _, series, projections, ...rest } = decoded.success
  return {
    ...rest,
    series: Object.fromEntries(
      SERIES_NAMES.map((name) => [name, Object.hasOwn(series, name) ? series[name] : []]),
    ) as NodeHistory["series"],
    projections: Object.fromEntries(Object.entries(projections).slice(0, PROJECTIONS_MAX)),
  }
}

const parsed = (bytes: Uint8Array): unknown => {
  try {
    return JSON.parse(decoder.decode(bytes))
  } catch {
    return undefined
  }
}

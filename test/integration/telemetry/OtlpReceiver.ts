/** A server that takes spans and metrics as OTLP over HTTP, and keeps them. */
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { JsonMetricsSerializer } from "@opentelemetry/otlp-transformer"
import type { PushMetricExporter } from "@opentelemetry/sdk-metrics"
import { onTestFinished } from "vitest"

export interface ReceivedSpan {
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId?: string
  readonly name: string
  /** `service.name` of the resource. */
  readonly service: string
}

/** A series of a metric with its newest value: the number of a counter or gauge, the count of a histogram. */
export interface ReceivedSeries {
  readonly name: string
  readonly service: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
  /** Bounds of the histogram's buckets. */
  readonly bounds?: ReadonlyArray<number>
}

interface Attributes {
  readonly attributes: ReadonlyArray<{
    readonly key: string
    readonly value: { readonly stringValue?: string }
  }>
}

interface DataPoint extends Attributes {
  readonly asInt?: string | number
  readonly asDouble?: number
  readonly count?: string | number
  readonly explicitBounds?: ReadonlyArray<number>
}

interface Points {
  readonly dataPoints: ReadonlyArray<DataPoint>
}

interface Body {
  readonly resourceSpans?: ReadonlyArray<{
    readonly resource: Attributes
    readonly scopeSpans: ReadonlyArray<{ readonly spans: ReadonlyArray<Omit<ReceivedSpan, "service">> }>
  }>
  readonly resourceMetrics?: ReadonlyArray<{
    readonly resource: Attributes
    readonly scopeMetrics: ReadonlyArray<{
      readonly metrics: ReadonlyArray<
        { readonly name: string } & { readonly [Kind in "sum" | "gauge" | "histogram"]?: Points }
      >
    }>
  }>
}

export class OtlpReceiver {
  readonly spans: Array<ReceivedSpan> = []
  readonly #series = new Map<string, ReceivedSeries>()
  readonly url: string

  private constructor(port: number) {
    this.url = `http://127.0.0.1:${port}`
  }

  /** A receiver that ends with the test. */
  static async start(): Promise<OtlpReceiver> {
    let take = (_body: Body): void => undefined
    const server = createServer((request, response) => {
      const chunks: Array<Buffer> = []
      request.on("data", (chunk: Buffer) => chunks.push(chunk))
      request.on("end", () => {
        take(JSON.parse(Buffer.concat(chunks).toString()) as Body)
        response.setHeader("content-type", "application/json").end("{}")
      })
    })
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
    onTestFinished(() => void server.close())
    const receiver = new OtlpReceiver((server.address() as AddressInfo).port)
    take = (body) => receiver.#take(body)
    return receiver
  }

  /** The series of a metric that one service has sent. */
  seriesOf(service: string, name: string): ReadonlyArray<ReceivedSeries> {
    return [...this.#series.values()].filter((one) => one.service === service && one.name === name)
  }

  #take({ resourceSpans = [], resourceMetrics = [] }: Body): void {
    for (const { resource, scopeSpans } of resourceSpans) {
      const service = labelsOf(resource)["service.name"] ?? ""
      for (const { spans } of scopeSpans) this.spans.push(...spans.map((span) => ({ ...span, service })))
    }
    for (const { resource, scopeMetrics } of resourceMetrics) {
      const service = labelsOf(resource)["service.name"] ?? ""
      for (const metric of scopeMetrics.flatMap(({ metrics }) => metrics)) {
        const points = (metric.sum ?? metric.gauge ?? metric.histogram)?.dataPoints ?? []
        for (const point of points) this.#keep(service, metric.name, point)
      }
    }
  }

  #keep(service: string, name: string, point: DataPoint): void {
    const { asInt, asDouble, count, explicitBounds: bounds } = point
    const labels = labelsOf(point)
    const value = Number(count ?? asInt ?? asDouble)
    const series = { name, service, labels, value, ...(bounds === undefined ? {} : { bounds }) }
    this.#series.set(JSON.stringify([service, name, labels]), series)
  }
}

const labelsOf = ({ attributes }: Attributes): Record<string, string> =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, value.stringValue ?? ""]))

/** Sends metrics as OTLP over HTTP. */
export const metricExporterTo = (url: string): PushMetricExporter => ({
  export: (metrics, done) => {
    const body = JsonMetricsSerializer.serializeRequest(metrics)
    const sent = fetch(`${url}/v1/metrics`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      ...(body === undefined ? {} : { body }),
    })
    sent.then(
      ({ ok }) => done({ code: ok ? 0 : 1 }),
      (error: Error) => done({ code: 1, error }),
    )
  },
  forceFlush: () => Promise.resolve(),
  shutdown: () => Promise.resolve(),
})

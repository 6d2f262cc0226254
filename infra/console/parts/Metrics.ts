/**
 * Metrics over time, from the text that `/metrics` answers.
 *
 * Owns the samples, which begin when the console is opened and go back an hour at most, and what is computed from
 * them: rates and quantiles. What is drawn: Plot.tsx.
 */

export interface Sample {
  /** Unix milliseconds. */
  readonly at: number
  /** Values by name with labels, as in the text. */
  readonly values: ReadonlyMap<string, number>
}

/** Samples that are kept: an hour of one every 5 s. */
const SAMPLES_MAX = 720

/** The values of a text in Prometheus' format. */
export const metricsOf = (text: string): ReadonlyMap<string, number> => {
  const values = new Map<string, number>()
  for (const line of text.split("\n")) {
    const [, name, value] = /^([^#\s][^\s{]*(?:\{.*\})?)\s+(\S+)/.exec(line) ?? []
    if (name !== undefined && value !== undefined) values.set(name, Number(value))
  }
  return values
}

/** Adds a sample, unless it is the newest one already. */
export const withSample = (samples: ReadonlyArray<Sample>, sample: Sample): ReadonlyArray<Sample> =>
  samples.at(-1)?.at === sample.at ? samples : [...samples, sample].slice(-SAMPLES_MAX)

/** Sum of all values of a metric, whatever their labels. */
export const sumOf = ({ values }: Sample, metric: string): number => {
  let sum = 0
  for (const [name, value] of values) if (name === metric || name.startsWith(`${metric}{`)) sum += value
  return sum
}

/** Values of one label: `{projection="orders"}` by `projection`. */
export const byLabel = ({ values }: Sample, metric: string, label: string): ReadonlyMap<string, number> => {
  const found = new Map<string, number>()
  for (const [name, value] of values) {
    if (!name.startsWith(`${metric}{`)) continue
    const text = new RegExp(`[{,]${label}="((?:[^"\\\\]|\\\\.)*)"`).exec(name)?.[1]
    if (text !== undefined) found.set(text, (found.get(text) ?? 0) + value)
  }
  return found
}

/** Growth of a counter per second between each two samples; null after a restart, which began at 0. */
export const ratesOf = (samples: ReadonlyArray<Sample>, metric: string): ReadonlyArray<number | null> =>
  samples.map((sample, index) => {
    const before = samples[index - 1]
    if (before === undefined) return null
    const growth = sumOf(sample, metric) - sumOf(before, metric)
    const seconds = (sample.at - before.at) / 1_000
    return growth < 0 || seconds <= 0 ? null : growth / seconds
  })

/** A quantile of a histogram's observations between each two samples, in the histogram's unit. */
export const quantilesOf = (
  samples: ReadonlyArray<Sample>,
  histogram: string,
  quantile: number,
): ReadonlyArray<number | null> =>
  samples.map((sample, index) => {
    const before = samples[index - 1]
    return before === undefined
      ? null
      : quantileOf(bucketsOf(sample, histogram), bucketsOf(before, histogram), quantile)
  })

const bucketsOf = (sample: Sample, histogram: string): ReadonlyMap<number, number> =>
  new Map(
    Array.from(byLabel(sample, `${histogram}_bucket`, "le"), ([bound, count]) => [
      bound === "+Inf" ? Number.POSITIVE_INFINITY : Number(bound),
      count,
    ]),
  )

const quantileOf = (
  now: ReadonlyMap<number, number>,
  before: ReadonlyMap<number, number>,
  quantile: number,
): number | null => {
  const growth = [...now]
    .map(([bound, count]) => ({ bound, count: count - (before.get(bound) ?? 0) }))
    .sort((left, right) => left.bound - right.bound)
  const total = growth.at(-1)?.count ?? 0
  if (total <= 0) return null
  const wanted = total * quantile
  let lower = { bound: 0, count: 0 }
  for (const bucket of growth) {
    if (bucket.count >= wanted) {
      if (!Number.isFinite(bucket.bound)) return lower.bound
      const share = (wanted - lower.count) / Math.max(1, bucket.count - lower.count)
      return lower.bound + (bucket.bound - lower.bound) * share
    }
    lower = bucket
  }
  return lower.bound
}

/**
 * A histogram of durations whose buckets are the same on every node, so that histograms can be added.
 *
 * Owns the bounds of the buckets and the quantiles. Four buckets for each doubling: a quantile is at most 19 %
 * away from the true one. Who fills a histogram: AskMeter.ts. Who adds histograms of nodes: MergedHistory.ts.
 */

/** Upper bound of the first bucket, in milliseconds. */
const FIRST_MS = 0.1

/** Buckets for each doubling of the duration. */
const PER_DOUBLING = 4

/** Number of buckets; the last one has everything over 74 s. */
export const LATENCY_BUCKET_COUNT = 80

/** Index of the bucket of a duration. */
export const bucketOf = (ms: number): number => {
  const index = Math.ceil(Math.log2(ms / FIRST_MS) * PER_DOUBLING)
  // Also 0 for a duration of 0, whose logarithm is not finite.
  return index > 0 ? Math.min(index, LATENCY_BUCKET_COUNT - 1) : 0
}

/** Upper bound of a bucket, in milliseconds; 0 below the first one. */
const boundOf = (index: number): number => (index < 0 ? 0 : FIRST_MS * 2 ** (index / PER_DOUBLING))

/**
 * The duration that this share of the observations does not exceed, in milliseconds; `null` without
 * observations. `counts` has the count of each bucket.
 */
export const quantileOf = (counts: ArrayLike<number>, share: number): number | null => {
  let total = 0
  for (let index = 0; index < counts.length; index++) total += counts[index] ?? 0
  if (total === 0) return null
  const wanted = total * share
  let below = 0
  for (let index = 0; index < counts.length; index++) {
    const count = counts[index] ?? 0
    if (count > 0 && below + count >= wanted) {
      const lower = boundOf(index - 1)
      return lower + (boundOf(index) - lower) * Math.max(0, (wanted - below) / count)
    }
    below += count
  }
  return boundOf(counts.length - 1)
}

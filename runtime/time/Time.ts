/** Moments as they are stored: Unix milliseconds that a `Date` can show. */

/** Farthest moment from 1970 that a `Date` takes, in milliseconds either way. */
const TIME_MS_MAX = 8.64e15

/** Whether a value that came from elsewhere is a moment. */
export const isTime = (value: unknown): value is number =>
  typeof value === "number" && value <= TIME_MS_MAX && value >= -TIME_MS_MAX

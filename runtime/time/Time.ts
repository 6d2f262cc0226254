/** Stored times: Unix milliseconds within the range of `Date`. */

/** Largest distance from 1970 that a `Date` takes, in milliseconds, before or after. */
const TIME_MS_MAX = 8.64e15

/** Whether a value from outside is a valid time. */
export const isTime = (value: unknown): value is number =>
  typeof value === "number" && value <= TIME_MS_MAX && value >= -TIME_MS_MAX

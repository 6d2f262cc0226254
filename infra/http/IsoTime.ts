/** The form of times in documents. */

/** Unix milliseconds as RFC 3339: `2026-01-31T08:00:00.000Z`. */
export const isoTime = (atMs: number): string => new Date(atMs).toISOString()

/** Waiting for conditions outside this process, which can only be polled. */

/** Interval of the polls. */
export const pollIntervalMs = 20

export const delay = (durationMs: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, durationMs))

/** True once the condition holds, false after `timeoutMs`. */
export const until = async (condition: () => boolean, timeoutMs: number): Promise<boolean> => {
  const deadline = performance.now() + timeoutMs
  while (!condition()) {
    if (performance.now() > deadline) return false
    await delay(pollIntervalMs)
  }
  return true
}

/** Waiting for things outside this process, which can only be looked at again and again. */

/** How often a condition outside this process is looked at. */
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

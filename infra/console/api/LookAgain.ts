/**
 * Looks again when something has changed: one look at a time.
 *
 * Owns that no change is missed. A look that began before a change may answer what was there before, so another one
 * follows it. Changes that come faster than looks end share one look.
 */

/** Returns what to call at each change. A look that fails counts as a look. */
export const lookAgain = (look: () => Promise<unknown>): (() => void) => {
  let isLooking = false
  let isOutdated = false
  const untilNew = async () => {
    while (isOutdated) {
      isOutdated = false
      await look().catch(() => undefined)
    }
    isLooking = false
  }
  return () => {
    isOutdated = true
    if (isLooking) return
    isLooking = true
    void untilNew()
  }
}

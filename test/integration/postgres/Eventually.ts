/** Waits until an assertion holds, as an effect. */
import { Effect } from "effect"
import { vi } from "vitest"

const timeoutMs = 120_000
const intervalMs = 20

export const eventually = (assertion: () => void | Promise<void>): Effect.Effect<void> =>
  Effect.promise(async () => {
    await vi.waitFor(assertion, { timeout: timeoutMs, interval: intervalMs })
  })

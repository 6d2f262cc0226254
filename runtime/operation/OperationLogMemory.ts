/** The log of operations in memory: for systems on ports in memory. Keeps the newest operations only. */
import { Effect, Layer } from "effect"
import {
  OPERATIONS_PAGE_DEFAULT,
  OPERATIONS_PAGE_MAX,
  OperationLog,
  type OperationLogService,
  type StoredOperation,
} from "./OperationLog.ts"

/** Operations that the log keeps. */
export const OPERATIONS_KEPT_MAX = 10_000

export const makeOperationLogMemory = (): OperationLogService => {
  const stored: Array<StoredOperation> = []
  let last = 0
  return {
    begin: (operation) =>
      Effect.sync(() => {
        last++
        stored.push({ ...operation, number: last, outcome: undefined })
        if (stored.length > OPERATIONS_KEPT_MAX) stored.shift()
        return last
      }),
    end: (number, outcome) =>
      Effect.sync(() => {
        const index = stored.findIndex((one) => one.number === number)
        const begun = stored[index]
        if (begun !== undefined && begun.outcome === undefined) stored[index] = { ...begun, outcome }
      }),
    list: ({ before = Number.POSITIVE_INFINITY, limit = OPERATIONS_PAGE_DEFAULT } = {}) =>
      Effect.sync(() =>
        stored
          .filter(({ number }) => number < before)
          .reverse()
          .slice(0, Math.max(1, Math.min(limit, OPERATIONS_PAGE_MAX))),
      ),
  }
}

export const layerOperationLogMemory: Layer.Layer<OperationLog> = Layer.sync(
  OperationLog,
  makeOperationLogMemory,
)

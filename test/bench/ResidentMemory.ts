/** Heap that an idle order takes while it is resident: 100,000 placed and paid orders, counted in a process alone. */
import { rowOf } from "./Measure.ts"
import type { Bench } from "./Stage.ts"

const ORDER_COUNT = 100_000

/** What the child says: bytes per order. */
export interface ResidentBytes {
  readonly heapBytes: number
  readonly rssBytes: number
}

export const residentMemory: Bench = {
  name: "memory",
  rows: ["memory"],
  run: async (stage) => {
    const { natsUrl, postgresUrl } = await stage.servers()
    stage.say(`memory: placing and paying ${ORDER_COUNT} orders`)
    const args = [natsUrl, postgresUrl, String(ORDER_COUNT)]
    const { heapBytes, rssBytes } = await stage.child<ResidentBytes>("resident.ts", ["--expose-gc"], args)
    return [
      rowOf("memory", heapBytes, "bytes/order", null, {
        target: { of: "value", op: "<=", limit: 4_096 },
        note: `heap after collection, ${ORDER_COUNT} resident orders of 2 lines, placed and paid; ${Math.round(rssBytes)} bytes of RSS each`,
      }),
    ]
  },
}

/** The child process of ResidentMemory.ts: `resident.ts <nats> <postgres> <orders>`. Ends with its parent. */
import { Order } from "../../actors/order/Order.ts"
import { ActorSystem } from "../../infra/everstate.ts"
import { load, type Operation } from "./Measure.ts"
import type { ResidentBytes } from "./ResidentMemory.ts"

const IN_FLIGHT = 256

process.once("disconnect", () => process.exit(1))

const [nats = "", postgres = "", orderCountText = ""] = process.argv.slice(2)
const orderCount = Number(orderCountText)
const currency = "KRW"
const lines = [
  { sku: "lamp-brass-40", quantity: 2, unitPriceMinor: 48_000 },
  { sku: "bulb-e27-warm", quantity: 4, unitPriceMinor: 6_500 },
]

const collected = (): NodeJS.MemoryUsage => {
  for (let turn = 0; turn < 4; turn++) globalThis.gc?.()
  return process.memoryUsage()
}

const system = await ActorSystem.start({
  nats,
  postgres,
  actors: [Order],
  directory: false,
  residentMax: 2 * orderCount,
  idleMs: 3_600_000,
})

/** Each lane goes on with the next order until `count` have been taken. */
const orders = async (prefix: string, count: number): Promise<void> => {
  let taken = 0
  const life: Operation = (_, done) => {
    const order = system.get(Order, `${prefix}-${taken++}`)
    const placed = order.ask({ type: "Place", customerId: `customer-${taken}`, currency, lines: [...lines] })
    const paid = placed.then(() =>
      order.ask({
        type: "Pay",
        amount: { minor: 122_000, currency },
        paymentId: `pay_01J9ZK4M7Q8R5T-${taken}`,
      }),
    )
    paid.then(() => done(), done)
  }
  while (taken < count) await load(Math.min(IN_FLIGHT, count - taken), 0, life)
}

await orders("warm", 2_000)
const before = collected()
const residentBefore = (await system.status()).residentCount
await orders("order", orderCount)
const after = collected()
const residentCount = (await system.status()).residentCount - residentBefore
if (residentCount !== orderCount) throw new Error(`${residentCount} orders are resident, not ${orderCount}`)

const message: ResidentBytes = {
  heapBytes: (after.heapUsed + after.external - before.heapUsed - before.external) / orderCount,
  rssBytes: (after.rss - before.rss) / orderCount,
}
process.send?.(message, () => process.exit(0))

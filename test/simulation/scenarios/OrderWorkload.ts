/** What clients of the order service do: mostly sensible steps of an order's life, some that must be refused. */
import { Order } from "../../../actors/order/Order.ts"
import type { AnyEvent } from "../../../runtime/index.ts"
import type { Draw, Randomness, Request, Workload } from "../../../runtime/testing.ts"

/** How many of the requests read, repeat an earlier command, or are drawn without looking at the order's life. */
const READ_CHANCE = 0.15
const REPEAT_CHANCE = 0.05
const ODD_CHANCE = 0.15

const UNIT_PRICE_MINOR = 1_000

type Step = (random: Randomness, lineCount: number, index: number) => AnyEvent

const line = (sku: string) => ({ sku, quantity: 1, unitPriceMinor: UNIT_PRICE_MINOR })

const STEPS = {
  Place: () => ({ type: "Place", customerId: "c-1", currency: "KRW", lines: [line("SKU-0")] }),
  AddLine: (_, lineCount) => ({ type: "AddLine", line: line(`SKU-${lineCount}`) }),
  RemoveLine: (random, lineCount) => ({
    type: "RemoveLine",
    sku: `SKU-${random.index(Math.max(1, lineCount))}`,
  }),
  Pay: (_, lineCount, index) => ({
    type: "Pay",
    amount: { minor: lineCount * UNIT_PRICE_MINOR, currency: "KRW" },
    paymentId: `pay-${index}`,
  }),
  Ship: (_, __, index) => ({ type: "Ship", carrier: "CJ", trackingNumber: `T-${index}` }),
  Deliver: () => ({ type: "Deliver" }),
  Cancel: () => ({ type: "Cancel", reason: "changed my mind" }),
  Return: () => ({ type: "Return", reason: "leaks" }),
} satisfies { readonly [command: string]: Step }

type CommandName = keyof typeof STEPS

/** What clients believe to come next, with its weight. */
const NEXT: { readonly [state: string]: ReadonlyArray<CommandName> } = {
  draft: ["Place"],
  placed: ["AddLine", "AddLine", "AddLine", "RemoveLine", "Pay", "Pay", "Cancel"],
  paid: ["Ship", "Ship", "Ship", "Cancel"],
  shipped: ["Deliver"],
  delivered: ["Return"],
  over: ["Place", "Pay"],
}

const AFTER: { readonly [command in CommandName]?: string } = {
  Place: "placed",
  Pay: "paid",
  Ship: "shipped",
  Deliver: "delivered",
  Cancel: "over",
  Return: "over",
}

interface Believed {
  state: string
  lineCount: number
}

const believedAfter = (believed: Believed, name: CommandName): void => {
  believed.state = AFTER[name] ?? believed.state
  if (name === "Place") believed.lineCount = 1
  if (name === "AddLine") believed.lineCount++
}

/** `commandCount` requests to `orderCount` orders. */
export const orderWorkload = (orderCount: number, commandCount: number): Workload =>
  function* ({ random }: Draw) {
    const orders = new Map<string, Believed>()
    const sent: Array<Request> = []
    for (let index = 0; index < commandCount; index++) {
      const id = `o-${random.index(orderCount)}`
      if (random.chance(READ_CHANCE)) {
        yield { actor: Order, id }
        continue
      }
      if (sent.length > 0 && random.chance(REPEAT_CHANCE)) {
        yield random.pick(sent)
        continue
      }
      const believed = orders.get(id) ?? { state: "draft", lineCount: 0 }
      orders.set(id, believed)
      const isOdd = random.chance(ODD_CHANCE)
      const names = isOdd
        ? (Object.keys(STEPS) as ReadonlyArray<CommandName>)
        : (NEXT[believed.state] ?? ["Place"])
      const name = random.pick(names)
      const command = STEPS[name](random, believed.lineCount, index)
      if (!isOdd) believedAfter(believed, name)
      const request: Request = { actor: Order, id, command, commandId: `c-${index}` }
      sent.push(request)
      yield request
    }
  }

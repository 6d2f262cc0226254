/**
 * The commands of OrderApi.ts: from a request to `ask`, and from its outcome to an answer.
 *
 * Owns the id of an order that the client gave none. Headers: infra/http/CommandRequest.ts. The order says
 * what a command means (actors/order/OrderCommands.ts).
 */
import { createHash, randomUUID } from "node:crypto"
import { Effect } from "effect"
import { HttpApiBuilder, HttpApiSchema } from "effect/http-api"
import { Inventory } from "../../../actors/inventory/Inventory.ts"
import { Order } from "../../../actors/order/Order.ts"
import { ActorSystem, type CommandsOf } from "../../effect.ts"
import { type Answer, ask, type CommandRequest, versionHeaders } from "../../http/CommandRequest.ts"
import { orProblem } from "../../http/ProblemResponses.ts"
import { OrderApi } from "./OrderApi.ts"

type OrderCommand = CommandsOf<typeof Order>
type Placement = Omit<Extract<OrderCommand, { readonly type: "Place" }>, "type">

type Delivery = Omit<Extract<CommandsOf<typeof Inventory>, { readonly type: "Receive" }>, "type">

/** Characters of a generated order id after its prefix: 80 bits. */
const ORDER_ID_DIGITS = 20

/** Id made from the idempotency key if there is one, so that a repeat names the same order. */
const orderIdFor = ({ headers }: CommandRequest): string => {
  const key = headers["idempotency-key"]
  const seed = key === undefined ? randomUUID() : JSON.stringify([headers["x-user"] || null, key])
  return `o-${createHash("sha256").update(seed).digest("hex").slice(0, ORDER_ID_DIGITS)}`
}

const answerTo = (orderId: string, { version, sequence, duplicate }: Answer) => ({
  body: { orderId, version, sequence, duplicate },
  headers: versionHeaders({ version, sequence }),
})

export const OrderCommandRoutes = HttpApiBuilder.group(
  OrderApi,
  "commands",
  Effect.fnUntraced(function* (handlers) {
    const system = yield* ActorSystem
    const order = (orderId: string) => system.get(Order, orderId)

    const send = (orderId: string, command: OrderCommand, given: CommandRequest) =>
      ask(order(orderId), command, given).pipe(
        Effect.map((accepted) => HttpApiSchema.withHeaders(answerTo(orderId, accepted))),
        (answered) => orProblem(answered, given.headers["idempotency-key"]),
      )

    const place = (orderId: string, placement: Placement, given: CommandRequest) =>
      ask(order(orderId), { type: "Place" as const, ...placement }, given).pipe(
        Effect.map((accepted) => {
          const { body, headers } = answerTo(orderId, accepted)
          return HttpApiSchema.withHeaders({
            body: { ...body, total: accepted.reply.total },
            headers: { ...headers, location: `/orders/${encodeURIComponent(orderId)}` },
          })
        }),
        (answered) => orProblem(answered, given.headers["idempotency-key"]),
      )

    const receive = (sku: string, delivery: Delivery, given: CommandRequest) =>
      ask(system.get(Inventory, sku), { type: "Receive" as const, ...delivery }, given).pipe(
        Effect.map(({ version, sequence, duplicate }) =>
          HttpApiSchema.withHeaders({
            body: { sku, version, sequence, duplicate },
            headers: versionHeaders({ version, sequence }),
          }),
        ),
        (answered) => orProblem(answered, given.headers["idempotency-key"]),
      )

    return handlers.handleAll({
      placeUnnamed: (given) => {
        const { orderId = orderIdFor(given), ...placement } = given.payload
        return place(orderId, placement, given)
      },
      place: (given) => place(given.params.orderId, given.payload, given),
      addLine: (given) => send(given.params.orderId, { type: "AddLine", line: given.payload }, given),
      removeLine: (given) => send(given.params.orderId, { type: "RemoveLine", sku: given.params.sku }, given),
      pay: (given) => send(given.params.orderId, { type: "Pay", ...given.payload }, given),
      ship: (given) => send(given.params.orderId, { type: "Ship", ...given.payload }, given),
      deliver: (given) => send(given.params.orderId, { type: "Deliver", ...given.payload }, given),
      cancel: (given) => send(given.params.orderId, { type: "Cancel", ...given.payload }, given),
      return: (given) => send(given.params.orderId, { type: "Return", ...given.payload }, given),
      receiveStock: (given) => receive(given.params.sku, given.payload, given),
    })
  }),
)

/** Problems of the order service: clients know an order by `orderId`, and any other actor by `id`. */
import { expect, it } from "vitest"
import { problemOf } from "../../../../infra/reference/service/OrderProblem.ts"
import { CommandRejected } from "../../../../runtime/cell/AskError.ts"

const rejection = (actorType: string, version: number) =>
  new CommandRejected({
    actorType,
    id: "o-1",
    commandType: "Ship",
    reason: "NotAccepted",
    state: "placed",
    version,
    detail: undefined,
  })

it("tells of a rejected order by orderId", () => {
  const problem = problemOf(rejection("order", 3))
  expect(problem).toMatchObject({ status: 409, orderId: "o-1", command: "Ship", reason: "NotAccepted" })
  expect(problem).not.toHaveProperty("id")
})

it("tells of an order that was never placed", () => {
  expect(problemOf(rejection("order", 0))).toMatchObject({
    type: "urn:everstate:problem:order-not-found",
    status: 404,
    orderId: "o-1",
  })
})

it("tells of any other actor by id", () => {
  expect(problemOf(rejection("shipment", 3))).toMatchObject({ status: 409, id: "o-1" })
  expect(problemOf(rejection("shipment", 0))).toMatchObject({
    type: "urn:everstate:problem:not-found",
    status: 404,
    id: "o-1",
  })
})

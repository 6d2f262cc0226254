/** How the console names the receiver of a dead letter. */
import { expect, it } from "vitest"
import { receiverOf } from "../../../infra/console/pages/letters/Receiver.ts"

it("is the actor by its id, not by its token", () => {
  expect(receiverOf({ key: "order/%EC%A3%BC%EB%AC%B8", type: "order", id: "주문" })).toBe("order/주문")
})

it("is the key of what is no actor", () => {
  expect(receiverOf({ key: "reactor/mail" })).toBe("reactor/mail")
})

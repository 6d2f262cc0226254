import { describe, expect, it } from "vitest"
import { Customer } from "../../../../actors/customer/Customer.ts"
import { customerEvents } from "../../../../actors/customer/CustomerEvents.ts"
import type { CommandsOf } from "../../../../runtime/index.ts"
import { DrivenActor, expectIdempotent } from "../DrivenActor.ts"
import { goldenEvents } from "../GoldenEvents.ts"

goldenEvents("customer", customerEvents)

type Command = CommandsOf<typeof Customer>

const register: Command = { type: "Register", name: "김누리", email: "nuri@example.com" }
const change: Command = { type: "ChangeEmail", email: "nuri.kim@example.org" }
const customer = () => new DrivenActor(Customer, "c-7")

describe("a customer", () => {
  it("has a name and an address, which may change", () => {
    expect(customer().all(register).state.context).toEqual({ name: "김누리", email: "nuri@example.com" })
    expect(customer().all(register, change).state.context.email).toBe("nuri.kim@example.org")
  })

  it("decides every command once", () => {
    expectIdempotent(customer, { unknown: () => undefined, registered: (actor) => actor.all(register) }, [
      register,
      change,
    ])
  })

  it("is registered once, and changes nothing before that", () => {
    expect(
      customer()
        .all(register)
        .do({ ...register, name: "Somebody" } as Command),
    ).toMatchObject({
      rejected: "AlreadyRegistered",
    })
    expect(customer().do(change)).toMatchObject({ rejected: "NotAccepted" })
  })

  it("has an address that mail can be sent to", () => {
    for (const email of [
      "",
      "nuri",
      "@example.com",
      "a@b",
      "a b@example.com",
      "a@b@c.com",
      "a@ex ample.com",
      `${"a".repeat(250)}@b.cd`,
    ]) {
      expect(() => customer().do({ ...register, email } as Command), email).toThrow()
    }
    for (const email of ["a@b.cd", "o'neill+shop@mail.example.co.kr", "누리@예시.한국"]) {
      expect(customer().do({ ...register, email } as Command), email).toHaveProperty("events.length", 1)
    }
  })
})

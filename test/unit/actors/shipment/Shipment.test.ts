import { describe, expect, it } from "vitest"
import { addressFailure } from "../../../../actors/shipment/Deliverable.ts"
import { Shipment } from "../../../../actors/shipment/Shipment.ts"
import { shipmentEvents } from "../../../../actors/shipment/ShipmentEvents.ts"
import type { CommandsOf } from "../../../../runtime/index.ts"
import { DrivenActor, expectIdempotent, NOW_MS } from "../DrivenActor.ts"
import { goldenEvents } from "../GoldenEvents.ts"

goldenEvents("shipment", shipmentEvents)

type Driven = DrivenActor<typeof Shipment>
type Command = CommandsOf<typeof Shipment>

const address = {
  recipient: "K. Lee",
  street: "Sejong-daero 110",
  postalCode: "04524",
  city: "Seoul",
  country: "KR",
}
const schedule: Command = { type: "Schedule", address }
const dispatch: Command = { type: "Dispatch", carrier: "CJ", trackingNumber: "T-1" }
const deliver: Command = { type: "Deliver" }
const cancel: Command = { type: "CancelShipment", reason: "payment declined" }

const to = {
  new: (shipment) => shipment,
  scheduled: (shipment) => shipment.all(schedule),
  dispatched: (shipment) => shipment.all(schedule, dispatch),
  delivered: (shipment) => shipment.all(schedule, dispatch, deliver),
  cancelled: (shipment) => shipment.all(schedule, cancel),
} satisfies { readonly [state: string]: (shipment: Driven) => Driven }

type Name = keyof typeof to
const at = (name: Name): Driven => to[name](new DrivenActor(Shipment))

describe("a shipment", () => {
  it("gets to each of its states", () => {
    for (const name of Object.keys(to) as ReadonlyArray<Name>) expect(at(name).state.value).toBe(name)
  })

  it("decides every command once, in every state", () => {
    expectIdempotent(() => new DrivenActor(Shipment), to, [schedule, dispatch, deliver, cancel])
  })

  it("accepts what its state has, and words what a person may wonder about", () => {
    const outcome = (name: Name, command: Command) => {
      const step = at(name).do(command)
      return "rejected" in step ? step.rejected : step.events.length
    }
    const outcomes = (command: Command) =>
      (Object.keys(to) as ReadonlyArray<Name>).map((name) => outcome(name, command))
    expect(outcomes(schedule)).toEqual([1, 0, 0, 0, "ShipmentCancelled"])
    expect(outcomes(dispatch)).toEqual(["NotAccepted", 1, 0, 0, "NotAccepted"])
    expect(outcomes(deliver)).toEqual(["NotAccepted", "NotAccepted", 1, 0, "NotAccepted"])
    expect(outcomes(cancel)).toEqual([1, 1, "AlreadyDispatched", "AlreadyDispatched", 0])
  })

  it("that was cancelled before it came is refused when it comes", () => {
    const shipment = at("new").all(cancel)
    expect(shipment.do(schedule)).toMatchObject({ rejected: "ShipmentCancelled" })
  })

  it("is not handed over twice under two numbers", () => {
    expect(at("dispatched").do({ ...dispatch, trackingNumber: "T-2" } as Command)).toEqual({
      rejected: "DispatchedOtherwise",
      detail: { trackingNumber: "T-1" },
    })
  })

  it("writes down when it arrived", () => {
    const given = at("dispatched")
    expect(given.do(deliver)).toMatchObject({ events: ["ShipmentDelivered"] })
    expect(NOW_MS).toBe(Date.UTC(2026, 0, 1))
  })
})

describe("an address", () => {
  it("that is refused by an event stays refused, and is cancelled without effect", () => {
    const shipment = at("new")
    const nowhere = { ...address, country: "AQ" }
    const recorded: Command = { type: "Schedule", address: nowhere, recordRefusal: true }
    expect(shipment.do(recorded)).toHaveProperty("events", ["ShipmentRefused"])
    shipment.all(recorded, cancel)
    expect(shipment.do(schedule)).toMatchObject({ rejected: "AddressFailure" })
    expect(shipment.state.value).toBe("refused")
  })

  it("that nobody delivers to is refused, with the part that is wrong", () => {
    const wrong = [
      [{ postalCode: "4524" }, { field: "postalCode", found: "4524" }],
      [{ postalCode: "0452A" }, { field: "postalCode", found: "0452A" }],
      [{ country: "AQ" }, { field: "country", found: "AQ" }],
    ] as const
    for (const [part, detail] of wrong) {
      const shipment = at("new")
      expect(shipment.do({ type: "Schedule", address: { ...address, ...part } })).toEqual({
        rejected: "AddressFailure",
        detail,
      })
      expect(shipment.do(schedule)).toMatchObject({ events: ["ShipmentScheduled"] })
    }
  })

  it("is good with the postal code of its country", () => {
    const good = {
      AT: "1010",
      CH: "8001",
      DE: "10117",
      FR: "75001",
      GB: "SW1A 1AA",
      JP: "100-0001",
      NL: "1012 AB",
    }
    for (const [country, postalCode] of Object.entries({ ...good, US: "10001-1234" })) {
      expect(addressFailure({ ...address, country, postalCode }), country).toBeUndefined()
    }
  })
})

/** What a saga started with, while the shape of the input changes. */
import { Schema } from "effect"
import { describe, expect, it } from "vitest"
import { type AnySaga, defineEvent, defineSaga } from "../../../runtime/index.ts"
import { eventually } from "../../fixtures/memory/MemorySystem.ts"
import { Booked } from "../../fixtures/saga/Booked.ts"
import { ofFirstRelease } from "../../fixtures/saga/FirstRelease.ts"
import { ID, Town } from "../../fixtures/saga/Town.ts"

describe("the input of a saga that runs", () => {
  const Hotel = Schema.Struct({ hotel: Schema.String })
  const HotelAndNights = Schema.Struct({ hotelId: Schema.String, nights: Schema.Int })
  const grown = defineEvent({
    version: 2,
    schema: HotelAndNights,
    upcast: { 1: (old: { readonly hotel: string }) => ({ hotelId: old.hotel, nights: 1 }) },
  })
  const book = (id: string, by: string) => ({ actor: Booked, id, command: { type: "Book", by } }) as const
  const V1 = defineSaga({
    type: "booking",
    input: Hotel,
    steps: (saga) =>
      saga
        .step("b", { request: ({ sagaId }) => book("human-b", sagaId) })
        .step("hotel", { request: ({ input, sagaId }) => book(input.hotel, sagaId) }),
  })

  const waiting = async (saga: AnySaga) => {
    const town = new Town()
    await town.run(saga)
    await town.system.get(saga, ID).ask({ type: "Start", input: { hotel: "ritz" } } as never)
    await eventually(async () => (await town.log("b")).includes(`?${ID}`))
    return town
  }

  it.each([
    ["this release", V1],
    ["the first releases, with a snapshot", ofFirstRelease(V1)],
  ])("FAULT 74: is upcast where the steps stay as they are (%s)", async (_, first) => {
    const town = await waiting(first)
    const V2 = defineSaga({
      type: "booking",
      input: grown,
      steps: (saga) =>
        saga
          .step("b", { request: ({ sagaId }) => book("human-b", sagaId) })
          .step("hotel", { request: ({ input, sagaId }) => book(input.hotelId, sagaId) }),
    })
    await town.run(V2)
    expect((await town.book(V2)).context.input).toEqual({ hotelId: "ritz", nights: 1 })
    await town.decide()
    await town.ended(V2, "completed")
    expect(await town.log("ritz")).toEqual([`+${ID}`])
  })

  it.each([
    ["this release", V1],
    ["the first releases", ofFirstRelease(V1)],
  ])("FAULT 74: has the form that its own plan knows (%s)", async (_, first) => {
    const town = await waiting(first)
    const V2 = defineSaga({
      type: "booking",
      version: 2,
      previous: [V1],
      input: grown,
      steps: (saga) =>
        saga.step("hotel", {
          request: ({ input, sagaId }) => book(`${input.hotelId}-${input.nights}`, sagaId),
        }),
    })
    await town.run(V2)
    expect((await town.book(V2)).context.input).toEqual({ hotel: "ritz" })
    await town.decide()
    await town.ended(V2, "completed")
    expect(await town.log("ritz")).toEqual([`+${ID}`])
    await town.system.get(V2.actor, "t-2").ask({ type: "Start", input: { hotelId: "ibis", nights: 2 } })
    await eventually(async () => (await town.log("ibis-2")).includes("+t-2"))
  })
})

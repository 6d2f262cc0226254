/** What is inferred of actors that a client asks: as at a node. */
import { describe, expectTypeOf, it } from "vitest"
import type { ActorClient, ActorRef } from "../../infra/everstate.ts"
import { Counter } from "../fixtures/memory/Counter.ts"
import { Trip } from "../unit/saga/Trip.ts"

declare const client: ActorClient

describe("a client's handle", () => {
  it("takes the actor's commands alone, and knows their replies and its state", () => {
    const counter = client.get(Counter, "c")
    expectTypeOf(counter.ask({ type: "Add", by: 1 }))
      .resolves.toHaveProperty("reply")
      .toEqualTypeOf<{ total: number }>()
    // @ts-expect-error no such command
    void counter.ask({ type: "Explode" })
    // @ts-expect-error a number
    void counter.tell({ type: "Add", by: "1" })
    expectTypeOf(counter.state()).resolves.toHaveProperty("version").toEqualTypeOf<number>()
    expectTypeOf<
      Awaited<ReturnType<typeof counter.state>>["state"]["context"]["total"]
    >().toEqualTypeOf<number>()
  })
})

describe("a handle by the definition of a saga", () => {
  it("is that of the saga's actor", () => {
    const trip = client.get(Trip, "t")
    expectTypeOf(trip).toEqualTypeOf<ActorRef<typeof Trip.actor>>()
    expectTypeOf(client.get(Trip.actor, "t")).toEqualTypeOf<ActorRef<typeof Trip.actor>>()
    // @ts-expect-error the input has a schema
    void trip.ask({ type: "Start", input: { seats: 1 } })
    // @ts-expect-error no definition
    client.get("trip", "t")
  })
})

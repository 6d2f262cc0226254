import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { Inventory } from "../../../../actors/inventory/Inventory.ts"
import { inventoryEvents } from "../../../../actors/inventory/InventoryEvents.ts"
import {
  DELIVERIES_REMEMBERED_COUNT,
  type InventoryContext,
  RECEIVED_MAX,
} from "../../../../actors/inventory/InventoryMachine.ts"
import {
  BUCKET_COUNT,
  ENDED_PER_BUCKET,
  ended,
  endingOf,
  heldBy,
  noReservations,
  OPEN_MAX,
  opened,
} from "../../../../actors/inventory/Reservations.ts"
import type { CommandsOf } from "../../../../runtime/index.ts"
import { DrivenActor, expectIdempotent } from "../DrivenActor.ts"
import { goldenEvents } from "../GoldenEvents.ts"

goldenEvents("inventory", inventoryEvents)

type Driven = DrivenActor<typeof Inventory>
type Command = CommandsOf<typeof Inventory>

const receive = (quantity: number, deliveryId = "dn-1"): Command => ({
  type: "Receive",
  deliveryId,
  quantity,
})
const reserve = (quantity: number, reservationId = "o-1"): Command => ({
  type: "Reserve",
  reservationId,
  quantity,
})
const release = (reservationId = "o-1"): Command => ({ type: "Release", reservationId })
const commit = (reservationId = "o-1"): Command => ({ type: "Commit", reservationId })

const stock = (...commands: ReadonlyArray<Command>): Driven =>
  new DrivenActor(Inventory, "TEA-100").all(...commands)

const countsOf = ({ receivedCount, onHandCount, reservedCount, committedCount }: InventoryContext) => ({
  receivedCount,
  onHandCount,
  reservedCount,
  committedCount,
})

const counts = (actor: Driven) => Object.values(countsOf(actor.state.context))

/** What holds for the stock of any article at any time. */
const expectBalance = (context: InventoryContext): void => {
  const { receivedCount, onHandCount, reservedCount, committedCount } = context
  expect(receivedCount).toBe(onHandCount + reservedCount + committedCount)
  for (const count of [onHandCount, reservedCount, committedCount]) expect(count).toBeGreaterThanOrEqual(0)
  const held = context.reservations.flatMap(({ open }) => open).reduce((sum, [, units]) => sum + units, 0)
  expect(reservedCount).toBe(held)
}

describe("stock", () => {
  it("moves from on hand to reserved to committed, or back", () => {
    expect(counts(stock(receive(10)))).toEqual([10, 10, 0, 0])
    expect(counts(stock(receive(10), reserve(4)))).toEqual([10, 6, 4, 0])
    expect(counts(stock(receive(10), reserve(4), commit()))).toEqual([10, 6, 0, 4])
    expect(counts(stock(receive(10), reserve(4), release()))).toEqual([10, 10, 0, 0])
  })

  it("is never reserved beyond what is there: the refusal says what is", () => {
    const actor = stock(receive(10), reserve(8))
    expect(actor.do(reserve(3, "o-2"))).toEqual({
      rejected: "OutOfStock",
      detail: { available: 2, asked: 3 },
    })
    expect(actor.do(reserve(2, "o-2"))).toHaveProperty("events", ["StockReserved"])
    expect(stock().do(reserve(1))).toMatchObject({ rejected: "OutOfStock", detail: { available: 0 } })
  })

  it("is received once per delivery, within bounds", () => {
    const actor = stock(receive(10), receive(10), receive(5, "dn-2"))
    expect(counts(actor)[0]).toBe(15)
    for (let index = 0; index < DELIVERIES_REMEMBERED_COUNT; index++) actor.do(receive(1, `more-${index}`))
    expect(actor.state.context.deliveries).toHaveLength(DELIVERIES_REMEMBERED_COUNT)
    expect(
      Inventory.machine.transition(
        actor.state,
        {
          type: "StockReceived",
          deliveryId: "x",
          quantity: RECEIVED_MAX,
        },
        "a",
      ),
    ).toBe(undefined)
  })

  it("FAULT 43: counts whole units only", () => {
    for (const quantity of [0, -1, 0.5, 1e12]) expect(() => stock().do(reserve(quantity))).toThrow()
  })

  it("balances after whatever order of whatever commands", () => {
    const id = fc.constantFrom("o-1", "o-2", "o-3", "__proto__")
    const command = fc.oneof(
      fc
        .tuple(fc.integer({ min: 1, max: 9 }), fc.constantFrom("dn-1", "dn-2", "dn-3"))
        .map(([n, d]) => receive(n, d)),
      fc.tuple(fc.integer({ min: 1, max: 9 }), id).map(([n, r]) => reserve(n, r)),
      id.map(release),
      id.map(commit),
    )
    fc.assert(
      fc.property(fc.array(command, { maxLength: 30 }), (commands) => {
        const actor = new DrivenActor(Inventory, "TEA-100")
        for (const each of commands) {
          actor.do(each)
          expectBalance(actor.state.context)
        }
      }),
      { numRuns: 200 },
    )
  })
})

describe("a reservation", () => {
  it("decides every command once, however far it is", () => {
    expectIdempotent(
      () => stock(receive(10, "first")),
      {
        "not there": () => undefined,
        open: (actor) => actor.all(reserve(4)),
        released: (actor) => actor.all(reserve(4), release()),
        committed: (actor) => actor.all(reserve(4), commit()),
        cancelled: (actor) => actor.all(release()),
      },
      [receive(3, "dn-9"), reserve(4), release(), commit()],
    )
  })

  it("is refused under the same id with another quantity", () => {
    expect(stock(receive(10), reserve(4)).do(reserve(5))).toMatchObject({ rejected: "ReservationDiffers" })
  })

  it("that was released before it came is refused when it comes", () => {
    const actor = stock(receive(10), release())
    expect(actor.do(reserve(4))).toEqual({
      rejected: "ReservationCancelled",
      detail: { ending: "cancelled" },
    })
    expect(counts(actor)).toEqual([10, 10, 0, 0])
  })

  it("that was released is not made again by a late repeat", () => {
    const actor = stock(receive(10), reserve(4), release())
    expect(actor.do(reserve(4))).toMatchObject({ rejected: "ReservationCancelled" })
    expect(actor.do(commit())).toMatchObject({ rejected: "ReservationCancelled" })
  })

  it("that was committed is not given back, and not made again", () => {
    const actor = stock(receive(10), reserve(4), commit())
    expect(actor.do(release())).toMatchObject({ rejected: "ReservationCommitted" })
    expect(actor.do(reserve(4))).toMatchObject({ events: [] })
    expect(counts(actor)).toEqual([10, 6, 0, 4])
  })

  it("that is refused by an event stays refused, and is told to nobody twice", () => {
    const recorded: Command = { type: "Reserve", reservationId: "o-1", quantity: 11, recordRefusal: true }
    const actor = stock(receive(10))
    expect(actor.do(recorded)).toHaveProperty("events", ["ReservationRefused"])
    actor.all(receive(10, "dn-2"), recorded, release())
    expect(actor.do(reserve(1))).toMatchObject({
      rejected: "ReservationCancelled",
      detail: { ending: "refused" },
    })
    expect(counts(actor)).toEqual([20, 20, 0, 0])
    expect(stock(receive(11)).do(recorded)).toHaveProperty("events", ["StockReserved"])
  })

  it("has the id of any order", () => {
    for (const id of [" o 1 ", "주문/№", "__proto__", "o".repeat(256)]) {
      expect(counts(stock(receive(10), reserve(4, id), commit(id)))).toEqual([10, 6, 0, 4])
    }
  })

  it("that is not known cannot be committed", () => {
    expect(stock(receive(1)).do(commit())).toMatchObject({ rejected: "UnknownReservation" })
  })
})

describe("what is remembered of reservations", () => {
  it("is the latest that ended, so many and no more", () => {
    let reservations = noReservations
    const total = 3 * BUCKET_COUNT * ENDED_PER_BUCKET
    for (let index = 0; index < total; index++) {
      reservations = opened(reservations, `o-${index}`, 1)
      reservations = ended(reservations, `o-${index}`, index % 2 === 0 ? "released" : "committed")
    }
    expect(reservations.map((bucket) => bucket.ended.length)).toEqual(
      Array(BUCKET_COUNT).fill(ENDED_PER_BUCKET),
    )
    for (let index = total - ENDED_PER_BUCKET; index < total; index++) {
      expect(endingOf(reservations, `o-${index}`)).toBe(index % 2 === 0 ? "released" : "committed")
    }
    expect(endingOf(reservations, "o-0")).toBeUndefined()
  })

  it("knows open ones however many there are, up to the bound, and is evenly spread", () => {
    let reservations = noReservations
    for (let index = 0; index < OPEN_MAX; index++) reservations = opened(reservations, `o-${index}`, 2)
    expect(heldBy(reservations, "o-9999")).toBe(2)
    expect(heldBy(reservations, "o-10000")).toBeUndefined()
    for (const { open } of reservations) expect(open.length).toBeLessThan((2 * OPEN_MAX) / BUCKET_COUNT)
    const full = Inventory.machine.initial("TEA-100")
    const state = Object.assign(Object.create(Object.getPrototypeOf(full)), full, {
      context: {
        ...full.context,
        receivedCount: 30_000,
        onHandCount: 10_000,
        reservedCount: 20_000,
        reservations,
      },
    })
    expect(
      Inventory.machine.transition(state, { type: "StockReserved", reservationId: "x", quantity: 1 }, "a"),
    ).toBe(undefined)
  })

  it("takes any id for a name and nothing more", () => {
    for (const id of ["__proto__", "constructor", "toString", "김"]) {
      expect(heldBy(noReservations, id)).toBeUndefined()
      expect(endingOf(noReservations, id)).toBeUndefined()
      expect(heldBy(opened(noReservations, id, 3), id)).toBe(3)
    }
  })
})

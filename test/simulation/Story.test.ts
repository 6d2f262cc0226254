import { describe, expect, it } from "vitest"
import { Order } from "../../actors/order/Order.ts"
import { OrderSummary } from "../../actors/projections/OrderSummary.ts"
import { QUEUE_ITEMS_MAX } from "../../runtime/cell/Waiting.ts"
import { SimulationEscape } from "../../runtime/testing/simulation/EscapeTrap.ts"
import { playStory, type StoryOptions } from "../../runtime/testing/simulation/Story.ts"
import { Violation } from "../../runtime/testing/simulation/Violation.ts"

const shop = {
  actors: [Order],
  projections: [OrderSummary],
  settings: { idleMs: 5_000 },
} satisfies StoryOptions

const place = {
  type: "Place",
  customerId: "c-7",
  currency: "KRW",
  lines: [{ sku: "TEA-100", quantity: 2, unitPriceMinor: 9_000 }],
} as const
const pay = { type: "Pay", amount: { minor: 18_000, currency: "KRW" }, paymentId: "pay-1" } as const
const cancel = { type: "Cancel", reason: "changed my mind" } as const

describe("a story", () => {
  it("FAULT 1: an acknowledgement that is lost costs nothing but time", async () => {
    await playStory(shop, async (sim) => {
      sim.failNext("journal.append", "ack lost")
      const placed = await sim.ask(Order, "o-1", place)
      expect(placed).toMatchObject({ version: 1, reply: { total: { minor: 18_000 } }, duplicate: false })
      expect(sim.history(Order, "o-1")).toHaveLength(1)
      expect(sim.nowMs()).toBeGreaterThan(1_000)
    })
  })

  it("FAULT 2: an append that lands after its time-out is found and answered once", async () => {
    await playStory({ ...shop, nodes: 1 }, async (sim) => {
      sim.failNext("journal.append", "append lands late")
      const { version } = await sim.ask(Order, "o-1", place)
      await sim.advance("10 seconds")
      expect(version).toBe(1)
      expect(sim.history(Order, "o-1")).toHaveLength(1)
    })
  })

  it("FAULT 3: one command sent to two nodes applies once", async () => {
    await playStory(shop, async (sim) => {
      const [one, two] = await Promise.all([
        sim.ask(Order, "o-1", place, { node: 1, commandId: "place" }),
        sim.ask(Order, "o-1", place, { node: 2, commandId: "place" }),
      ])
      expect([one.version, two.version]).toEqual([1, 1])
      expect(sim.history(Order, "o-1")).toHaveLength(1)
    })
  })

  it("FAULT 7: a zombie's append is refused, and it answers from what the others stored", async () => {
    await playStory(shop, async (sim) => {
      await sim.ask(Order, "o-1", place, { node: 1 })
      sim.pause(1)
      await sim.ask(Order, "o-1", pay, { node: 2 })
      sim.resume(1)
      await expect(sim.ask(Order, "o-1", cancel, { node: 1 })).resolves.toMatchObject({ version: 3 })
      const { state } = await sim.state(Order, "o-1", { node: 1 })
      expect(state.value).toBe("cancelled")
      expect(sim.history(Order, "o-1").map(({ event }) => event)).toMatchObject([
        { type: "OrderPlaced" },
        { type: "OrderPaid" },
        { type: "OrderCancelled", refund: { minor: 18_000 } },
      ])
    })
  })

  it("FAULT 14: what was acknowledged survives the crash of every node", async () => {
    await playStory(shop, async (sim) => {
      await sim.ask(Order, "o-1", place)
      for (const node of [1, 2, 3]) sim.crash(node)
      await sim.advance("1 hour")
      sim.restart(2)
      await expect(sim.ask(Order, "o-1", pay)).resolves.toMatchObject({ version: 2 })
    })
  })

  it("FAULT 51: commands go on while Postgres is away, and the read model catches up", async () => {
    await playStory(shop, async (sim) => {
      sim.takeDown("postgres")
      await sim.ask(Order, "o-1", place, { node: 1 })
      await sim.ask(Order, "o-1", pay)
      expect(sim.rows(OrderSummary)).toEqual([])
      await sim.eventually(
        "the projection says so",
        () => sim.status(1).projections[0]?.state === "unavailable",
      )
      sim.bringUp("postgres")
      await sim.eventually(
        "the order is paid in the list",
        () => sim.rows(OrderSummary)[0]?.status === "paid",
      )
    })
  })

  it("FAULT 52: a fail-over that forgets the last transactions is caught up from the stored offset", async () => {
    await playStory(shop, async (sim) => {
      await sim.ask(Order, "o-1", place)
      await sim.ask(Order, "o-1", pay)
      await sim.eventually("the order is in the list", () => sim.rows(OrderSummary)[0]?.status === "paid")
      sim.loseTransactions(1)
      expect(sim.rows(OrderSummary)[0]?.status).not.toBe("paid")
      await sim.ask(Order, "o-2", place)
      await sim.eventually(
        "both orders are in the list as they are",
        () =>
          sim.rows(OrderSummary).length === 2 &&
          sim.rows(OrderSummary).some(({ status }) => status === "paid"),
        300_000,
      )
    })
  })

  it("FAULT 52: a projection with nothing to do notices a fail-over by itself", async () => {
    await playStory(shop, async (sim) => {
      await sim.ask(Order, "o-1", place)
      await sim.eventually("the order is in the list", () => sim.rows(OrderSummary).length === 1)
      await sim.advance("1 minute")
      // Among them the snapshot that was written when the order left memory.
      sim.loseTransactions(2)
      expect(sim.rows(OrderSummary)).toEqual([])
      await sim.eventually("the order is in the list again", () => sim.rows(OrderSummary).length === 1)
    })
  })

  it("FAULT 50: a snapshot ahead of the journal is discarded", async () => {
    const order = { ...Order, snapshotEveryEvents: 1 }
    await playStory({ ...shop, actors: [order], projections: [], nodes: 1 }, async (sim) => {
      await sim.ask(order, "o-1", place)
      await sim.advance("1 second")
      sim.crash(1)
      sim.restart(1)
      sim.failNext("snapshots.load", "snapshot ahead")
      expect((await sim.state(order, "o-1")).version).toBe(1)
      expect(sim.reached("snapshot discarded")).toBe(1)
    })
  })

  it("FAULT 25: a journal that lost its tail with the power goes on from what is left", async () => {
    const order = { ...Order, snapshotEveryEvents: 1 }
    await playStory({ ...shop, actors: [order], projections: [], nodes: 1 }, async (sim) => {
      await sim.ask(order, "o-1", place)
      await sim.ask(order, "o-2", place)
      await sim.ask(order, "o-1", pay)
      await sim.advance("1 second")
      sim.losePower(1)
      sim.restart(1)
      const { state, version } = await sim.state(order, "o-1")
      expect([state.value, version]).toEqual(["placed", 1])
      expect(sim.reached("snapshot discarded")).toBe(1)
    }).catch((error: unknown) => {
      // The client was told that it had paid: that is what the durability table says of a power loss.
      expect(error).toMatchObject({ promise: "an acknowledged command is in the journal" })
    })
  })

  it("FAULT 60: clocks that jump by an hour lose nothing", async () => {
    await playStory(shop, async (sim) => {
      sim.jumpClock(1, 3_600_000)
      await sim.ask(Order, "o-1", place, { node: 1 })
      sim.jumpClock(1, -7_200_000)
      await sim.ask(Order, "o-1", pay, { node: 1 })
      await sim.advance("1 minute")
      expect((await sim.state(Order, "o-1", { node: 2 })).version).toBe(2)
    })
  })

  it("FAULT 64: a flooded mailbox says Busy, keeps its bound, and everybody is answered in the end", async () => {
    await playStory({ ...shop, nodes: 1, projections: [] }, async (sim) => {
      await sim.advance("1 second")
      sim.partition(1)
      const asked = Array.from({ length: 1_500 }, () => sim.ask(Order, "o-1", place, { node: 1 }))
      const answers = Promise.allSettled(asked)
      await sim.advance("3 seconds")
      expect(sim.status(1).inFlightCount).toBe(QUEUE_ITEMS_MAX)
      sim.heal()
      const accepted = (await answers).filter(({ status }) => status === "fulfilled")
      expect(accepted).toHaveLength(1)
      expect(sim.status(1).inFlightCount).toBe(0)
    })
  })

  it("skips the days in which nothing happens", async () => {
    const deliver = { type: "Deliver" } as const
    const ship = { type: "Ship", carrier: "CJ", trackingNumber: "T-1" } as const
    const giveBack = { type: "Return", reason: "leaks" } as const
    await playStory({ ...shop, projections: [] }, async (sim) => {
      for (const id of ["soon", "late"]) {
        for (const command of [place, pay, ship, deliver]) await sim.ask(Order, id, command)
      }
      await sim.advance("29 days")
      expect((await sim.ask(Order, "soon", giveBack)).version).toBe(5)
      const stepCount = sim.stepCount()
      await sim.advance("2 days")
      expect(sim.stepCount() - stepCount).toBeLessThan(5_000)
      await expect(sim.ask(Order, "late", giveBack)).rejects.toMatchObject({ reason: "ReturnWindowClosed" })
    })
  })

  it("answers when the partition is over, and says no in the meantime to nobody for good", async () => {
    await playStory({ ...shop, nodes: 1 }, async (sim) => {
      sim.partition(1)
      const asked = sim.ask(Order, "o-1", place)
      await sim.advance("1 minute")
      expect(sim.history(Order, "o-1")).toEqual([])
      sim.heal()
      await expect(asked).resolves.toMatchObject({ version: 1 })
    })
  })

  it("shows what is not promised: a refusal does not stop an append that is still under way", async () => {
    await playStory({ ...shop, nodes: 2 }, async (sim) => {
      await sim.advance("1 second")
      sim.failNext("journal.append", "append lands late")
      // Both wait for the order's recovery and go into one commit.
      const both = [
        sim.ask(Order, "o-1", place, { node: 1, commandId: "place" }),
        sim.ask(Order, "o-1", pay, { node: 1, commandId: "pay" }),
      ]
      await sim.advance("1 second")
      sim.crash(1)
      await expect(sim.ask(Order, "o-1", pay, { node: 2, commandId: "pay" })).rejects.toMatchObject({
        reason: "NotAccepted",
        state: "draft",
      })
      await sim.advance("10 seconds")
      expect(sim.history(Order, "o-1").map(({ event }) => event.type)).toEqual(["OrderPlaced", "OrderPaid"])
      sim.restart(1)
      expect((await Promise.all(both)).map(({ version }) => version)).toEqual([1, 2])
    })
  })

  it("gives a rejection as the caller meets it", async () => {
    await playStory(shop, async (sim) => {
      await sim.ask(Order, "o-1", place, { node: 1 })
      await expect(sim.ask(Order, "o-1", place, { node: 1 })).rejects.toMatchObject({
        _tag: "CommandRejected",
        reason: "NotAccepted",
        state: "placed",
      })
    })
  })

  it("takes the same steps every time", async () => {
    const once = () =>
      playStory({ ...shop, seed: 42 }, async (sim) => {
        await Promise.all(["a", "b", "c"].map((id) => sim.ask(Order, id, place)))
        sim.crash(1)
        await sim.ask(Order, "a", pay)
        await sim.advance("10 minutes")
      })
    expect(await once()).toEqual(await once())
  })

  it("is told when it waits for something outside", async () => {
    const waiting = playStory(shop, async () => {
      await new Promise((resolve) => setTimeout(resolve, 5))
    })
    await expect(waiting).rejects.toThrow(SimulationEscape)
  })

  it("fails with the steps that led there when something never comes", async () => {
    const stuck = playStory({ ...shop, nodes: 1 }, async (sim) => {
      sim.partition(1)
      await sim.ask(Order, "o-1", place)
    })
    await expect(stuck).rejects.toThrow(Violation)
    await expect(stuck).rejects.toThrow(/1 callers have no answer[\s\S]*journal.last order.o-1 failed/)
  })

  it("knows the ports and their faults by name", async () => {
    const wrong = playStory(shop, async (sim) => sim.failNext("journal.append", "read stale"))
    await expect(wrong).rejects.toThrow(/there are: append lost, ack lost/)
  })
})

/** The order of tells to one actor, when some of them have to take the mailbox. */
import { expect, it } from "vitest"
import { type LaneTell, TellLane } from "../../../runtime/system/TellLane.ts"

const start = () => {
  const lanes = new Map<string, TellLane>()
  const lane = TellLane.of(lanes, "a")
  const published: Array<string> = []
  const tell = (name: string, isBegun = false): LaneTell => ({
    withdraw: () => !isBegun,
    publish: () => {
      published.push(name)
    },
  })
  return { lanes, lane, published, tell }
}

it("is forgotten when its tells are decided", () => {
  const { lanes, lane, tell } = start()
  const [one, two] = [tell("1"), tell("2")]
  lane.toCell(one)
  lane.toCell(two)
  expect(lane.isFirst(one)).toBe(true)
  lane.leave(one)
  expect(lane.isFirst(two)).toBe(true)
  expect(lanes.size).toBe(1)
  lane.leave(two)
  expect(lanes.size).toBe(0)
})

it("a tell that the cell does not take is published, and later ones behind it", () => {
  const { lanes, lane, published, tell } = start()
  const tells = ["1", "2", "3"].map((name) => tell(name))
  for (const each of tells) lane.toCell(each)
  lane.divert(tells[1] as LaneTell)
  expect(lane.isDiverted).toBe(true)
  lane.toMailbox(tell("4"))
  // The first is still with the cell.
  expect(published).toEqual([])
  lane.leave(tells[0] as LaneTell)
  expect(published).toEqual(["2", "3", "4"])
  expect(lanes.size).toBe(0)
})

it("a later tell that is begun is waited for, and those behind it are not published before", () => {
  const { lane, published, tell } = start()
  const [one, begun, three] = [tell("1"), tell("begun", true), tell("3")]
  for (const each of [one, begun, three]) lane.toCell(each)
  lane.divert(one)
  expect(published).toEqual(["1"])
  lane.leave(begun)
  expect(published).toEqual(["1", "3"])
})

it("a tell whose caller gave up is not published", () => {
  const { lanes, lane, published, tell } = start()
  const [one, two, three] = [tell("1"), tell("2"), tell("3")]
  lane.toCell(one)
  lane.toMailbox(two)
  lane.toMailbox(three)
  lane.leave(two)
  lane.leave(one)
  expect(published).toEqual(["3"])
  expect(lanes.size).toBe(0)
})

it("a tell that is made while others are published comes behind them", () => {
  const { lanes, lane, published, tell } = start()
  const first = tell("1")
  const second: LaneTell = {
    withdraw: () => true,
    publish: () => {
      published.push("2")
      lane.toMailbox(tell("4"))
    },
  }
  lane.toCell(first)
  lane.toMailbox(second)
  lane.toMailbox(tell("3"))
  lane.leave(first)
  expect(published).toEqual(["2", "3", "4"])
  expect(lanes.size).toBe(0)
})

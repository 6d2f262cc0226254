/** Tells in the mailbox: when a later one may go to its actor directly, whatever comes first. */
import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import { addressOf } from "../../../runtime/address/ActorAddress.ts"
import { ShardMap } from "../../../runtime/cluster/ShardMap.ts"
import { TOLD_NOTED_MAX, ToldMail } from "../../../runtime/inbox/ToldMail.ts"
import type { Acknowledged } from "../../../runtime/mailbox/Mailbox.ts"
import { Counter } from "../../fixtures/memory/Counter.ts"

const SHARD_COUNT = 4
const shardMap = new ShardMap([Counter], SHARD_COUNT)
const address = addressOf(Counter.type, "c", SHARD_COUNT)
const { key } = address
const shardIndex = shardMap.indexOf(Counter.type, address.shard) ?? -1

/** The notes of a node that has the shard. */
const here = (): ToldMail => {
  const told = new ToldMail(shardMap)
  told.opened(shardIndex)
  return told
}

const isClear = (told: ToldMail): boolean => told.isClear(address, shardIndex)

/** Begins a look whose answer comes when the returned function is called. */
const lookAt = (told: ToldMail, acknowledged: Acknowledged): (() => void) => {
  let answer = (): void => undefined
  const asked = Effect.callback<Acknowledged>((resume) => {
    answer = () => resume(Effect.succeed(acknowledged))
  })
  Effect.runFork(told.look({ acknowledged: () => asked }, shardIndex))
  return () => answer()
}

describe("while the shard is here", () => {
  it("a tell that is published again is not finished by what had its position in the mailbox before", () => {
    const told = here()
    const publishing = told.begin(address, shardIndex)
    told.finished({ key, position: 7 })
    publishing.repeated()
    publishing.stored(7)
    expect(isClear(told)).toBe(false)
    told.finished({ key, position: 7 })
    expect(isClear(told)).toBe(true)
  })

  it("an actor is clear when its tell is finished, not before", () => {
    const told = here()
    expect(isClear(told)).toBe(true)
    const publishing = told.begin(address, shardIndex)
    expect(isClear(told)).toBe(false)
    publishing.stored(7)
    expect(isClear(told)).toBe(false)
    told.finished({ key, position: 6 })
    told.finished({ key: "counter/other", position: 8 })
    expect(isClear(told)).toBe(false)
    told.finished({ key, position: 7 })
    expect(isClear(told)).toBe(true)
    expect(told.isEmpty).toBe(true)
  })

  it("a tell may be finished before its publish is answered", () => {
    const told = here()
    const publishing = told.begin(address, shardIndex)
    told.finished({ key, position: 7 })
    expect(isClear(told)).toBe(false)
    publishing.stored(7)
    expect(isClear(told)).toBe(true)
  })

  it("the last of several tells counts, in whatever order their publishes are answered", () => {
    const told = here()
    const [first, second] = [told.begin(address, shardIndex), told.begin(address, shardIndex)]
    second.stored(8)
    told.finished({ key, position: 7 })
    told.finished({ key, position: 8 })
    expect(isClear(told)).toBe(false)
    first.stored(7)
    expect(isClear(told)).toBe(true)
  })

  it("a later message that is finished before it, such as one that nobody can read, changes nothing", () => {
    const told = here()
    const [first, second] = [told.begin(address, shardIndex), told.begin(address, shardIndex)]
    first.stored(7)
    told.finished({ key, position: 9 })
    second.stored(8)
    told.finished({ key, position: 8 })
    expect(isClear(told)).toBe(false)
    told.finished({ key, position: 7 })
    expect(isClear(told)).toBe(true)
  })

  it("a publish that failed leaves nothing, and others stay", () => {
    const told = here()
    const [first, second] = [told.begin(address, shardIndex), told.begin(address, shardIndex)]
    first.stored(7)
    second.failed()
    expect(isClear(told)).toBe(false)
    told.finished({ key, position: 7 })
    expect(isClear(told)).toBe(true)
    told.begin(address, shardIndex).failed()
    expect(told.isEmpty).toBe(true)
  })

  it("other actors of the shard are clear", () => {
    const told = here()
    told.begin(address, shardIndex).stored(7)
    expect(told.isClear(addressOf(Counter.type, "other", SHARD_COUNT), shardIndex)).toBe(true)
  })

  it("a tell whose end was missed is over when the mailbox's acknowledgements have passed it", () => {
    const told = here()
    told.begin(address, shardIndex).stored(7)
    expect(told.asking).toEqual([shardIndex])
    lookAt(told, { first: 7, last: 9 })()
    expect(isClear(told)).toBe(false)
    lookAt(told, { first: 8, last: 9 })()
    expect(isClear(told)).toBe(true)
  })

  it("a tell that was lost with the mailbox is over; one that was stored during the look is not", () => {
    const told = here()
    told.begin(address, shardIndex).stored(7)
    const answered = lookAt(told, { first: undefined, last: 5 })
    told.begin(address, shardIndex).stored(8)
    answered()
    expect(isClear(told)).toBe(false)
    lookAt(told, { first: undefined, last: 5 })()
    expect(isClear(told)).toBe(true)
  })

  it("a tell that was stored in an older copy of the mailbox, at a lower position, is not over with the lost ones", () => {
    const told = here()
    told.begin(address, shardIndex).stored(30)
    told.begin(address, shardIndex).stored(21)
    lookAt(told, { first: 21, last: 22 })()
    expect(isClear(told)).toBe(false)
    lookAt(told, { first: undefined, last: 40 })()
    expect(isClear(told)).toBe(true)
  })
})

describe("while the shard is elsewhere", () => {
  it("a tell keeps the shard's actors from being told directly until it is acknowledged", () => {
    const told = new ToldMail(shardMap)
    told.begin(address, shardIndex).stored(7)
    expect(told.asking).toEqual([])
    told.opened(shardIndex)
    expect(isClear(told)).toBe(false)
    expect(told.isClear(addressOf(Counter.type, "other", SHARD_COUNT), shardIndex)).toBe(false)
    // Its end may not be seen here.
    told.finished({ key, position: 9 })
    expect(isClear(told)).toBe(false)
    expect(told.asking).toEqual([shardIndex])
    // Newer tells do not keep it for ever.
    told.begin(address, shardIndex).stored(20)
    told.finished({ key, position: 20 })
    lookAt(told, { first: 8, last: 20 })()
    expect(isClear(told)).toBe(true)
  })

  it.each([
    ["comes", new ToldMail(shardMap), (told: ToldMail) => told.opened(shardIndex)],
    ["goes", here(), (told: ToldMail) => told.forget(shardIndex)],
  ])("a tell that is published while the shard %s counts for the shard", (_, told, change) => {
    const publishing = told.begin(address, shardIndex)
    change(told)
    publishing.stored(7)
    told.opened(shardIndex)
    told.finished({ key, position: 7 })
    expect(isClear(told)).toBe(false)
    lookAt(told, { first: undefined, last: 7 })()
    expect(isClear(told)).toBe(true)
  })

  it("tells that were here when the shard was lost count for the shard", () => {
    const told = here()
    told.begin(address, shardIndex).stored(7)
    told.forget(shardIndex)
    told.opened(shardIndex)
    told.finished({ key, position: 7 })
    expect(isClear(told)).toBe(false)
  })

  it("a tell in a mailbox that does not tell positions is never over", () => {
    const told = here()
    told.begin(address, shardIndex).stored(undefined)
    lookAt(told, { first: undefined, last: 100 })()
    told.finished({ key, position: 100 })
    expect(isClear(told)).toBe(false)
    expect(told.asking).toEqual([])
  })
})

it("is bounded: beyond the number of tells those of the oldest actors count for their shard", () => {
  const told = here()
  for (let n = 0; n <= TOLD_NOTED_MAX; n++)
    told.begin({ ...address, key: `counter/${n}` }, shardIndex).stored(n + 1)
  expect(isClear(told)).toBe(false)
  lookAt(told, { first: 2, last: TOLD_NOTED_MAX + 1 })()
  expect(isClear(told)).toBe(true)
  expect(told.isClear({ ...address, key: "counter/0" }, shardIndex)).toBe(true)
  expect(told.isClear({ ...address, key: "counter/1" }, shardIndex)).toBe(false)
})

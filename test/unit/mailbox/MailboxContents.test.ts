import { describe, expect, it } from "vitest"
import { addressOf } from "../../../runtime/address/ActorAddress.ts"
import { MailboxContents } from "../../../runtime/mailbox/MailboxContents.ts"

const address = addressOf("order", "a", 1)
const data = new Uint8Array(1)
const message = (id: string) => ({ address, id, data })
const timer = (id: string, atMs: number) => ({ address, id, data, slot: id, atMs })

const idsOf = (contents: MailboxContents) => Array.from(contents.messages, ({ id }) => id)
const placesOf = (contents: MailboxContents) =>
  Array.from(contents.messages, ({ id, sequence }) => `${sequence} ${id}`)

describe("a mailbox whose messages are restored", () => {
  it("has again what was acknowledged since, and nothing of what was stored since", () => {
    const contents = new MailboxContents()
    contents.publish(message("before"), 0)
    const copy = contents.copy()
    contents.take(0, 1)
    contents.acknowledge(1)
    contents.publish(message("after"), 2)
    expect(contents.restore(copy, "messages").map(({ id }) => id)).toEqual(["after"])
    expect(idsOf(contents)).toEqual(["before"])
    expect(contents.take(0, 3).map(({ id }) => id)).toEqual(["before"])
  })

  it("gives sequences once more, and knows the ids of its messages alone", () => {
    const contents = new MailboxContents()
    contents.publish(message("kept"), 0)
    const copy = contents.copy()
    contents.publish(message("gone"), 1)
    contents.restore(copy, "messages")
    contents.publish(message("gone"), 2)
    contents.publish(message("kept"), 2)
    expect(placesOf(contents)).toEqual(["1 kept", "2 gone"])
  })

  it("keeps its timers", () => {
    const contents = new MailboxContents()
    const copy = contents.copy()
    contents.schedule(timer("due", 5), 0)
    contents.schedule(timer("later", 500), 0)
    contents.take(0, 10)
    expect(contents.restore(copy, "messages")).toEqual([])
    expect(idsOf(contents)).toEqual(["due"])
    expect(Array.from(contents.schedules, ({ id }) => id)).toEqual(["later"])
  })
})

describe("a mailbox whose timers are restored", () => {
  it("fires again what has fired since, and never what was set since", () => {
    const contents = new MailboxContents()
    contents.schedule(timer("before", 5), 0)
    contents.sentinels.add("shard.0")
    contents.publish(message("other"), 0)
    const copy = contents.copy()
    contents.loseSchedules()
    contents.schedule(timer("after", 20), 6)
    contents.restore(copy, "timers")
    expect(contents.sentinels).toEqual(new Set(["shard.0"]))
    expect(contents.take(0, 100).map(({ id }) => id)).toEqual(["other", "before"])
  })
})

it("a mailbox with a short memory takes a message again", () => {
  const contents = new MailboxContents({ messageIdWindowMs: 10 })
  contents.publish(message("m"), 0)
  contents.publish(message("m"), 9)
  contents.publish(message("m"), 10)
  expect(placesOf(contents)).toEqual(["1 m", "2 m"])
})

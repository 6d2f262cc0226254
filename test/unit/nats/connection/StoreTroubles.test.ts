/** What writers and receivers note of their stores, and for how long. */
import { describe, expect, it } from "vitest"
import {
  JetStreamError,
  jetStreamCode,
  NatsRequestFailed,
} from "../../../../infra/nats/connection/NatsErrors.ts"
import { StoreTroubles } from "../../../../infra/nats/connection/StoreTroubles.ts"

const SUBJECT = "shop.msg.3.order.a"
const KEYS = ["shop.msg", "shop.due"]
const LOOKS_KEPT = 15

const unanswered = new NatsRequestFailed({ reason: "Timeout", subject: SUBJECT, detail: "no reply" })
const refusal = (code: number, description: string) => new JetStreamError({ status: 503, code, description })

describe("writes", () => {
  it("without an answer are a trouble from the second one on, until one is stored", () => {
    const troubles = new StoreTroubles()
    troubles.failed(SUBJECT, unanswered)
    expect(troubles.ofWrites(KEYS)).toBeUndefined()
    troubles.failed(SUBJECT, unanswered)
    expect(troubles.ofWrites(KEYS)).toMatchObject({ reason: "Unanswered", count: 2 })
    troubles.stored("shop.other.1")
    expect(troubles.ofWrites(KEYS)).toBeDefined()
    troubles.stored("shop.msg.9.order.b")
    expect(troubles.ofWrites(KEYS)).toBeUndefined()
    // They count from one again.
    troubles.failed(SUBJECT, unanswered)
    expect(troubles.ofWrites(KEYS)).toBeUndefined()
  })

  it.each([
    ["Full", refusal(jetStreamCode.storageResourcesExceeded, "insufficient storage resources available")],
    ["Full", refusal(jetStreamCode.storeFailed, "maximum bytes exceeded")],
    ["Unwritable", refusal(jetStreamCode.storeFailed, "write error")],
    ["Unwritable", refusal(jetStreamCode.streamSealed, "invalid operation on sealed stream")],
    ["NotPermitted", new NatsRequestFailed({ reason: "NotPermitted", subject: SUBJECT, detail: "denied" })],
  ])("that were refused are a trouble at once: %s", (reason, error) => {
    const troubles = new StoreTroubles()
    troubles.failed(SUBJECT, error)
    expect(troubles.ofWrites(KEYS)).toMatchObject({ reason, detail: error.message })
  })

  it.each([
    refusal(jetStreamCode.wrongLastSequence, "wrong last sequence: 7"),
    refusal(jetStreamCode.storeFailed, "maximum messages per subject exceeded"),
    refusal(jetStreamCode.messageExceedsMaximum, "message size exceeds maximum allowed"),
    new NatsRequestFailed({ reason: "Disconnected", subject: SUBJECT, detail: "lost" }),
    new NatsRequestFailed({ reason: "NoResponders", subject: SUBJECT, detail: "nobody" }),
  ])("that say nothing of the store are none: $message", (error) => {
    const troubles = new StoreTroubles()
    for (let count = 0; count < 5; count++) troubles.failed(SUBJECT, error)
    expect(troubles.ofWrites(KEYS)).toBeUndefined()
  })

  it("are noted by the name of the stream where that is given", () => {
    const troubles = new StoreTroubles()
    troubles.failed("shop-journal-1", refusal(jetStreamCode.storeFailed, "maximum bytes exceeded"))
    expect(troubles.ofWrites(["shop-journal-0"])).toBeUndefined()
    expect(troubles.ofWrites(["shop-journal-1"])).toMatchObject({ reason: "Full" })
    troubles.stored("shop-journal-1")
    expect(troubles.ofWrites(["shop-journal-1"])).toBeUndefined()
  })

  it("are forgotten once nobody has met the trouble for a while, and where the stream has another leader", () => {
    const troubles = new StoreTroubles()
    const full = refusal(jetStreamCode.storeFailed, "maximum bytes exceeded")
    troubles.failed(SUBJECT, full)
    for (let look = 0; look < LOOKS_KEPT; look++) troubles.looked()
    expect(troubles.ofWrites(KEYS)).toBeDefined()
    troubles.failed(SUBJECT, full)
    for (let look = 0; look < LOOKS_KEPT; look++) troubles.looked()
    expect(troubles.ofWrites(KEYS)).toBeDefined()
    troubles.looked()
    expect(troubles.ofWrites(KEYS)).toBeUndefined()
    troubles.failed(SUBJECT, full)
    troubles.forget(KEYS)
    expect(troubles.ofWrites(KEYS)).toBeUndefined()
  })
})

describe("a consumer that cannot be attached to", () => {
  it("is told after some looks, for as long as it lasts, and has its time again when its stream was away", () => {
    const troubles = new StoreTroubles()
    const [one, other] = [{}, {}]
    troubles.detached(one, "shop-messages", "shard-1")
    troubles.detached(other, "shop-timers", "shard-2")
    const names = () => troubles.ofConsumers("shop-messages").map(({ name }) => name)
    troubles.looked()
    troubles.looked()
    expect(names()).toEqual([])
    troubles.looked()
    // Another attempt that fails does not begin anew.
    troubles.detached(one, "shop-messages", "shard-1")
    expect(names()).toEqual(["shard-1"])
    troubles.excuse("shop-messages")
    expect(names()).toEqual([])
    for (let look = 0; look < 3; look++) troubles.looked()
    expect(names()).toEqual(["shard-1"])
    troubles.attached(one)
    expect(names()).toEqual([])
  })
})

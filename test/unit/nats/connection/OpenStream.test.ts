/** Making a stream: what the first moments of one in a cluster are like, on a server of the test's own. */
import { Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { expect, it } from "vitest"
import type { NatsConnectionService } from "../../../../infra/nats/connection/NatsConnection.ts"
import { NatsRequestFailed } from "../../../../infra/nats/connection/NatsErrors.ts"
import { makeStream } from "../../../../infra/nats/connection/OpenStream.ts"
import { storeOfSubject } from "../../../../infra/nats/connection/StoreTroubles.ts"
import { realDate } from "../../../fixtures/time/RealDate.ts"
import { RequestsScripted, type ScriptedReply } from "../RequestsScripted.ts"

const config = { name: "fault-mailbox", subjects: ["fault.mbx.*.*.*", "fault.sch.>"] }
const created: ScriptedReply = {
  data: JSON.stringify({ config, created: "2026-11-29T10:00:00Z", state: { first_seq: 0, last_seq: 0 } }),
}
const refusal: ScriptedReply = {
  data: JSON.stringify({
    error: { code: 400, err_code: 10060, description: "expected stream does not match" },
  }),
}

/** Makes the stream; the first `silentCount` probes fail with `reason`: nobody is there, or the stream drops them. */
const make = async (silentCount: number, reason: "NoResponders" | "Timeout" = "NoResponders") => {
  let probeCount = 0
  const scripted = new RequestsScripted(({ subject }) => {
    if (subject.startsWith("$JS.API.STREAM.CREATE.")) return [created]
    if (probeCount++ < silentCount) {
      return new NatsRequestFailed({ reason, subject, detail: "nobody answers" })
    }
    return [refusal]
  })
  const connection = { requests: scripted.requests } as unknown as NatsConnectionService
  const made = Effect.gen(function* () {
    const fiber = yield* Effect.forkChild(makeStream(connection, config))
    yield* TestClock.adjust("10 seconds")
    return yield* Fiber.join(fiber)
  })
  const info = await Effect.runPromise(Effect.provide(made, realDate))
  const store = config.subjects.map(storeOfSubject)
  return { info, probes: scripted.subjects.slice(1), trouble: scripted.requests.troubles.ofWrites(store) }
}

it("asks once, on a subject that the stream takes, where it answers", async () => {
  expect((await make(0)).probes).toEqual(["fault.mbx.created.created.created"])
})

it("asks until the connected server knows the stream", async () => {
  const { info, probes } = await make(7)
  expect(probes).toHaveLength(8)
  expect(info.config.name).toBe(config.name)
})

it("asks again where the stream drops what comes to it first, and takes that for no trouble of the store", async () => {
  const { info, probes, trouble } = await make(3, "Timeout")
  expect(probes).toHaveLength(4)
  expect(info.config.name).toBe(config.name)
  expect(trouble).toBeUndefined()
})

it("opens a stream that stays silent all the same", async () => {
  const { info, probes } = await make(Number.POSITIVE_INFINITY)
  expect(info.config.name).toBe(config.name)
  expect(probes.length).toBeGreaterThan(10)
})

/** A message that another node sends straight to its receiver: what the owner makes of it. */
import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import type { DeliverVerdict } from "../../../runtime/mailbox/Deliver.ts"
import type { DirectMessage } from "../../../runtime/mailbox/Message.ts"
import type { DirectDeliveryOptions } from "../../../runtime/router/DirectDelivery.ts"
import { ClusterMemory } from "../../fixtures/memory/ClusterMemory.ts"
import { Counter } from "../../fixtures/memory/Counter.ts"
import { add, address, directSender } from "../../fixtures/memory/DirectSender.ts"
import { JournalScripted } from "../../fixtures/memory/JournalScripted.ts"
import { eventually, startMemory } from "../../fixtures/memory/MemorySystem.ts"

const told = (id: string, command: { readonly type: string }): DirectMessage => ({
  k: "command",
  id,
  c: command,
})

/** An owner that is a whole system, and a sender beside it. */
const ownerAndSender = async (
  check: (given: {
    readonly system: Awaited<ReturnType<typeof startMemory>>["system"]
    readonly journal: JournalScripted
    readonly deliver: (message: DirectMessage) => Promise<DeliverVerdict>
  }) => Promise<void>,
  options: Partial<DirectDeliveryOptions> = {},
) => {
  const cluster = await Effect.runPromise(ClusterMemory.make)
  const { system, journal } = await startMemory({ cluster, journal: new JournalScripted() })
  const program = Effect.gen(function* () {
    const { deliver } = yield* directSender(cluster.transport, options)
    const promised = (message: DirectMessage) =>
      new Promise<DeliverVerdict>((resolve) => deliver(message, address.key, 60_000, resolve))
    yield* Effect.promise(() => check({ system, journal, deliver: promised }))
  })
  await Effect.runPromise(Effect.scoped(program))
}

describe("a message to another node", () => {
  it("is applied there once, and a repeat is settled like the first time", () =>
    ownerAndSender(async ({ system, deliver }) => {
      expect(await deliver(add)).toEqual({ _tag: "Settled" })
      expect(await deliver(add)).toEqual({ _tag: "Settled" })
      expect(await system.get(Counter, "c").state()).toMatchObject({ version: 1 })
    }))

  it("is settled when its effect is stored, and not before", () =>
    ownerAndSender(async ({ journal, deliver }) => {
      const release = journal.hold()
      const verdicts: Array<DeliverVerdict> = []
      const delivered = deliver(add).then((verdict) => verdicts.push(verdict))
      await eventually(() => journal.counts.append > 0)
      // An answer that does not wait for the append comes sooner than this one, which goes the same way.
      expect(await deliver(told("malformed", { type: "Unknown" }))).toMatchObject({ _tag: "Dead" })
      expect(verdicts).toEqual([])
      release()
      await delivered
      expect(verdicts).toEqual([{ _tag: "Settled" }])
    }))

  it("waits when the receiver's type is paused there, and the sender has not heard of it", () =>
    ownerAndSender(async ({ system, deliver }) => {
      await system.cluster.pause(Counter)
      await eventually(async () => (await system.cluster.status()).paused.includes(Counter.type))
      expect(await deliver(add)).toMatchObject({ _tag: "Later", why: "unavailable", mayBeThere: false })
      expect(await system.get(Counter, "c").state()).toMatchObject({ version: 0 })
    }))

  it("goes to a node that hosts a type which the sender's node does not", () =>
    ownerAndSender(
      async ({ system, deliver }) => {
        expect(await deliver(add)).toEqual({ _tag: "Settled" })
        expect(await system.get(Counter, "c").state()).toMatchObject({ version: 1 })
      },
      { actors: new Map(), members: () => [{ types: { counter: {} } }] },
    ))

  it("ends for good where its receiver's definition does not know the command", () =>
    ownerAndSender(async ({ deliver }) => {
      expect(await deliver(told("unknown", { type: "Unknown" }))).toMatchObject({
        _tag: "Dead",
        reason: "Malformed",
      })
    }))
})

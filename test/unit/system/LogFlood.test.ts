/** What others send as often as they like fills the counts, not the log. */
import { Effect, Metric } from "effect"
import { expect, it } from "vitest"
import { addressOf } from "../../../runtime/address/ActorAddress.ts"
import { Clerk, Desk } from "../../fixtures/memory/Desk.ts"
import { eventually, SHARD_COUNT, startMemory } from "../../fixtures/memory/MemorySystem.ts"
import { MessagingMemory } from "../../fixtures/memory/MessagingMemory.ts"

const COUNT = 1_000

const bytes = (text: string) => new TextEncoder().encode(text)

/** Lines about malformed messages that were left out so far, by all systems of this process. */
const leftOutCount = async (): Promise<number> => {
  const metrics = await Effect.runPromise(Metric.snapshot)
  const found = metrics.find(
    ({ id, attributes }) =>
      id === "everstate_log_lines_left_out_total" && attributes?.["kind"] === "dead letter Malformed",
  )
  return found?.type === "Counter" ? Number(found.state.count) : 0
}

it("1,000 malformed messages and 1,000 rejected ones write a line of each kind, and are all counted", async () => {
  const messaging = new MessagingMemory()
  const logs: Array<string> = []
  const before = await leftOutCount()
  const { system } = await startMemory({ actors: [Desk, Clerk], messaging, logs })
  for (let index = 0; index < COUNT; index++) {
    const id = `m-${index}`
    const address = addressOf("clerk", `c-${index}`, SHARD_COUNT)
    await Effect.runPromise(
      messaging.mailbox.publish({ address, id, data: bytes(`{"no":"message ${index}`) }),
    )
    await system.get(Clerk, `c-${index}`).tell({ type: "Stamp", sheet: "blank" })
  }
  await eventually(async () => (await system.status()).messages.deadLetterCount === 2 * COUNT)
  expect(logs.filter((line) => line.includes("(Malformed)"))).toHaveLength(1)
  expect(logs.filter((line) => line.includes("(Rejected)"))).toHaveLength(1)
  expect((await leftOutCount()) - before).toBe(COUNT - 1)
})

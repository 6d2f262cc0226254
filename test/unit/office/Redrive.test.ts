/** The office on a whole system: what a redriven message does once its actor has it again. */
import { Effect } from "effect"
import { expect, test } from "vitest"
import { addressOf } from "../../../runtime/address/ActorAddress.ts"
import { DeadLetters } from "../../../runtime/deadletter/DeadLetters.ts"
import { encodeMessage, type Message } from "../../../runtime/mailbox/Message.ts"
import { makeDeadLetterOffice } from "../../../runtime/office/DeadLetterOffice.ts"
import { Gate } from "../../fixtures/memory/Gate.ts"
import { eventually, historyOf, SHARD_COUNT, startMemory } from "../../fixtures/memory/MemorySystem.ts"
import { MessagingMemory } from "../../fixtures/memory/MessagingMemory.ts"

const start = async () => {
  const messaging = new MessagingMemory()
  const { system, journal } = await startMemory({ actors: [Gate], messaging })
  const { letters } = messaging.deadLetters
  const office = await Effect.runPromise(
    makeDeadLetterOffice({ shardCount: SHARD_COUNT, reactors: new Map() }).pipe(
      Effect.provide(messaging.layer),
    ),
  )
  const gate = system.get(Gate, "g")
  await gate.tell({ type: "Pass" }, { commandId: "pass-1" })
  await eventually(() => letters.size === 1)
  const passedCount = async () =>
    (await historyOf(journal.inner, Gate, "g")).filter((stored) => stored.event.type === "Passed").length
  return { messaging, letters, office, gate, passedCount }
}

test("a rejected message is applied once its actor takes it", async () => {
  const { letters, office, gate, passedCount } = await start()
  expect([...letters.values()]).toMatchObject([
    { key: "gate/g", reason: "Rejected", messageId: expect.stringMatching(/^pass-1@/) },
  ])
  await gate.ask({ type: "Open" })
  await Effect.runPromise(office.redrive(1))
  await eventually(async () => (await passedCount()) === 1)
  expect(letters.size).toBe(0)
})

test("a message that is redriven twice, for a crash kept its letter, is applied once", async () => {
  const { messaging, letters, office, gate, passedCount } = await start()
  const [letter] = letters.values()
  await gate.ask({ type: "Open" })
  await Effect.runPromise(office.redrive(1))
  await eventually(async () => (await passedCount()) === 1)
  // Under another number the mailbox does not know it either: only the actor can tell.
  const add = DeadLetters.use(({ add }) => add({ ...letter, messageId: "another" } as never))
  await Effect.runPromise(add.pipe(Effect.provide(messaging.layer)))
  await Effect.runPromise(office.redrive(2))
  await eventually(() => [...messaging.mailbox.contents.messages].length === 0)
  expect(await passedCount()).toBe(1)
  expect(letters.size).toBe(0)
})

test("a message whose source counts it as settled is applied when it is redriven", async () => {
  const { messaging, letters, office, gate, passedCount } = await start()
  const address = addressOf("gate", "g", SHARD_COUNT)
  const post = (message: Message) =>
    Effect.runPromise(messaging.mailbox.publish({ address, id: message.id, data: encodeMessage(message) }))
  const c = { type: "Pass" }
  await post({ k: "command", id: "everstate:5-a.0", c, o: ["shard.3", 1, 5, 0, 10] })
  await eventually(() => letters.size === 2)
  await gate.ask({ type: "Open" })
  // It is a dead letter, so its source says that it is settled.
  await post({ k: "command", id: "everstate:6-a.0", c, o: ["shard.3", 1, 6, 0, 10], f: [1, 5, 10] })
  await eventually(async () => (await passedCount()) === 1)
  await Effect.runPromise(office.redrive(2))
  await eventually(async () => (await passedCount()) === 2)
})

test("a message that fails again has a letter again", async () => {
  const { messaging, letters, office } = await start()
  await Effect.runPromise(office.redrive(1))
  await eventually(() => [...messaging.mailbox.contents.messages].length === 0)
  expect([...letters.values()]).toMatchObject([{ number: 2, key: "gate/g", reason: "Rejected" }])
})

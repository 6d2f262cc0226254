/** Which fields a line of the log has: those of the actor, command and correlation that it is about. */
import { expect, it } from "vitest"
import { fieldsOf } from "../../../runtime/log/LogSubject.ts"
import { Counter } from "../../fixtures/memory/Counter.ts"
import { eventually, startMemory } from "../../fixtures/memory/MemorySystem.ts"

it("names the actor of a key, and takes the command's id where there is no correlation", () => {
  expect(fieldsOf({ actor: "order/o%2E1", commandId: "c" })).toEqual({
    actorType: "order",
    actorId: "o.1",
    commandId: "c",
    correlationId: "c",
  })
  expect(fieldsOf({ actor: "no key", metadata: { correlationId: "r" } })).toEqual({ correlationId: "r" })
})

it("tells of a dead letter to whom it was sent, and for which request", async () => {
  const lines: Array<Readonly<Record<string, unknown>>> = []
  const { system } = await startMemory({ logs: [], logFields: lines })
  const metadata = { correlationId: "r-1" }
  await system.get(Counter, "a").tell({ type: "Refuse" }, { commandId: "refuse-1", metadata })
  const letter = () => lines.find(({ message }) => String(message).startsWith("Dead letter"))
  await eventually(() => letter() !== undefined)
  expect(letter()).toMatchObject({ actorType: "counter", actorId: "a", correlationId: "r-1" })
})

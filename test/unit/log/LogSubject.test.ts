/** Which fields a line of the log has: those of the actor, command and correlation that it is about. */
import { Effect, Layer } from "effect"
import { expect, it } from "vitest"
import { addressOf } from "../../../runtime/address/ActorAddress.ts"
import { makeSnapshotWriter } from "../../../runtime/cell/SnapshotWriter.ts"
import { fieldsOf } from "../../../runtime/log/LogSubject.ts"
import { CurrentSampledLogs, SampledLogs } from "../../../runtime/log/SampledLog.ts"
import { MailboxRefused } from "../../../runtime/mailbox/Mailbox.ts"
import { dispatchItem } from "../../../runtime/outbox/Dispatcher.ts"
import { Counter } from "../../fixtures/memory/Counter.ts"
import { eventually, loggingTo, SHARD_COUNT, startMemory } from "../../fixtures/memory/MemorySystem.ts"
import { MessagingMemory } from "../../fixtures/memory/MessagingMemory.ts"
import { SnapshotStoreScripted } from "../../fixtures/memory/SnapshotStoreScripted.ts"
import { added, ledgerTotals, opened } from "../projection/Ledger.ts"
import { run, until } from "../projection/ProjectionFixture.ts"

type Lines = Array<Readonly<Record<string, unknown>>>

const startsWith = (lines: Lines, start: string) =>
  lines.filter(({ message }) => String(message).startsWith(start))

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
  const lines: Lines = []
  const { system } = await startMemory({ logs: [], logFields: lines })
  const metadata = { correlationId: "r-1" }
  await system.get(Counter, "a").tell({ type: "Refuse" }, { commandId: "refuse-1", metadata })
  const letter = () => startsWith(lines, "Dead letter")[0]
  await eventually(() => letter() !== undefined)
  expect(letter()).toMatchObject({ actorType: "counter", actorId: "a", correlationId: "r-1" })
})

it("tells of a timer that the mailbox refuses whose it is, and for which request", async () => {
  const lines: Lines = []
  const { mailbox, publisher, deadLetters } = new MessagingMemory()
  const refusals: Array<"Full" | "TooLarge"> = ["Full", "TooLarge"]
  const schedule = () =>
    Effect.suspend(() => {
      const reason = refusals.shift() ?? "TooLarge"
      return Effect.fail(new MailboxRefused({ reason, detail: "no", hint: "Wait." }))
    })
  const ports = {
    ...{ mailbox: { ...mailbox, schedule }, publisher, deadLetters },
    ...{ namespace: "test", shardCount: SHARD_COUNT },
  }
  const placed = {
    item: { k: "timer", n: "reminder", g: "1", at: 5, e: { type: "Rang" } },
    from: addressOf("counter", "a", SHARD_COUNT),
    ...{ id: "7-0", sequence: 7, atMs: 1, metadata: { correlationId: "r-1" } },
  } as const
  await Effect.runPromise(dispatchItem(ports, placed).pipe(Effect.provide(loggingTo([], lines))))
  const about = { actorType: "counter", actorId: "a", commandId: "7-0", correlationId: "r-1" }
  expect(startsWith(lines, "Not sent yet:")).toMatchObject([about])
  expect(startsWith(lines, "Not sent:")).toMatchObject([about])
})

it("tells of a state without a snapshot whose it is", async () => {
  const lines: Lines = []
  const source = {
    address: addressOf("counter", "a", SHARD_COUNT),
    takeSnapshot: () => {
      throw new Error("it has a function in it")
    },
  }
  await Effect.runPromise(
    Effect.gen(function* () {
      const writer = yield* makeSnapshotWriter
      writer.mark(source)
      yield* writer.flush
    }).pipe(
      Effect.scoped,
      Effect.provide(Layer.merge(new SnapshotStoreScripted().layer, loggingTo([], lines))),
    ),
  )
  expect(startsWith(lines, "The state of counter/a")).toMatchObject([{ actorType: "counter", actorId: "a" }])
})

it("tells of events that a projection puts aside whose they are, and of which request if that is known", () =>
  run(({ writer, start }) => {
    const lines: Lines = []
    return Effect.gen(function* () {
      const runner = yield* start(ledgerTotals({ onError: "deadLetter" }))
      yield* writer.write("a", opened("ann"), added(1, "poison"), added(2))
      const last = yield* writer.writeGroup("b", [added(3, "poison")], [added(4, "poison")])
      yield* until(() => runner.status().offset >= last)
      const aside = startsWith(lines, "Projection")
      expect(aside).toMatchObject([
        { actorType: "ledger", actorId: "a", commandId: "a-1", correlationId: "a-1" },
        { actorType: "ledger", actorId: "b" },
      ])
      expect(aside[1]).not.toHaveProperty("commandId")
      const failure = { projection: "ledger_totals", sequence: 1, reason: expect.stringContaining("poison") }
      expect(aside[0]).toMatchObject(failure)
    }).pipe(Effect.provide(loggingTo([], lines)))
  }))

it("tells of events that a projection cannot read whose they are and why, once for a while", () =>
  run(({ writer, readModel, start }) => {
    const lines: Lines = []
    return Effect.gen(function* () {
      const totals = ledgerTotals({ onError: "deadLetter" })
      yield* writer.writeGarbage("odd")
      yield* writer.write("a", opened("ann"), ["Exploded", 1, {}])
      const last = yield* writer.write("a", ["Exploded", 1, {}], added(1, "poison"))
      const runner = yield* start(totals)
      yield* until(() => runner.status().offset >= last)
      const isLetter = { projection: "ledger_totals", actorType: "ledger" }
      const unreadable = startsWith(lines, "Projection")
      expect(unreadable).toMatchObject([
        { ...isLetter, actorId: "odd", sequence: 1, reason: expect.stringContaining("Malformed") },
        {
          ...isLetter,
          actorId: "a",
          sequence: 2,
          commandId: "a-1",
          reason: expect.stringContaining("Exploded"),
        },
        { sequence: 3, reason: expect.stringContaining("poison") },
        { sequence: 3, reason: expect.stringContaining("Exploded") },
      ])
      expect(unreadable[0]).not.toHaveProperty("commandId")
      expect(unreadable[0]).not.toHaveProperty("correlationId")
      const [whole] = readModel.deadLetters(totals).map(({ event }) => event)
      expect(whole).not.toHaveProperty("commandId")

      lines.length = 0
      const started = start(ledgerTotals({ onError: "deadLetter", name: "again" }))
      const again = yield* Effect.provideService(started, CurrentSampledLogs, new SampledLogs())
      yield* until(() => again.status().offset >= last)
      expect(startsWith(lines, "Projection")).toMatchObject([
        { projection: "again", sequence: 1 },
        { projection: "again", sequence: 3, reason: expect.stringContaining("poison") },
      ])
    }).pipe(Effect.provide(loggingTo([], lines)))
  }))

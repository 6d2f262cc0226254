/**
 * A refusal is final: where an append of the same command may still land, here or from another node, a commit without
 * entries takes its place before anybody is told no.
 */
import { Effect, Exit } from "effect"
import { describe, expect, it } from "vitest"
import { addressOf, shardOf } from "../../../runtime/address/ActorAddress.ts"
import { encodeCommit } from "../../../runtime/commit/Commit.ts"
import { ClusterMemory } from "../../fixtures/memory/ClusterMemory.ts"
import { Counter } from "../../fixtures/memory/Counter.ts"
import type { AppendOutcome, JournalScripted } from "../../fixtures/memory/JournalScripted.ts"
import { eventually, historyOf, SHARD_COUNT, startMemory } from "../../fixtures/memory/MemorySystem.ts"
import { MessagingMemory } from "../../fixtures/memory/MessagingMemory.ts"

const add = (by: number) => ({ type: "Add", by }) as const
const address = addressOf("counter", "a", SHARD_COUNT)

/** The append of another node, on its way since the actor was at sequence 1, arrives. True: it was stored. */
const lateAppendLands = async ({ inner }: JournalScripted, commandId: string): Promise<boolean> => {
  const entry = { c: commandId, fp: "", ev: [{ t: "Added", v: 1, d: { by: 5 } }] }
  const data = encodeCommit({ first: 2, at: 1, epoch: 1 }, [JSON.stringify(entry)])
  return Exit.isSuccess(await Effect.runPromise(Effect.exit(inner.append(address, 1, data))))
}

describe("a refusal after an append of unknown outcome", () => {
  it.each<AppendOutcome>([
    "landsLater",
    "landsLaterUnavailable",
    "landsLaterInFlight",
    "landsLaterDisconnected",
  ])(
    "FAULT 2: takes the append's place first, whatever kept the outcome from being known: %s",
    async (outcome) => {
      const { system, journal } = await startMemory()
      const counter = system.get(Counter, "a")
      await counter.ask(add(1))
      journal.script.append.push(outcome)
      journal.script.last.push(...Array.from({ length: 6 }, () => "unavailable" as const))
      const first = counter.ask(add(1), { commandId: "first", deadlineMs: 20 })
      // Would be refused on the state of now, and accepted on the one with the append.
      const second = counter.ask(add(2), { commandId: "second", ifVersion: 2 })
      await expect(first).rejects.toMatchObject({ _tag: "AskTimeout" })
      await expect(second).rejects.toMatchObject({ _tag: "VersionConflict", found: 1 })
      await Effect.runPromise(journal.land)
      expect(await historyOf(journal.inner, Counter, "a")).toHaveLength(1)
    },
  )
})

describe("a refused message", () => {
  it("FAULT 8: takes the place of what another node may have on its way, before it is a dead letter", async () => {
    const messaging = new MessagingMemory()
    const { system, journal } = await startMemory({ messaging })
    const counter = system.get(Counter, "a")
    await counter.ask(add(1))
    const lettersAtAppend: Array<number> = []
    journal.onStep = (step) =>
      Effect.sync(() => {
        if (step === "before append") lettersAtAppend.push(messaging.deadLetters.letters.size)
      })
    await counter.tell({ type: "Refuse" }, { commandId: "told" })
    await eventually(() => messaging.deadLetters.letters.size === 1)
    expect(lettersAtAppend).toEqual([0])
    expect(await lateAppendLands(journal, "told")).toBe(false)
    expect(await historyOf(journal.inner, Counter, "a")).toHaveLength(1)
  })
})

describe("a refused command that came again from another node", () => {
  /** Puts a refused command on the wire, as another node sends it. */
  const refusedOverTheWire = async (again: boolean) => {
    const cluster = await Effect.runPromise(ClusterMemory.make)
    const { system, journal } = await startMemory({ cluster })
    await system.get(Counter, "a").ask(add(1))
    const request = { k: "ask", to: address.key, ms: 1_000, c: { type: "Refuse" }, id: "c-1", again }
    const reply = await new Promise<string>((resolve) => {
      const subject = `ask.${shardOf(address.key, SHARD_COUNT)}`
      cluster.transport.send(subject, new TextEncoder().encode(JSON.stringify(request)), 1_000, {
        onReply: (data) => resolve(new TextDecoder().decode(data)),
        onFailure: ({ reason }) => resolve(reason),
      })
    })
    expect(JSON.parse(reply)).toMatchObject({ error: { _tag: "CommandRejected", reason: "NotToday" } })
    return journal
  }

  it("FAULT 8: takes the place of what that node may have on its way", async () => {
    const journal = await refusedOverTheWire(true)
    expect(await lateAppendLands(journal, "c-1")).toBe(false)
    expect(await historyOf(journal.inner, Counter, "a")).toHaveLength(1)
  })

  it("costs no commit where it came for the first time", async () => {
    const journal = await refusedOverTheWire(false)
    expect(await lateAppendLands(journal, "other")).toBe(true)
  })
})

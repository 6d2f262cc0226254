/** FAULT 70: members that answer with something that is no answer, and requests that are none. */
import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import { memberSubject } from "../../../runtime/cluster/Member.ts"
import { ClusterMemory } from "../../fixtures/memory/ClusterMemory.ts"
import { Counter } from "../../fixtures/memory/Counter.ts"
import { JournalScripted } from "../../fixtures/memory/JournalScripted.ts"
import { eventually, SHARD_COUNT, startMemory } from "../../fixtures/memory/MemorySystem.ts"
import { MessagingMemory } from "../../fixtures/memory/MessagingMemory.ts"

const encoder = new TextEncoder()
const decoder = new TextDecoder()

const strangeAnswers = [
  "",
  "{",
  "null",
  "7",
  "[]",
  "{}",
  '{"residentByType":null}',
  '{"residentByType":{"a":"b"}}',
]

/** A node, and another member whose every answer is `text`; it never takes part. */
const besides = async (text: string) => {
  const cluster = await Effect.runPromise(ClusterMemory.make)
  const on = { journal: new JournalScripted(), messaging: new MessagingMemory(), cluster }
  const { system } = await startMemory({ ...on, node: { name: "one" }, leaseMs: 60_000 })
  const record = {
    v: 1,
    name: "strange",
    state: "drained",
    version: "",
    labels: [],
    weight: 1,
    types: {},
    runs: [],
    unfit: [],
    startedAt: 0,
  }
  const serving = cluster.transport.serve(memberSubject("strange-1"), (_, reply) =>
    reply(encoder.encode(text)),
  )
  const scope = Effect.runFork(Effect.scoped(Effect.andThen(serving, Effect.never)))
  await Effect.runPromise(cluster.leases.write("member.strange-1", record, 0))
  await eventually(async () => (await system.cluster.status()).members.length === 2)
  return { system, cluster, end: () => scope.interruptUnsafe() }
}

describe("a member whose answers are none", () => {
  it.each(strangeAnswers)("%j is shown without its load, and the others with theirs", async (text) => {
    const { system, end } = await besides(text)
    const { members } = await system.cluster.status()
    expect(members.find(({ name }) => name === "strange")).not.toHaveProperty("load")
    expect(members.find(({ name }) => name === "one")).toHaveProperty("load.inFlightCount")
    expect(await system.get(Counter, "c").ask({ type: "Add", by: 1 })).toMatchObject({ version: 1 })
    end()
  })
})

it("requests to a member that are none are answered as unknown, or not at all, and it goes on", async () => {
  const { system, cluster, end } = await besides("{}")
  const { members } = await system.cluster.status()
  const id = members.find(({ isSelf }) => isSelf)?.id ?? ""
  const put = (request: unknown): Promise<unknown> =>
    new Promise((resolve) => {
      cluster.transport.send(memberSubject(id), encoder.encode(JSON.stringify(request)), 100, {
        onReply: (data) => resolve(JSON.parse(decoder.decode(data))),
        onFailure: ({ reason }) => resolve(reason),
      })
    })
  const throwing = { toString: 1, valueOf: 1 }
  for (const request of [
    null,
    7,
    [],
    { k: {} },
    { k: "passivate" },
    { k: "passivate", key: throwing },
    { k: "warm", slot: "shard.0", keys: [throwing, null, 7, "counter/%"] },
    { k: "warm", slot: throwing, keys: {} },
    { k: "skip" },
    { k: "skip", slot: throwing, sequence: "x", by: 7 },
  ]) {
    const answer = await put(request)
    expect(answer === "Timeout" || typeof answer === "object").toBe(true)
  }
  expect(await put({ k: "ping" })).toEqual({ ok: true })
  expect(await put({ k: "load" })).toHaveProperty("inFlightCount")
  for (let index = 0; index < SHARD_COUNT; index++) {
    expect(await system.get(Counter, `c${index}`).ask({ type: "Add", by: 1 })).toMatchObject({ version: 1 })
  }
  end()
})

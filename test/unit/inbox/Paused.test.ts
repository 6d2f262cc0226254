/** Messages that wait while nodes come and go in order: none of their lives was an attempt. */
import { Effect } from "effect"
import { expect, it } from "vitest"
import { addressOf } from "../../../runtime/address/ActorAddress.ts"
import { CALL_DEFAULTS } from "../../../runtime/call/Call.ts"
import { makeCheckpointsMemory } from "../../../runtime/checkpoint/CheckpointsMemory.ts"
import { ATTEMPTS_MAX, AttemptCounts } from "../../../runtime/inbox/AttemptCounts.ts"
import { UNACKNOWLEDGED_MAX } from "../../../runtime/mailbox/Mailbox.ts"
import { node, shared } from "../../fixtures/memory/ClusterNodes.ts"
import { Counter } from "../../fixtures/memory/Counter.ts"
import { Clerk, Desk, deskCall } from "../../fixtures/memory/Desk.ts"
import { eventually, SHARD_COUNT } from "../../fixtures/memory/MemorySystem.ts"
import { post } from "../../fixtures/memory/Post.ts"

const actors = [Clerk, Counter]

/** Id of a counter in the shard of the clerk "c". */
const beside =
  Array.from({ length: 100 }, (_, n) => `${n}`).find(
    (id) => addressOf("counter", id, SHARD_COUNT).shard === addressOf("clerk", "c", SHARD_COUNT).shard,
  ) ?? ""

const RESTARTS = ATTEMPTS_MAX + 3

const lettersIn = ({ messaging }: Awaited<ReturnType<typeof shared>>) =>
  Effect.runPromise(messaging.deadLetters.list({ after: 0, limit: 10 }))

it("an attempt that is taken back is none in the next life, and others stay", async () => {
  const checkpoints = makeCheckpointsMemory()
  const run = <A>(effect: Effect.Effect<A, unknown>) => Effect.runPromise(effect)
  const first = new AttemptCounts(checkpoints)
  expect(await run(first.again("s", { sequence: 1 }))).toBe(2)
  expect(await run(first.again("s", { sequence: 2 }))).toBe(2)
  // 3 was handed out for the first time.
  await run(first.takeBack("s", [{ sequence: 2 }, { sequence: 3 }]))
  const next = new AttemptCounts(checkpoints)
  expect(await run(next.again("s", { sequence: 1 }))).toBe(3)
  expect(await run(next.again("s", { sequence: 2 }))).toBe(2)
  expect(await run(next.again("s", { sequence: 3 }))).toBe(1)
})

it("an attempt at a message is none at the one that an older mailbox has under its sequence", async () => {
  const checkpoints = makeCheckpointsMemory()
  const run = <A>(effect: Effect.Effect<A, unknown>) => Effect.runPromise(effect)
  const first = new AttemptCounts(checkpoints)
  const message = { sequence: 1, storedAtMs: 1_767_225_600_000.25 }
  for (let attempt = 2; attempt < ATTEMPTS_MAX; attempt++)
    expect(await run(first.again("s", message))).toBe(attempt)
  const next = new AttemptCounts(checkpoints)
  expect(await run(next.of("s", message))).toBe(ATTEMPTS_MAX - 1)
  const other = { ...message, storedAtMs: message.storedAtMs + 5_000 }
  expect(await run(next.again("s", other))).toBe(2)
  // Rows of earlier nodes have no time.
  await run(checkpoints.write("attempts.2.s", [[1, 5]]))
  expect(await run(new AttemptCounts(checkpoints).again("s", message))).toBe(6)
})

it("FAULT 79: messages to a paused type outlast any number of orderly restarts", async () => {
  const on = await shared()
  const first = await node("n", on, { actors })
  await first.system.cluster.pause(Clerk)
  await eventually(async () => (await first.system.cluster.status()).paused.includes("clerk"))
  for (const sheet of ["1", "2"]) await first.system.get(Clerk, "c").tell({ type: "Stamp", sheet })
  await eventually(() => [...on.messaging.mailbox.contents.messages].length === 2)
  await first.system.stop()
  for (let restart = 0; restart < RESTARTS; restart++) {
    const { system } = await node("n", on, { actors })
    await Effect.runPromise(post(on.messaging, Counter, beside, { type: "Add", by: 1 }))
    await eventually(async () => (await system.get(Counter, beside).state()).version === restart + 1)
    await system.stop()
  }
  expect(await lettersIn(on)).toEqual([])
  const { system } = await node("n", on, { actors })
  await system.cluster.resume(Clerk)
  const sheets = async () => (await system.get(Clerk, "c").state()).state.context.sheets
  await eventually(async () => (await sheets()).length === 2)
  expect(await sheets()).toEqual(["1", "2"])
}, 60_000)

it("any number of messages to a paused type hold up no others of their shard, and come in order after it", async () => {
  const on = await shared()
  const { system } = await node("n", on, { actors })
  // Some are handed out before the pause, and wait for their actor.
  const release = on.journal.hold()
  const stamp = (sheet: number) =>
    Effect.runPromise(post(on.messaging, Clerk, "c", { type: "Stamp", sheet: `${sheet}` }))
  for (let sheet = 0; sheet < 10; sheet++) await stamp(sheet)
  await eventually(() => on.journal.heldCount > 0)
  await system.cluster.pause(Clerk)
  await eventually(async () => (await system.cluster.status()).paused.includes("clerk"))
  const count = 10 + UNACKNOWLEDGED_MAX
  for (let sheet = 10; sheet < count; sheet++) await stamp(sheet)
  release()
  await Effect.runPromise(post(on.messaging, Counter, beside, { type: "Add", by: 1 }))
  await eventually(async () => (await system.get(Counter, beside).state()).version === 1)
  await system.cluster.resume(Clerk)
  const sheets = async () => (await system.get(Clerk, "c").state()).state.context.sheets
  await eventually(async () => (await sheets()).length === count)
  expect(await sheets()).toEqual(Array.from({ length: count }, (_, sheet) => `${sheet}`))
  expect((await system.status()).messages.deadLetterCount).toBe(0)
})

it("FAULT 79: a call that no life of a node was long enough for is made in full by the last", async () => {
  const on = await shared()
  let startCount = 0
  deskCall.run = () => {
    startCount++
    return new Promise(() => undefined)
  }
  const first = await node("n", on, { actors: [Desk, Clerk] })
  await first.system.get(Desk, "d").ask({ type: "Open", sheet: "file:1" })
  await eventually(() => startCount === 1)
  await first.system.stop()
  for (let restart = 1; restart <= RESTARTS; restart++) {
    const { system } = await node("n", on, { actors: [Desk, Clerk] })
    await eventually(() => startCount === restart + 1)
    await system.stop()
  }
  const attempts: Array<number> = []
  deskCall.run = ({ attempt }) => {
    attempts.push(attempt)
    throw new Error("busy")
  }
  const { system } = await node("n", on, { actors: [Desk, Clerk] })
  const outcome = async () => (await system.get(Desk, "d").state()).state.context.outcome
  await eventually(async () => (await outcome()) !== undefined)
  expect(attempts).toEqual([1, 2, 3])
  expect(attempts.length).toBeLessThanOrEqual(CALL_DEFAULTS.attemptsMax)
}, 60_000)

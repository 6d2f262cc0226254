/**
 * FAULT 70: messages that no actor of this system sends. Each becomes a dead letter; the other actors of its shard, and
 * the actor that it names, go on.
 */
import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import { type ActorAddress, addressOf } from "../../../runtime/address/ActorAddress.ts"
import { decodeMessage, MESSAGE_ID_LENGTH_MAX } from "../../../runtime/mailbox/Message.ts"
import { Clerk, Desk } from "../../fixtures/memory/Desk.ts"
import { eventually, SHARD_COUNT, startMemory } from "../../fixtures/memory/MemorySystem.ts"
import { MessagingMemory } from "../../fixtures/memory/MessagingMemory.ts"
import { post } from "../../fixtures/memory/Post.ts"

const encoder = new TextEncoder()
const address = addressOf("clerk", "c", SHARD_COUNT)
const stamp = { type: "Stamp", sheet: "x" }
const command = { v: 1, k: "command", id: "m", c: stamp }
const deep = JSON.parse(`${"[".repeat(500)}${"]".repeat(500)}`)

/** Bodies that are no message, whatever they look like. */
const unreadable: ReadonlyArray<readonly [string, unknown]> = [
  ["nothing", null],
  ["a number", 7],
  ["a list", [command]],
  ["no id", { ...command, id: undefined }],
  ["an id of another kind", { ...command, id: { a: 1 } }],
  ["an id that is too long", { ...command, id: "x".repeat(MESSAGE_ID_LENGTH_MAX + 1) }],
  ["an id that is no Unicode", { ...command, id: "\ud800" }],
  ["an unknown kind", { ...command, k: "order" }],
  ["a command without a type", { ...command, c: { sheet: "x" } }],
  ["a list as command", { ...command, c: [stamp] }],
  ["an asker whose id cannot be read", { ...command, from: "nosuch/%zz", n: "n" }],
  ["an asker that is a number", { ...command, from: 5, n: "n" }],
  ["an asker without a type", { ...command, from: "noslash", n: "n" }],
  ["an asker that is a wildcard", { ...command, from: "desk/*", n: "n" }],
  ["an asker that breaks a line of the protocol", { ...command, from: "desk/a\r\nPUB x 1\r\n", n: "n" }],
  ["an empty asker", { ...command, from: "", n: "n" }],
  ["a request whose name is a list", { ...command, from: "desk/d", n: ["n"] }],
  ["metadata that is a number", { ...command, m: 5 }],
  ["metadata with a number in it", { v: 1, k: "answer", id: "m", n: "n", a: { ok: true }, m: { user: 7 } }],
  ["an answer that is a text", { v: 1, k: "answer", id: "m", n: "n", a: "yes" }],
  ["an answer that says neither", { v: 1, k: "answer", id: "m", n: "n", a: {} }],
  ["a reason that is a number", { v: 1, k: "answer", id: "m", n: "n", a: { ok: false, reason: 3 } }],
  ["a timer of another age", { v: 1, k: "timer", id: "m", n: "n", g: "1.0", at: 1e300 }],
  ["a timer whose name is no Unicode", { v: 1, k: "timer", id: "m", n: "\udfff", g: "1.0", at: 0 }],
  ["a timer without a generation", { v: 1, k: "timer", id: "m", n: "n", at: 0 }],
  ["a call without a name", { v: 1, k: "call", id: "m", g: "1.0" }],
]

/** Bodies that are messages, and that the actor does not take. */
const refused: ReadonlyArray<readonly [string, unknown]> = [
  ["an unknown command", { ...command, c: { type: "Nope" } }],
  ["a command that its schema refuses", { ...command, c: { type: "Stamp", sheet: 7 } }],
  ["a command that is nested too deep", { ...command, c: { ...stamp, deep } }],
  ["metadata of another name", { ...command, m: { colour: "red" } }],
]

const start = async () => {
  const messaging = new MessagingMemory()
  const { system } = await startMemory({ actors: [Clerk, Desk], messaging })
  const put = (body: unknown, to: ActorAddress = address) => {
    const data = encoder.encode(typeof body === "string" ? body : JSON.stringify(body))
    return Effect.runPromise(
      messaging.mailbox.publish({ address: to, id: JSON.stringify(body).slice(0, 500), data }),
    )
  }
  const letters = () => Effect.runPromise(messaging.deadLetters.list({ after: 0, limit: 1_000 }))
  const isEmpty = () => [...messaging.mailbox.contents.messages].length === 0
  const next = () => Effect.runPromise(post(messaging, Clerk, "c", { type: "Stamp", sheet: "next" }))
  return { messaging, system, put, next, letters, isEmpty }
}

describe("a message that cannot be read", () => {
  it.each([...unreadable, ...refused])(
    "because of %s is a dead letter, and the next one is applied",
    async (_, body) => {
      const { system, put, next, letters, isEmpty } = await start()
      await put(body)
      await next()
      await eventually(isEmpty)
      expect((await system.get(Clerk, "c").state()).state.context.sheets).toEqual(["next"])
      expect(await letters()).toMatchObject([{ key: "clerk/c", reason: "Malformed" }])
      expect((await system.status()).messages.openCount).toBe(0)
    },
  )

  it("is one with all its kind, in one shard", async () => {
    const { put, next, letters, isEmpty } = await start()
    const bodies = [...unreadable, ...refused].map(([, body]) => body)
    for (const body of bodies) await put(body)
    for (const text of ["", "{", "\u0000", "[".repeat(100_000)]) await put(text)
    await next()
    await eventually(isEmpty)
    expect(await letters()).toHaveLength(bodies.length + 4)
  })
})

describe("a message to an actor that cannot be", () => {
  it.each([
    ["another spelling of an id", { ...address, key: "clerk/%63" }],
    ["an id that cannot be decoded", { ...address, key: "clerk/%zz" }],
    ["an actor of another shard", { ...address, shard: (address.shard + 1) % SHARD_COUNT }],
  ])("%s is a dead letter", async (_, to) => {
    const { system, put, next, letters, isEmpty } = await start()
    await put(command, to)
    await eventually(isEmpty)
    expect(await letters()).toMatchObject([{ key: to.key, reason: "Malformed" }])
    await next()
    await eventually(async () => (await system.get(Clerk, "c").state()).version === 1)
  })
})

describe("what throws while a message is received", () => {
  it("becomes a dead letter, and the shard goes on", async () => {
    const { messaging, system, put, next, letters, isEmpty } = await start()
    // The note is what a node read when messages come again after a crash.
    const note = messaging.checkpoints.note
    Object.assign(messaging.checkpoints, {
      note: (name: string) => Effect.flatMap(note(name), () => Effect.die(new Error("a note that throws"))),
    })
    const take = messaging.mailbox.contents.take.bind(messaging.mailbox.contents)
    messaging.mailbox.contents.take = (...given) => {
      const taken = take(...given)
      // As if the message had been handed out before.
      for (const message of taken) if (message.id.includes("again")) message.handedOutCount = 2
      return taken
    }
    await put({ ...command, id: "again" })
    await eventually(async () => (await letters()).length === 1)
    expect((await letters())[0]?.detail).toContain("a note that throws")
    await next()
    await eventually(isEmpty)
    expect((await system.get(Clerk, "c").state()).state.context.sheets).toEqual(["next"])
  })

  it("and rows of a note that are none leave the others as they are", async () => {
    const { messaging, put, letters, isEmpty } = await start()
    const { shard } = address
    const rubbish = [null, 7, "x", [1], ["a", "b"], [1e300, 2]]
    await Effect.runPromise(messaging.checkpoints.write(`attempts.2.shard.${shard}`, rubbish))
    const take = messaging.mailbox.contents.take.bind(messaging.mailbox.contents)
    messaging.mailbox.contents.take = (...given) => {
      const taken = take(...given)
      for (const message of taken) message.handedOutCount = 2
      return taken
    }
    await put(command)
    await eventually(isEmpty)
    expect(await letters()).toEqual([])
  })
})

it("messages of earlier releases are read as they were", () => {
  const written = [
    command,
    { ...command, from: "desk/d", n: "stamp", m: { correlationId: "r-9", user: "ann" } },
    { v: 1, k: "answer", id: "everstate:7-x.0:answer", n: "stamp", a: { ok: true } },
    { v: 1, k: "answer", id: "everstate:7-x.0:answer", n: "stamp", a: { ok: true, reply: null } },
    {
      v: 1,
      k: "answer",
      id: "a",
      n: "stamp",
      a: { ok: false, reason: "Blank", isRejection: true, state: "open", detail: { sheet: "blank" } },
    },
    { v: 1, k: "timer", id: "everstate:7-x.1", n: "patience", g: "1.0", at: 1_767_225_600_000 },
    { v: 1, k: "call", id: "everstate:7-x.2", n: "0.desk", g: "1.1" },
  ]
  for (const message of written)
    expect(decodeMessage(encoder.encode(JSON.stringify(message)))).toEqual(message)
})

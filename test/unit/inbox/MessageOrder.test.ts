/** Messages are done with when what they lead to is stored, and reach their actor in order, whatever comes again. */
import { Effect, Latch, Schema, Stream } from "effect"
import { expect, it } from "vitest"
import { assign, setup } from "xstate"
import { addressOf } from "../../../runtime/address/ActorAddress.ts"
import { type Answered, accept, defineActor, defineEvent, dispatch, send } from "../../../runtime/index.ts"
import { MailboxUnavailable } from "../../../runtime/mailbox/Mailbox.ts"
import { decodeMessage } from "../../../runtime/mailbox/Message.ts"
import { node, shared } from "../../fixtures/memory/ClusterNodes.ts"
import { Clerk } from "../../fixtures/memory/Desk.ts"
import { eventually, SHARD_COUNT, startMemory } from "../../fixtures/memory/MemorySystem.ts"
import { MessagingMemory } from "../../fixtures/memory/MessagingMemory.ts"
import { post } from "../../fixtures/memory/Post.ts"

it("a message is acknowledged after its dead letter is stored, or is in its actor's journal, not before", async () => {
  const messaging = new MessagingMemory()
  const { add } = messaging.deadLetters
  const stored = Latch.makeUnsafe(false)
  const given: Array<string> = []
  Object.assign(messaging.deadLetters, {
    add: (letter: Parameters<typeof add>[0]) => {
      given.push(letter.reason)
      return Effect.andThen(stored.await, add(letter))
    },
  })
  const { system } = await startMemory({ actors: [Clerk], messaging })
  const clerk = system.get(Clerk, "c")
  const address = addressOf("clerk", "c", SHARD_COUNT)
  const malformed = { address, id: "bad", data: new TextEncoder().encode("{") }
  await Effect.runPromise(messaging.mailbox.publish(malformed))
  const stamp = (sheet: string) => Effect.runPromise(post(messaging, Clerk, "c", { type: "Stamp", sheet }))
  for (const sheet of ["blank", "broken"]) await stamp(sheet)
  await eventually(() => given.length === 2)
  expect(given.sort()).toEqual(["Malformed", "Rejected"])
  // What comes later is done with meanwhile.
  await stamp("good")
  await eventually(async () => (await clerk.state()).state.context.sheets.length === 1)
  // The letters of what the actor refused are in its journal; what nobody could read waits for its letter.
  await eventually(() => [...messaging.mailbox.contents.messages].length === 1)
  stored.openUnsafe()
  await eventually(() => [...messaging.mailbox.contents.messages].length === 0)
  await eventually(() => messaging.deadLetters.letters.size === 3)
  expect(given.sort()).toEqual(["Failed", "Malformed", "Rejected"])
})

it("a redelivery does not overtake a message that is held back", async () => {
  const on = await shared()
  const first = await node("n", on, { actors: [Clerk] })
  on.journal.script.append = Array.from({ length: 1_000 }, () => "full")
  for (const sheet of ["1", "2"]) await first.system.get(Clerk, "c").tell({ type: "Stamp", sheet })
  await eventually(async () => (await first.system.status()).messages.openCount === 2)
  await first.system.stop()
  // The second of the two, which were handed out before, takes its time.
  const isOnItsWay = Latch.makeUnsafe(false)
  const { receive } = on.messaging.mailbox
  Object.assign(on.messaging.mailbox, {
    receive: (...of: Parameters<typeof receive>) =>
      Stream.tap(receive(...of), ({ isRepeat, data }) => {
        const message = decodeMessage(data)
        const isSecond = message.k === "command" && message.c.sheet === "2"
        expect(isRepeat).toBe(true)
        return isSecond ? isOnItsWay.await : Effect.void
      }),
  })
  const { system } = await node("n", on, { actors: [Clerk] })
  // Its pause is over a second by now.
  await eventually(async () => (await system.status()).messages.retriedCount >= 7)
  on.journal.script.append = []
  isOnItsWay.openUnsafe()
  const sheets = async () => (await system.get(Clerk, "c").state()).state.context.sheets
  await eventually(async () => (await sheets()).length === 2)
  expect(await sheets()).toEqual(["1", "2"])
})

const Nothing = Schema.Struct({})

/** Answers, and tells the one who asked in the same commit. */
const Teller = defineActor({
  type: "teller",
  events: { Said: defineEvent(Nothing) },
  machine: setup({ types: {} as { events: { type: "Said" } } }).createMachine({
    on: { Said: { actions: () => undefined } },
  }),
  commands: {
    Say: {
      schema: Nothing,
      decide: () => {
        const hear = { _tag: "Tell", key: "asker/a", command: { type: "Hear" }, afterMs: undefined } as const
        return accept({ type: "Said" as const }, { reply: { said: true }, send: hear })
      },
    },
  },
})

const Asker = defineActor({
  type: "asker",
  events: { Heard: defineEvent(Nothing), Asked: defineEvent(Nothing) },
  machine: setup({
    types: {} as {
      context: { heard: ReadonlyArray<string> }
      events: { type: "Heard" } | { type: "Asked" } | Answered
    },
  }).createMachine({
    context: { heard: [] },
    on: {
      Asked: {
        actions: dispatch(() => send.request({ actor: Teller, id: "t", command: { type: "Say" }, as: "it" })),
      },
      Heard: { actions: assign({ heard: ({ context }) => [...context.heard, "tell"] }) },
      "everstate.answered": { actions: assign({ heard: ({ context }) => [...context.heard, "answer"] }) },
    },
  }),
  commands: {
    Hear: { schema: Nothing, decide: () => ({ type: "Heard" as const }) },
    Ask: { schema: Nothing, decide: () => ({ type: "Asked" as const }) },
  },
})

it.each([
  ["in the mailbox", true, ["command", "command", "command", "command", "answer"]],
  ["on their way straight to it", false, []],
])(
  "a tell and an answer of one commit to one receiver keep their order %s",
  async (_, isMailboxOnly, given) => {
    const messaging = new MessagingMemory({ isMailboxOnly })
    const { publish } = messaging.mailbox
    const tries: Array<string> = []
    let failureCount = 3
    Object.assign(messaging.mailbox, {
      publish: (message: Parameters<typeof publish>[0]) =>
        Effect.suspend(() => {
          const { k } = decodeMessage(message.data)
          if (message.address.type !== "asker") return publish(message)
          tries.push(k)
          if (k !== "command" || failureCount-- <= 0) return publish(message)
          return Effect.fail(new MailboxUnavailable({ reason: "Timeout", detail: "not yet" }))
        }),
    })
    const { system } = await startMemory({ actors: [Asker, Teller], messaging })
    const asker = system.get(Asker, "a")
    await asker.ask({ type: "Ask" })
    await eventually(async () => (await asker.state()).state.context.heard.length === 2)
    expect(tries).toEqual(given)
    expect((await asker.state()).state.context.heard).toEqual(["tell", "answer"])
  },
)

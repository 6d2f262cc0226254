/** Asks and their answers, on the wire between nodes and back. */
import { Exit } from "effect"
import { describe, expect, it } from "vitest"
import {
  AskTimeout,
  CommandRejected,
  InvalidCommand,
  VersionConflict,
} from "../../../runtime/cell/AskError.ts"
import { messageJson } from "../../../runtime/mailbox/Message.ts"
import {
  decodeDeliverReply,
  decodeReply,
  decodeRequest,
  deliverReplyOf,
  encodeReply,
  encodeRequest,
  replyOf,
} from "../../../runtime/router/AskWire.ts"
import { Counter } from "../../fixtures/memory/Counter.ts"

const travelled = (exit: Parameters<typeof replyOf>[1]) =>
  decodeReply(Counter, "a", encodeReply(replyOf(Counter, exit)))

const rejection = (detail: unknown) =>
  new CommandRejected({
    actorType: "counter",
    id: "c",
    commandType: "Add",
    reason: "Closed",
    state: "closed",
    version: 2,
    detail,
  })

describe("an answer", () => {
  it.each([undefined, null, { left: 3 }])("is a rejection as it was, with detail %j", (detail) => {
    const exit = travelled(Exit.fail(rejection(detail)))
    const error = exit !== undefined && Exit.isFailure(exit) ? exit.cause.reasons[0] : undefined
    expect(error).toMatchObject({ error: rejection(detail) })
  })

  it("is an invalid command, under the tag that nodes of earlier releases know", () => {
    const invalid = new InvalidCommand({ actorType: "counter", id: "c", commandType: "Add", issues: [] })
    const reply = replyOf(Counter, Exit.fail(invalid))
    expect(reply).toMatchObject({ error: { _tag: "CommandInvalid" } })
    const exit = decodeReply(Counter, "a", encodeReply(reply))
    expect(exit !== undefined && Exit.isFailure(exit) && exit.cause.reasons[0]).toMatchObject({
      error: invalid,
    })
  })

  it("is a conflict as it was", () => {
    const conflict = new VersionConflict({ actorType: "counter", id: "c", expected: 1, found: 2 })
    const exit = travelled(Exit.fail(conflict))
    expect(exit !== undefined && Exit.isFailure(exit) && exit.cause.reasons[0]).toMatchObject({
      error: conflict,
    })
  })

  it.each([{}, { detail: "the journal does not answer" }])("is a time-out as it was, with %j", (why) => {
    const given = { actorType: "counter", id: "c", commandId: "1", deadlineMs: 5, hint: "Ask again." }
    const timeout = new AskTimeout({ ...given, ...why })
    const exit = travelled(Exit.fail(timeout))
    expect(exit !== undefined && Exit.isFailure(exit) && exit.cause.reasons[0]).toMatchObject({
      error: timeout,
    })
  })

  it("is an acceptance, with its reply or without one", () => {
    for (const reply of [undefined, { total: 3 }]) {
      const accepted = { version: 2, sequence: 7, reply, duplicate: false }
      expect(travelled(Exit.succeed(accepted))).toEqual(Exit.succeed(JSON.parse(JSON.stringify(accepted))))
    }
  })
})

describe("a message on its way", () => {
  it.each([
    { k: "command", id: "everstate:7-x.0", c: { type: "Add", by: 1 }, m: { user: "ann" } },
    { k: "command", id: "everstate:7-x.1", c: { type: "Add", by: 1 }, from: "counter/d", n: "ask" },
    { k: "answer", id: "everstate:7-x.2", n: "ask", a: { ok: true, reply: 3 } },
  ] as const)("is read as it was sent: %j", (message) => {
    const request = { k: "deliver", to: "counter/c", ms: 1_000, msg: messageJson(message) } as const
    expect(decodeRequest(encodeRequest(request))).toEqual(request)
  })

  it("is settled, refused with the owner's error, or asked for again, as the reply says", () => {
    const come = (exit: Exit.Exit<unknown, CommandRejected>) =>
      decodeDeliverReply(encodeReply(deliverReplyOf(exit)))
    expect(come(Exit.succeed("anything"))).toEqual(Exit.void)
    expect(come(Exit.fail(rejection(undefined)))).toEqual(Exit.fail(rejection(undefined)))
    expect(come(Exit.interrupt())).toBeUndefined()
  })
})

it("is no request where it does not look like one", () => {
  const encoder = new TextEncoder()
  for (const text of [
    "",
    "null",
    "[]",
    '{"k":"ask"}',
    '{"to":"counter/c"}',
    '{"k":"other","to":"counter/c"}',
  ]) {
    expect(decodeRequest(encoder.encode(text))).toBeUndefined()
  }
})

it("is no answer where it does not look like one", () => {
  const encoder = new TextEncoder()
  for (const text of [
    "",
    "{",
    "null",
    "7",
    "{}",
    '{"accepted":null}',
    '{"accepted":{}}',
    '{"accepted":{"version":"1","sequence":1}}',
    '{"state":null}',
    '{"error":{"_tag":"Nobody"}}',
  ]) {
    expect(() => decodeReply(Counter, "a", encoder.encode(text))).toThrow()
  }
})

/** A message that goes straight to its receiver: what its sender is told, and what is left of it. */
import { Effect, Exit } from "effect"
import { TestClock } from "effect/testing"
import { describe, expect, it } from "vitest"
import { Busy, Unavailable } from "../../../runtime/cell/AskError.ts"
import type { Waiting, WaitingCommand } from "../../../runtime/cell/Waiting.ts"
import { type Deliver, type DeliverVerdict, DIRECT_MS } from "../../../runtime/mailbox/Deliver.ts"
import { deliverReplyOf, encodeReply } from "../../../runtime/router/AskWire.ts"
import type { DirectDeliveryOptions } from "../../../runtime/router/DirectDelivery.ts"
import type { Router } from "../../../runtime/router/Router.ts"
import {
  RequestFailed,
  type RequestHandler,
  type TransportService,
} from "../../../runtime/transport/Transport.ts"
import { Counter } from "../../fixtures/memory/Counter.ts"
import { add, address, directSender, shardMap } from "../../fixtures/memory/DirectSender.ts"
import { realDate } from "../../fixtures/time/RealDate.ts"

const { key } = address
const slot = shardMap.all[shardMap.indexOf(address.type, address.shard) ?? -1]?.slot ?? ""
const nothing = () => undefined

/** A sender over a transport that answers as the test says, and time that the test moves. */
const scripted = (
  check: (given: {
    readonly deliver: Deliver
    readonly router: Router
    readonly sent: ReadonlyArray<RequestHandler>
    readonly requests: ReadonlyArray<unknown>
    readonly subjects: ReadonlyArray<string>
    readonly forgotten: () => number
  }) => Effect.Effect<void>,
  options: Partial<DirectDeliveryOptions> = {},
  answer: (handler: RequestHandler) => void = nothing,
) => {
  const sent: Array<RequestHandler> = []
  const requests: Array<unknown> = []
  const subjects: Array<string> = []
  let forgottenCount = 0
  const transport: TransportService = {
    messageBytesMax: 1_000_000,
    send: (subject, request, _timeoutMs, handler) => {
      sent.push(handler)
      subjects.push(subject)
      requests.push(JSON.parse(new TextDecoder().decode(request)))
      answer(handler)
      return () => void forgottenCount++
    },
    serve: () => Effect.void,
    disconnectedAtMs: () => 0,
    refusedCount: () => 0,
  }
  const program = Effect.gen(function* () {
    const given = yield* directSender(transport, options)
    yield* check({ ...given, sent, requests, subjects, forgotten: () => forgottenCount })
  })
  return Effect.runPromise(Effect.provide(Effect.scoped(program), realDate))
}

/** Lets time pass until it is so. */
const until = (isTrue: () => boolean) =>
  Effect.gen(function* () {
    while (!isTrue()) yield* TestClock.adjust(1)
  })

const failure = (reason: RequestFailed["reason"]) => new RequestFailed({ reason, subject: "ask", detail: "" })
const moved = encodeReply({ moved: true })
const done = encodeReply({ done: true })
const refused = (error: Busy | Unavailable) => encodeReply(deliverReplyOf(Exit.fail(error)))
const actor = { actorType: Counter.type, id: "c" }

describe("an owner", () => {
  it("is sent the message as it would be in the mailbox, and how long its sender waits", () =>
    scripted(({ deliver, requests, subjects }) =>
      Effect.sync(() => {
        deliver(add, key, DIRECT_MS, nothing)
        expect(requests).toEqual([{ k: "deliver", to: key, ms: DIRECT_MS, msg: { v: 1, ...add } }])
        expect(subjects).toEqual([`ask.${address.shard}`])
      }),
    ))

  it("that does not have the shard any more is followed to the next one", () =>
    scripted(({ deliver, sent }) =>
      Effect.gen(function* () {
        const verdicts: Array<DeliverVerdict> = []
        deliver(add, key, DIRECT_MS, (verdict) => verdicts.push(verdict))
        sent[0]?.onReply(moved)
        yield* until(() => sent.length === 2)
        expect(verdicts).toEqual([])
        sent[1]?.onReply(done)
        expect(verdicts).toEqual([{ _tag: "Settled" }])
      }),
    ))

  it("is asked at once when the shard comes to it", () =>
    scripted(({ deliver, sent, router }) =>
      Effect.sync(() => {
        deliver(add, key, DIRECT_MS, nothing)
        router.ownerChanged(slot)
        expect(sent).toHaveLength(2)
      }),
    ))

  it("that is silent costs the sender its deadline, and nothing is left of the message", () =>
    scripted(({ deliver, sent, router, forgotten }) =>
      Effect.gen(function* () {
        const verdicts: Array<DeliverVerdict> = []
        deliver(add, key, DIRECT_MS, (verdict) => verdicts.push(verdict))
        yield* TestClock.adjust(DIRECT_MS - 1)
        expect(verdicts).toEqual([])
        yield* TestClock.adjust(100)
        expect(verdicts).toMatchObject([{ _tag: "Later", why: "silent", mayBeThere: true }])
        expect(forgotten()).toBe(1)
        yield* router.drain
        const before = sent.length
        router.ownerChanged(slot, true)
        yield* TestClock.adjust("1 minute")
        sent[0]?.onReply(done)
        expect(sent).toHaveLength(before)
        expect(verdicts).toHaveLength(1)
      }),
    ))

  it("that nobody finds has not got the message", () =>
    scripted(
      ({ deliver }) =>
        Effect.gen(function* () {
          const verdicts: Array<DeliverVerdict> = []
          deliver(add, key, DIRECT_MS, (verdict) => verdicts.push(verdict))
          yield* until(() => verdicts.length > 0)
          expect(verdicts).toMatchObject([{ _tag: "Later", why: "moving", mayBeThere: false }])
        }),
      {},
      // At once: an attempt without an answer at the deadline may have brought the message.
      (handler) => handler.onFailure(failure("NoResponders")),
    ))

  it.each([
    ["busy", false, new Busy({ ...actor, queue: "Actor", limitCount: 1 })],
    ["unavailable", false, new Unavailable({ ...actor, stored: "No", detail: "", hint: "" })],
    ["unavailable", true, new Unavailable({ ...actor, stored: "Unknown", detail: "", hint: "" })],
  ] as const)(
    "that is %s says so at once, and whether the effect may be there: %s",
    (why, mayBeThere, error) =>
      scripted(({ deliver, sent }) =>
        Effect.sync(() => {
          const verdicts: Array<DeliverVerdict> = []
          deliver(add, key, DIRECT_MS, (verdict) => verdicts.push(verdict))
          sent[0]?.onReply(refused(error))
          expect(verdicts).toMatchObject([{ _tag: "Later", why, mayBeThere }])
        }),
      ),
  )

  it("that is busy may have the effect all the same, when one before it went silent with the message", () =>
    scripted(({ deliver, sent }) =>
      Effect.gen(function* () {
        const verdicts: Array<DeliverVerdict> = []
        deliver(add, key, 10 * DIRECT_MS, (verdict) => verdicts.push(verdict))
        sent[0]?.onFailure(failure("Timeout"))
        yield* until(() => sent.length === 2)
        sent[1]?.onReply(refused(new Busy({ ...actor, queue: "Actor", limitCount: 1 })))
        expect(verdicts).toMatchObject([{ _tag: "Later", why: "busy", mayBeThere: true }])
      }),
    ))

  it.each(["{}", "null", '{"accepted":{"version":1,"sequence":1}}', '{"done":"yes"}'])(
    "that answers %s has settled nothing",
    (reply) =>
      scripted(({ deliver, sent }) =>
        Effect.sync(() => {
          const verdicts: Array<DeliverVerdict> = []
          deliver(add, key, DIRECT_MS, (verdict) => verdicts.push(verdict))
          sent[0]?.onReply(new TextEncoder().encode(reply))
          expect(verdicts).toMatchObject([{ _tag: "Later", why: "unavailable", mayBeThere: true }])
        }),
      ),
  )

  it("is the third at most of a message whose owners go silent and lose its shard", () =>
    scripted(({ deliver, sent, router }) =>
      Effect.gen(function* () {
        const verdicts: Array<DeliverVerdict> = []
        deliver(add, key, 60 * DIRECT_MS, (verdict) => verdicts.push(verdict))
        for (const lostCount of [1, 2]) {
          const before = sent.length
          sent.at(-1)?.onFailure(failure("Timeout"))
          yield* until(() => sent.length > before)
          expect(verdicts).toHaveLength(0)
          router.ownerChanged(slot, true)
          expect(verdicts).toHaveLength(lostCount - 1)
        }
        expect(verdicts).toMatchObject([{ _tag: "Later", why: "unavailable", mayBeThere: true }])
      }),
    ))
})

describe("a receiver that nobody is asked for", () => {
  const verdictOf = (to: string, options: Partial<DirectDeliveryOptions>) => {
    const verdicts: Array<DeliverVerdict> = []
    return scripted(
      ({ deliver, sent }) =>
        Effect.sync(() => {
          deliver(add, to, DIRECT_MS, (verdict) => verdicts.push(verdict))
          expect(sent).toEqual([])
          expect(verdicts).toHaveLength(1)
        }),
      options,
    ).then(() => verdicts[0])
  }

  it("is of a paused type", async () => {
    const verdict = await verdictOf(key, { isPaused: (type) => type === Counter.type })
    expect(verdict).toMatchObject({ _tag: "Later", why: "paused", mayBeThere: false })
  })

  it("is of a type that no member has", async () => {
    const members = () => [{ types: { counter: {} } }]
    expect(await verdictOf("order/o", { members })).toMatchObject({ _tag: "Unroutable" })
    expect(await verdictOf("to-string/o", { members })).toMatchObject({ _tag: "Unroutable" })
  })

  it("is not judged before the members are known", async () => {
    const verdict = await verdictOf("order/o", { members: nothing })
    expect(verdict).toMatchObject({ _tag: "Later", why: "moving", mayBeThere: false })
  })

  it("has a key that no actor has", async () => {
    for (const to of ["", "counter", "counter/*", "counter/a b"]) {
      expect(await verdictOf(to, {})).toMatchObject({ _tag: "Unroutable" })
    }
  })
})

it("a type that this node does not host is asked for where its label has its shards", () =>
  scripted(
    ({ deliver, subjects }) =>
      Effect.sync(() => {
        deliver(add, key, DIRECT_MS, nothing)
        expect(subjects).toEqual([`ask.gpu.${address.shard}`])
      }),
    {
      actors: new Map(),
      members: () => [{ types: { order: {} } }, { types: { counter: {} }, typeLabels: { counter: "gpu" } }],
    },
  ))

describe("a message to an actor of this node", () => {
  /** Cells that keep what is offered, while this node has the shard. */
  const keeping = () => {
    const offered: Array<WaitingCommand> = []
    const cells = {
      isOwner: true,
      takes: () => cells.isOwner,
      offer: (_definition: unknown, _address: unknown, item: Waiting) => {
        if (item._tag === "Command") offered.push(item)
      },
    }
    return { offered, cells }
  }
  const accepted = Exit.succeed({ version: 1, sequence: 1, reply: undefined, duplicate: false })

  it("goes to its cell in memory, as a message whose refusal has to be final", () => {
    const { offered, cells } = keeping()
    return scripted(
      ({ deliver, sent }) =>
        Effect.sync(() => {
          const verdicts: Array<DeliverVerdict> = []
          deliver(add, key, DIRECT_MS, (verdict) => verdicts.push(verdict))
          expect(offered).toMatchObject([{ isMessage: true, command: { commandId: add.id } }])
          expect(verdicts).toEqual([])
          offered[0]?.settle(accepted)
          expect(verdicts).toEqual([{ _tag: "Settled" }])
          expect(sent).toEqual([])
        }),
      { cells },
    )
  })

  it("goes to the next owner when its cell gives it back", () => {
    const { offered, cells } = keeping()
    return scripted(
      ({ deliver, sent }) =>
        Effect.sync(() => {
          const verdicts: Array<DeliverVerdict> = []
          deliver(add, key, DIRECT_MS, (verdict) => verdicts.push(verdict))
          cells.isOwner = false
          offered[0]?.settle(Exit.interrupt())
          expect(sent).toHaveLength(1)
          sent[0]?.onReply(done)
          expect(verdicts).toEqual([{ _tag: "Settled" }])
        }),
      { cells },
    )
  })

  it("comes back here when the shard does", () => {
    const { offered, cells } = keeping()
    cells.isOwner = false
    return scripted(
      ({ deliver, sent, router }) =>
        Effect.gen(function* () {
          const verdicts: Array<DeliverVerdict> = []
          deliver(add, key, DIRECT_MS, (verdict) => verdicts.push(verdict))
          expect([offered.length, sent.length]).toEqual([0, 1])
          cells.isOwner = true
          router.ownerChanged(slot)
          expect([offered.length, sent.length]).toEqual([1, 1])
          offered[0]?.settle(accepted)
          expect(verdicts).toEqual([{ _tag: "Settled" }])
          yield* router.drain
        }),
      { cells },
    )
  })

  it("is decided by its cell, whatever a former owner says late", () => {
    const { offered, cells } = keeping()
    cells.isOwner = false
    return scripted(
      ({ deliver, sent, router }) =>
        Effect.sync(() => {
          const verdicts: Array<DeliverVerdict> = []
          deliver(add, key, DIRECT_MS, (verdict) => verdicts.push(verdict))
          cells.isOwner = true
          router.ownerChanged(slot)
          sent[0]?.onReply(refused(new Busy({ ...actor, queue: "Actor", limitCount: 1 })))
          expect([verdicts, offered[0]?.isSettled]).toEqual([[], false])
          offered[0]?.settle(Exit.succeed({ version: 1, sequence: 1, reply: null, duplicate: false }))
          expect(verdicts).toEqual([{ _tag: "Settled" }])
        }),
      { cells },
    )
  })

  it("is dropped by its cell after the deadline, where it has not been begun", () => {
    const { offered, cells } = keeping()
    return scripted(
      ({ deliver, sent }) =>
        Effect.gen(function* () {
          const verdicts: Array<DeliverVerdict> = []
          deliver(add, key, DIRECT_MS, (verdict) => verdicts.push(verdict))
          yield* TestClock.adjust(DIRECT_MS + 100)
          expect(verdicts).toMatchObject([{ _tag: "Later", why: "silent", mayBeThere: true }])
          expect(offered[0]?.isSettled).toBe(true)
          expect(sent).toEqual([])
        }),
      { cells },
    )
  })
})

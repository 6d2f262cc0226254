/** What the router knows of a command that it has sent to another node. */
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { describe, expect, it } from "vitest"
import { addressOf } from "../../../runtime/address/ActorAddress.ts"
import { Unavailable } from "../../../runtime/cell/AskError.ts"
import { WaitingCommand } from "../../../runtime/cell/Waiting.ts"
import { ShardMap } from "../../../runtime/cluster/ShardMap.ts"
import { commandOf } from "../../../runtime/command/Ask.ts"
import { encodeError, encodeReply } from "../../../runtime/router/AskWire.ts"
import { LOSS_REMEMBERED_MS } from "../../../runtime/router/LostOwners.ts"
import { makeRouter, type Router } from "../../../runtime/router/Router.ts"
import {
  RequestFailed,
  type RequestHandler,
  type TransportService,
} from "../../../runtime/transport/Transport.ts"
import { Counter } from "../../fixtures/memory/Counter.ts"
import { realDate } from "../../fixtures/time/RealDate.ts"

const SHARD_COUNT = 4

const shardMap = new ShardMap([Counter], SHARD_COUNT)
const address = addressOf(Counter.type, "c", SHARD_COUNT)
const slot = shardMap.all[shardMap.indexOf(address.type, address.shard) ?? -1]?.slot ?? ""

const routed = async (
  check: (
    sent: Array<RequestHandler>,
    item: WaitingCommand,
    router: Router,
    requests: ReadonlyArray<unknown>,
  ) => Effect.Effect<void>,
  cutOff: () => string | undefined = () => undefined,
  takes: () => boolean = () => false,
) => {
  const sent: Array<RequestHandler> = []
  const requests: Array<unknown> = []
  const transport: TransportService = {
    messageBytesMax: 1_000_000,
    send: (_subject, request, _timeoutMs, handler) => {
      sent.push(handler)
      requests.push(JSON.parse(new TextDecoder().decode(request)))
      return () => undefined
    },
    serve: () => Effect.void,
    disconnectedAtMs: () => 0,
    refusedCount: () => 0,
  }
  const command = commandOf(Counter, address, { type: "Add", by: 1 }, {}, () => "once")
  const item = new WaitingCommand(command, undefined, () => undefined)
  const program = Effect.gen(function* () {
    const router = yield* makeRouter(transport, {
      shardMap,
      suspect: () => undefined,
      cutOff,
      cells: { takes, offer: () => undefined },
    })
    router.route(Counter, address, item)
    yield* check(sent, item, router, requests)
  })
  await Effect.runPromise(Effect.provide(Effect.scoped(program), realDate))
}

/** Lets time pass until so many requests were sent. */
const untilSent = (sent: ReadonlyArray<RequestHandler>, count: number) =>
  Effect.gen(function* () {
    while (sent.length < count) yield* TestClock.adjust(1)
    expect(sent).toHaveLength(count)
  })

const failure = (reason: RequestFailed["reason"]) => new RequestFailed({ reason, subject: "ask", detail: "" })

describe("a command that was sent to another node", () => {
  it("may be stored for as long as no answer has come, though nobody was there the first time", async () => {
    await routed((sent, item) =>
      Effect.gen(function* () {
        expect(item.wasSent).toBe(true)
        sent[0]?.onFailure(failure("NoResponders"))
        expect(item.wasSent).toBe(false)
        yield* untilSent(sent, 2)
        expect(item.wasSent).toBe(true)
      }),
    )
  })

  it("may still be stored when nobody is there the next time", async () => {
    await routed((sent, item) =>
      Effect.gen(function* () {
        sent[0]?.onFailure(failure("Disconnected"))
        yield* untilSent(sent, 2)
        sent[1]?.onFailure(failure("NoResponders"))
        expect(item.wasSent).toBe(true)
      }),
    )
  })
})

describe("when a shard has come to another owner", () => {
  const stored = encodeReply({ accepted: { version: 1, sequence: 1, reply: null, duplicate: false } })

  it("the next owner is asked at once, by those who wait for an answer of the former one", async () => {
    await routed((sent, item, { ownerChanged }) =>
      Effect.sync(() => {
        ownerChanged("another")
        expect(sent).toHaveLength(1)
        ownerChanged(slot)
        expect(sent).toHaveLength(2)
        // The former owner is not asked again, whatever became of that.
        sent[0]?.onFailure(failure("Timeout"))
        sent[0]?.onReply(encodeReply({ moved: true }))
        sent[0]?.onFailure(failure("NoResponders"))
        expect(item.wasSent).toBe(true)
        expect(sent).toHaveLength(2)
      }),
    )
  })

  it("those who pause ask at once, and once", async () => {
    await routed((sent, _item, { ownerChanged, counts }) =>
      Effect.gen(function* () {
        sent[0]?.onFailure(failure("NoResponders"))
        ownerChanged(slot)
        expect(sent).toHaveLength(2)
        yield* TestClock.adjust("1 minute")
        expect(sent).toHaveLength(2)
        expect(counts).toEqual({ sentCount: 2, retriedCount: 1 })
      }),
    )
  })

  it("a refusal of the former owner is no end, because the next one may store it", async () => {
    const { type: actorType, id } = address
    const detail = "the journal is full"
    const refused = encodeReply({
      error: encodeError(new Unavailable({ actorType, id, stored: "No", detail, hint: "" })),
    })
    await routed((sent, item, { ownerChanged }) =>
      Effect.sync(() => {
        ownerChanged(slot)
        sent[0]?.onReply(refused)
        expect([item.isSettled, item.wasSent]).toEqual([false, true])
        sent[1]?.onReply(stored)
        expect(item.isSettled).toBe(true)
      }),
    )
  })

  it("a refusal of the former owner is no end where this node has taken the shard", async () => {
    const { type: actorType, id } = address
    const refused = encodeReply({
      error: encodeError(new Unavailable({ actorType, id, stored: "No", detail: "full", hint: "" })),
    })
    let isHere = false
    await routed(
      (sent, item, { ownerChanged }) =>
        Effect.sync(() => {
          isHere = true
          ownerChanged(slot)
          expect(sent).toHaveLength(1)
          sent[0]?.onReply(refused)
          expect([item.isSettled, item.wasSent]).toEqual([false, true])
        }),
      undefined,
      () => isHere,
    )
  })

  it("an answer of the former owner is as good as any", async () => {
    await routed((sent, item, { ownerChanged }) =>
      Effect.sync(() => {
        ownerChanged(slot)
        sent[0]?.onReply(stored)
        expect(item.isSettled).toBe(true)
      }),
    )
  })
})

describe("what keeps an answer away", () => {
  it("is that the shard moves, or why the node that was asked has nothing", async () => {
    await routed((sent, item) =>
      Effect.gen(function* () {
        sent[0]?.onReply(encodeReply({ moved: true }))
        expect(item.trouble).toBe("its shard is moving from one node to another")
        yield* untilSent(sent, 2)
        sent[1]?.onReply(encodeReply({ moved: true, why: "its lease was not renewed: disk full" }))
        expect(item.trouble).toBe("its lease was not renewed: disk full")
      }),
    )
  })

  it("is why this node has nothing, whatever others say, for as long as that is so", async () => {
    let why: string | undefined = "its lease was not renewed: disk full"
    await routed(
      (sent, item) =>
        Effect.gen(function* () {
          expect(item.trouble).toBe(why)
          sent[0]?.onReply(encodeReply({ moved: true }))
          expect(item.trouble).toBe(why)
          why = undefined
          yield* untilSent(sent, 2)
          sent[1]?.onReply(encodeReply({ moved: true }))
          expect(item.trouble).toBe("its shard is moving from one node to another")
        }),
      () => why,
    )
  })
})

describe("FAULT 83: a command whose owner goes silent and loses its shard", () => {
  /** An attempt gets no answer, and while the next one waits the slot comes to another owner. */
  const loseOwner = (sent: Array<RequestHandler>, ownerChanged: Router["ownerChanged"], wasLost = true) =>
    Effect.gen(function* () {
      const before = sent.length
      sent.at(-1)?.onFailure(failure("Timeout"))
      yield* untilSent(sent, before + 1)
      ownerChanged(slot, wasLost)
    })

  it("is given to one other, and to no third", async () => {
    await routed((sent, item, { ownerChanged }) =>
      Effect.gen(function* () {
        yield* loseOwner(sent, ownerChanged)
        expect(item.isSettled).toBe(false)
        yield* loseOwner(sent, ownerChanged)
        expect(item.isSettled).toBe(true)
        expect(item.mayBeStored).toBe(true)
      }),
    )
  })

  it("is not taken by the node that asks either, once the shard comes to it", async () => {
    let [isOwner, takenCount] = [false, 0]
    const takes = () => {
      if (isOwner) takenCount++
      return isOwner
    }
    await routed(
      (sent, item, router) =>
        Effect.gen(function* () {
          yield* loseOwner(sent, router.ownerChanged)
          expect(router.withheld(address, item)).toBeUndefined()
          const before = sent.length
          sent.at(-1)?.onFailure(failure("Timeout"))
          yield* untilSent(sent, before + 1)
          isOwner = true
          router.ownerChanged(slot, true)
          expect(takenCount).toBe(0)
          expect(item.isSettled).toBe(true)
          expect(router.withheld(address, item)).toMatchObject({ _tag: "Unavailable", stored: "Unknown" })
          yield* TestClock.adjust(LOSS_REMEMBERED_MS + 1)
          expect(router.withheld(address, item)).toBeUndefined()
        }),
      undefined,
      takes,
    )
  })

  it("says so to the other one, and is remembered when it is asked again under its id", async () => {
    await routed((sent, item, router, requests) =>
      Effect.gen(function* () {
        yield* loseOwner(sent, router.ownerChanged)
        expect(requests.at(-1)).toMatchObject({ id: "once", lost: 1 })
        yield* loseOwner(sent, router.ownerChanged)
        const count = sent.length
        const refused: Array<unknown> = []
        const again = () => {
          router.route(
            Counter,
            address,
            new WaitingCommand(item.command, undefined, (exit) => refused.push(exit)),
          )
        }
        again()
        expect(sent.length).toBe(count)
        expect(JSON.stringify(refused)).toContain("went silent and lost its shard")
        expect(JSON.stringify(refused)).toContain('"stored":"Unknown"')
        yield* TestClock.adjust(LOSS_REMEMBERED_MS + 1)
        again()
        expect(sent.length).toBe(count + 1)
      }),
    )
  })

  it("goes on from owner to owner where they hand the shard over, or nobody was there", async () => {
    await routed((sent, item, { ownerChanged }) =>
      Effect.gen(function* () {
        for (let count = 0; count < 4; count++) yield* loseOwner(sent, ownerChanged, false)
        for (let count = 0; count < 4; count++) ownerChanged(slot, true)
        expect(item.isSettled).toBe(false)
      }),
    )
  })

  it("counts a node that was held up over its own command", async () => {
    await routed((sent, item, router, requests) =>
      Effect.gen(function* () {
        const own = new WaitingCommand(item.command, undefined, () => undefined)
        router.route(Counter, address, own, true)
        expect(requests.at(-1)).toMatchObject({ id: "once", lost: 1 })
        const before = sent.length
        sent.at(-1)?.onFailure(failure("Timeout"))
        yield* untilSent(sent, before + 1)
        router.ownerChanged(slot, true)
        expect(own.isSettled).toBe(true)
      }),
    )
  })

  it("is forgotten when it is answered", async () => {
    await routed((sent, item, router, requests) =>
      Effect.gen(function* () {
        yield* loseOwner(sent, router.ownerChanged)
        const accepted = { version: 1, sequence: 1, reply: undefined, duplicate: false }
        sent.at(-1)?.onReply(encodeReply({ accepted }))
        expect(item.isSettled).toBe(true)
        router.route(Counter, address, new WaitingCommand(item.command, undefined, () => undefined))
        expect(requests.at(-1)).not.toHaveProperty("lost")
      }),
    )
  })
})

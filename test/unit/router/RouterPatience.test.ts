/** How often, and how patiently, the router asks again. */
import { Effect, Exit } from "effect"
import { expect, it } from "vitest"
import { addressOf } from "../../../runtime/address/ActorAddress.ts"
import { WaitingRead } from "../../../runtime/cell/Waiting.ts"
import { ShardMap } from "../../../runtime/cluster/ShardMap.ts"
import { LocalCells } from "../../../runtime/router/LocalCells.ts"
import { makeRouter } from "../../../runtime/router/Router.ts"
import { RequestFailed, type TransportService } from "../../../runtime/transport/Transport.ts"
import { Counter } from "../../fixtures/memory/Counter.ts"
import { eventually } from "../../fixtures/memory/MemorySystem.ts"

/** A transport on which every request fails, with the next of `reasons`; how long each was given. */
const failing = (reasons: ReadonlyArray<RequestFailed["reason"]>) => {
  const timeouts: Array<number> = []
  const transport: TransportService = {
    messageBytesMax: 1_000_000,
    disconnectedAtMs: () => Number.NEGATIVE_INFINITY,
    refusedCount: () => 0,
    serve: () => Effect.void,
    send: (subject, _request, timeoutMs, { onFailure }) => {
      const reason = reasons[timeouts.length]
      timeouts.push(timeoutMs)
      if (reason !== undefined) onFailure(new RequestFailed({ reason, subject, detail: "as scripted" }))
      return () => undefined
    },
  }
  return { transport, timeouts }
}

it("gives an answer more time after none came, and not because a shard was on its way", () =>
  Effect.runPromise(
    Effect.scoped(
      Effect.gen(function* () {
        const { transport, timeouts } = failing([
          "NoResponders",
          "NoResponders",
          "NoResponders",
          "Timeout",
          "NoResponders",
          "Timeout",
          "Timeout",
        ])
        const router = yield* makeRouter(transport, {
          shardMap: new ShardMap([Counter], 8),
          suspect: () => undefined,
          cutOff: () => undefined,
          cells: new LocalCells(),
        })
        const item = new WaitingRead(() => undefined)
        router.route(Counter, addressOf("counter", "c", 8), item)
        yield* Effect.promise(() => eventually(() => timeouts.length === 8))
        expect(timeouts).toEqual([1_000, 1_000, 1_000, 1_000, 2_000, 2_000, 2_000, 2_000])
        expect(router.counts).toEqual({ sentCount: 8, retriedCount: 7 })
        item.settle(Exit.interrupt())
      }),
    ),
  ))

/** Watches of a client, which has no view of the cluster: they find the next owner of a shard whose owner was killed. */
import { Effect, Exit, Scope } from "effect"
import { TestClock } from "effect/testing"
import { expect, it } from "vitest"
import { addressOf } from "../../../runtime/address/ActorAddress.ts"
import { ShardMap } from "../../../runtime/cluster/ShardMap.ts"
import { LocalCells } from "../../../runtime/router/LocalCells.ts"
import { makeRouter } from "../../../runtime/router/Router.ts"
import { makeWatchRoutes, WATCH_HOLD_MS, type WatchRoutes } from "../../../runtime/router/WatchRoute.ts"
import type { TransportService } from "../../../runtime/transport/Transport.ts"
import { makeTransportMemory } from "../../../runtime/transport/TransportMemory.ts"
import { Counter } from "../../fixtures/memory/Counter.ts"
import { realDate } from "../../fixtures/time/RealDate.ts"

const SHARD_COUNT = 4
const shardMap = new ShardMap([Counter], SHARD_COUNT)
const ids = Array.from({ length: 40 }, (_, index) => `c-${index}`)
const { shard } = addressOf(Counter.type, "c-0", SHARD_COUNT)
const addresses = ids
  .map((id) => addressOf(Counter.type, id, SHARD_COUNT))
  .filter((address) => address.shard === shard)
const subject = shardMap.all[shardMap.indexOf(Counter.type, shard) ?? -1]?.askSubject ?? ""

/** An owner to which nothing happens: it holds each request for its time. Returns the keys that it was asked for. */
const owner = (transport: TransportService): Effect.Effect<ReadonlyArray<string>, never, Scope.Scope> =>
  Effect.gen(function* () {
    const asked: Array<string> = []
    const scope = yield* Effect.scope
    const fork = Effect.runForkWith(yield* Effect.context<never>())
    yield* transport
      .serve(subject, (request, reply) => {
        const { to, ms } = JSON.parse(new TextDecoder().decode(request))
        asked.push(to)
        const held = Effect.andThen(
          Effect.sleep(ms),
          Effect.sync(() => reply(new TextEncoder().encode('{"changes":[]}'))),
        )
        fork(Effect.forkIn(held, scope))
      })
      .pipe(Effect.orDie)
    return asked
  })

const watchForever = (routes: WatchRoutes, address: (typeof addresses)[number], isFirst = true): void => {
  routes.next(Counter, address, { kind: "changes", at: 0, sequence: 0 }, isFirst, (exit) => {
    if (Exit.isSuccess(exit)) watchForever(routes, address, false)
  })
}

it("ask a killed owner's successor long before the killed one should have answered", () =>
  Effect.runPromise(
    Effect.gen(function* () {
      const transport = yield* makeTransportMemory
      const cells = new LocalCells()
      const options = { shardMap, suspect: () => undefined, cutOff: () => undefined, cells, isClient: true }
      const router = yield* makeRouter(transport, options)
      const routes = makeWatchRoutes({ shardMap, router, cells, feeds: undefined, isRead: () => true })
      const life = yield* Scope.make()
      const first = yield* Scope.provide(owner(transport), life)
      for (const address of addresses) watchForever(routes, address)
      yield* TestClock.adjust(1_500)
      expect(new Set(first).size).toBe(addresses.length)
      // All of them wait for up to ten seconds now, but for one.
      yield* TestClock.adjust(500)
      yield* Scope.close(life, Exit.void)
      yield* TestClock.adjust(1_500)
      const next = yield* owner(transport)
      const beforeMs = WATCH_HOLD_MS / 2
      yield* TestClock.adjust(beforeMs)
      expect(new Set(next)).toEqual(new Set(addresses.map(({ key }) => key)))

      // Nobody else is asked more often for that.
      const askedCount = next.length
      yield* TestClock.adjust(WATCH_HOLD_MS)
      expect(next.length - askedCount).toBeLessThanOrEqual(addresses.length + WATCH_HOLD_MS / 2_000)
      routes.end()
    }).pipe(Effect.scoped, Effect.provide(realDate)),
  ))

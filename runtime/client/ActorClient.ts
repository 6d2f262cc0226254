/**
 * A client of a system: asks, tells and reads actors that nodes of the system host, and hosts nothing itself.
 *
 * Owns the work in flight: its limit, and that closing waits for it. A client is no member, so it has no
 * lease and no slots. It finds the owner of an actor's shard by asking (../router/Router.ts). This is the
 * Effect face; the promise face is ../promise/ActorClient.ts.
 */
import { Context, Effect, Exit, Latch, Layer, type Scope } from "effect"
import { Busy, Unavailable } from "../cell/AskError.ts"
import { IN_FLIGHT_MAX } from "../cell/Cells.ts"
import type { InFlight, Waiting } from "../cell/Waiting.ts"
import { ShardMap } from "../cluster/ShardMap.ts"
import { makeIds } from "../command/CommandIds.ts"
import type { AnyActor } from "../definition/Actor.ts"
import type { InvalidDefinition } from "../definition/InvalidDefinition.ts"
import { Health, type Unhealthy } from "../health/Health.ts"
import { Journal, type JournalReadError } from "../journal/Journal.ts"
import { Mailbox } from "../mailbox/Mailbox.ts"
import { LocalCells } from "../router/LocalCells.ts"
import { makeRouter, type Router } from "../router/Router.ts"
import { makeWatchRoutes } from "../router/WatchRoute.ts"
import type { AnySaga } from "../saga/AnySaga.ts"
import { type ActorRefs, makeActorRefs } from "../system/ActorRef.ts"
import type { RefContext } from "../system/Asker.ts"
import { definitionsOf } from "../system/Definitions.ts"
import { PastStates } from "../system/PastStates.ts"
import { SYSTEM_DEFAULTS } from "../system/SystemSettings.ts"
import { makeClientTells } from "../system/Tell.ts"
import { traces } from "../system/Traced.ts"
import { makeDeadlineWheel } from "../time/DeadlineWheel.ts"
import { Transport } from "../transport/Transport.ts"

/** What a client asks, and how long it waits. */
export interface ClientOptions {
  /** Definitions of the actors that the client asks, with the same `nodeLabel` as on the nodes. */
  readonly actors: ReadonlyArray<AnyActor>
  readonly sagas?: ReadonlyArray<AnySaga>
  /** Longest time of an ask, in milliseconds; default 5,000. */
  readonly askDeadlineMs?: number
  /** Longest time for which `close` waits for the work in flight, in milliseconds; default 10,000. */
  readonly drainMs?: number
}

/** Status of a client. */
export interface ClientStatus {
  /** Number of asks and reads that wait for their answer. */
  readonly inFlightCount: number
  /** Number of requests to nodes since the start, and how many of them were repeats. */
  readonly routed: Router["counts"]
}

/** What a client offers: refs to the actors that nodes host, and its status. */
export interface ActorClientService extends ActorRefs {
  readonly status: Effect.Effect<ClientStatus>
  /**
   * Succeeds while the journal is reachable and is the journal that was found at the start, and the mailbox
   * exists and takes messages. Does not check nodes.
   */
  readonly check: Effect.Effect<void, JournalReadError | Unhealthy>
  /** Takes no new work and waits for the work in flight, at most `drainMs`; safe to call twice. */
  readonly close: Effect.Effect<void>
}

/** A client of a system, as a service. It asks actors and hosts none. */
export class ActorClient extends Context.Service<ActorClient, ActorClientService>()(
  "everstate/client/ActorClient",
) {
  /**
   * A client with the given ports, for a journal of `shardCount` shards. The end of the layer's scope closes
   * it.
   */
  static readonly layer = (
    options: ClientOptions & { readonly shardCount: number },
  ): Layer.Layer<ActorClient, InvalidDefinition, Journal | Mailbox | Transport> =>
    Layer.effect(ActorClient, makeActorClient(options))
}

const makeActorClient = Effect.fnUntraced(function* (
  options: ClientOptions & { readonly shardCount: number },
): Effect.fn.Return<ActorClientService, InvalidDefinition, Journal | Mailbox | Transport | Scope.Scope> {
  const { shardCount, askDeadlineMs = SYSTEM_DEFAULTS.askDeadlineMs } = options
  const { drainMs = SYSTEM_DEFAULTS.drainMs } = options
  const { actors } = yield* definitionsOf(options)
  const journal = yield* Journal
  const health = yield* Health
  const underWay = new UnderWay()
  let isClosed = false
  const shardMap = new ShardMap(actors.values(), shardCount)
  const cells = new LocalCells()
  const router = yield* makeRouter(yield* Transport, {
    shardMap,
    // Nodes watch each other; a client only tries again.
    suspect: () => undefined,
    cutOff: () => undefined,
    cells,
    isClient: true,
  })
  const routes = makeWatchRoutes({ shardMap, router, cells, feeds: undefined, isRead: () => false })
  const wheel = yield* makeDeadlineWheel
  const nextCommandId = yield* makeIds
  const tells = yield* makeClientTells({ mailbox: yield* Mailbox, wheel, askDeadlineMs, nextCommandId })
  const context: RefContext = {
    cells: {
      offer: (definition, address, item) => {
        const { type: actorType, id } = address
        if (underWay.count >= IN_FLIGHT_MAX) {
          const limitCount = IN_FLIGHT_MAX
          return item.settle(Exit.fail(new Busy({ actorType, id, queue: "System", limitCount })))
        }
        underWay.add(item, () => new Unavailable({ actorType, id, ...closedMeanwhile }))
        router.route(definition, address, item)
      },
    },
    routes,
    journal,
    past: new PastStates(),
    tells,
    wheel,
    shardCount,
    askDeadlineMs,
    knows: (actor) => actors.get(actor.type) === actor,
    nextCommandId,
    isStopped: () => isClosed,
    trace: (yield* traces).context,
  }
  const close = Effect.suspend(() => {
    isClosed = true
    routes.end()
    return underWay.ended.pipe(
      Effect.timeoutOption(drainMs),
      Effect.andThen(Effect.sync(() => underWay.cutOff())),
    )
  })
  yield* Effect.addFinalizer(() => close)

  return {
    ...makeActorRefs(context),
    status: Effect.sync(() => ({ inFlightCount: underWay.count, routed: { ...router.counts } })),
    check: Effect.andThen(journal.check, health.check),
    close,
  }
})

const closedMeanwhile = {
  stored: "Unknown",
  detail: "the client was closed before there was an answer",
  hint: "Ask again with the same commandId.",
} as const

/** Asks and reads that wait for their answer. */
class UnderWay {
  readonly #items = new Map<Waiting, () => Unavailable>()
  readonly #isEmpty = Latch.makeUnsafe(true)

  get count(): number {
    return this.#items.size
  }

  /** Completes when nothing waits. */
  get ended(): Effect.Effect<void> {
    return Effect.asVoid(this.#isEmpty.await)
  }

  add(item: Waiting, ifCutOff: () => Unavailable): void {
    if (item.isSettled) return
    this.#items.set(item, ifCutOff)
    this.#isEmpty.closeUnsafe()
    item.countIn(
      new Ticket(() => {
        this.#items.delete(item)
        if (this.#items.size === 0) this.#isEmpty.openUnsafe()
      }),
    )
  }

  /** Fails all waiting items, because no answer will come. */
  cutOff(): void {
    for (const [item, why] of [...this.#items]) item.settle(Exit.fail(why()))
  }
}

/** Counts one item, and reports when it is settled. */
class Ticket implements InFlight {
  readonly #settled: () => void
  #count = 0

  constructor(settled: () => void) {
    this.#settled = settled
  }

  get count(): number {
    return this.#count
  }

  set count(count: number) {
    this.#count = count
    if (count === 0) this.#settled()
  }
}

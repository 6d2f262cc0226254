/**
 * A remote straight on NATS and Postgres without definitions: a gateway in this process, on a system that has none
 * (infra/raw).
 *
 * Owns what needs definitions, and what is shown of an actor when no node that hosts it answers.
 */
import { Effect, Scope, Semaphore, Stream } from "effect"
import { shownServers } from "../nats/connection/ServerAddresses.ts"
import { projectionDocuments } from "../raw/RawProjections.ts"
import { type RawSystem, rawStores, rawSystem } from "../raw/RawSystem.ts"
import { innerGateway } from "./InnerGateway.ts"
import { needsDefinitions, needsReactor } from "./NeedsDefinitions.ts"
import { newestCommit } from "./NewestCommit.ts"
import { openJournal } from "./OpenJournal.ts"
import type { Document, FollowedEvent, Order, Query, Remote } from "./Remote.ts"
import { VerbFailed, verbFailureOf } from "./VerbFailed.ts"

interface StoresPlace {
  readonly nats: string
  readonly postgres: string
  readonly namespace: string
}

/** The system as far as it is known, and the gateway on it. */
interface Opened extends RawSystem {
  readonly gateway: Remote
}

export const remoteStores = Effect.fnUntraced(function* ({
  nats,
  postgres,
  namespace,
}: StoresPlace): Effect.fn.Return<Remote, VerbFailed, Scope.Scope> {
  const where = shownServers(nats).join(",")
  const open = yield* openJournal(nats, namespace)
  const stores = yield* Effect.mapError(rawStores(open, namespace, postgres), verbFailureOf)
  const scope = yield* Effect.scope
  const turn = yield* Semaphore.make(1)
  let opened: Opened | undefined

  /** Opened by the first request, which says what the verb is about. */
  const openedFor = (path: string): Effect.Effect<Opened, VerbFailed> =>
    Effect.gen(function* () {
      if (opened !== undefined) return opened
      const system = yield* rawSystem(open, namespace, {
        type: wordsOf(path).type,
        projections: path.startsWith("/projections"),
      })
      opened = { ...system, gateway: yield* innerGateway(system.service, where) }
      return opened
    }).pipe(Scope.provide(scope), Effect.provide(stores), Effect.mapError(verbFailureOf), turn.withPermit)

  const projections = ({ service, told }: RawSystem): Effect.Effect<Document, VerbFailed> =>
    projectionDocuments(service, told, open.journal.partitionCount).pipe(
      Effect.map((items) => ({ items })),
      Effect.provide(stores),
      Effect.mapError(verbFailureOf),
    )

  /** An actor or saga: as a node tells, or as its newest commit does while no node answers. */
  const one = Effect.fnUntraced(function* (path: string, system: Opened) {
    const { type = "", id = "" } = wordsOf(path)
    if (isHosted(system, type) === false) return yield* newestCommit(open, type, id, `No node hosts ${type}`)
    // The question itself would wait for another node to take the shard.
    if (yield* system.haveHostsEnded(type)) {
      return yield* newestCommit(open, type, id, `Every node that hosts ${type} has ended`)
    }
    return yield* system.gateway.get(path).pipe(
      Effect.map(withoutTags),
      Effect.catchIf(
        ({ exit }) => exit === "unavailable",
        () => newestCommit(open, type, id, `No node that hosts ${type} answers`),
      ),
    )
  })

  const get = Effect.fnUntraced(function* (path: string, query: Query = {}) {
    yield* answerable(path, query)
    const system = yield* openedFor(path)
    if (query["quarantined"] !== undefined) yield* someNodeAnswers(system)
    if (path === "/projections") return yield* projections(system)
    return yield* isOne(path) ? one(path, system) : system.gateway.get(path, query)
  })

  /** Reason of the letters that the order redrives; `undefined` if it redrives none. */
  const redriven = ({ path, body }: Order, { service }: RawSystem): Effect.Effect<string | undefined> => {
    const { verb, reason } = Object(body) as { readonly verb?: string; readonly reason?: string }
    const [, number] = REDRIVEN.exec(path) ?? []
    if (number === undefined) return Effect.succeed(verb === "redrive" ? reason : undefined)
    // A letter that is not there is for the order itself to report.
    return service.deadLetters.show(Number(number)).pipe(
      Effect.map((letter) => letter.reason),
      Effect.orElseSucceed(() => undefined),
    )
  }

  const send = Effect.fnUntraced(function* (order: Order) {
    yield* answerable(order.path, order.query)
    const system = yield* openedFor(order.path)
    const { type = "" } = wordsOf(order.path)
    const isAsked = order.query?.["via"] !== "tell" && !order.path.startsWith("/types/")
    if (isAsked && isHosted(system, type) === false) return yield* notHosted(type)
    const refusal = needsReactor(yield* redriven(order, system))
    return yield* refusal ?? system.gateway.send(order)
  })

  return {
    where,
    endsWithVerb: true,
    get,
    send,
    follow: (path, query = {}) =>
      Stream.unwrap(
        Effect.gen(function* () {
          yield* answerable(path, query)
          const system = yield* openedFor(path)
          const { type = "" } = wordsOf(path)
          if (isHosted(system, type) === false) return yield* notHosted(type)
          return Stream.map(system.gateway.follow(path, query), ({ kind, data }): FollowedEvent => {
            return { kind, data: withoutTags(data) }
          })
        }),
      ),
  }
})

/** Words of a path that names a type, and an actor or saga of it. */
const wordsOf = (path: string): { readonly type?: string; readonly id?: string } => {
  const [, group, type, id] = path.split("/").map(decodeURIComponent)
  if (group !== "actors" && group !== "sagas" && group !== "types") return {}
  return { ...(type === undefined ? {} : { type }), ...(id === undefined ? {} : { id }) }
}

/** Fails if the request needs definitions. */
const answerable = (path: string, query: Query = {}): Effect.Effect<void, VerbFailed> => {
  const refusal = needsDefinitions(path, query)
  return refusal === undefined ? Effect.void : Effect.fail(refusal)
}

/** Whether a node hosts the type; `undefined` for a type that is not known. */
const isHosted = ({ types }: RawSystem, type: string): boolean | undefined =>
  types.find((each) => each.type === type)?.isHosted

/** Fails if no node says which actors it holds in quarantine: then it is not known that there are none. */
const someNodeAnswers = Effect.fnUntraced(function* ({ service }: RawSystem) {
  const { members } = yield* service.cluster.status
  if (members.some(({ load }) => load !== undefined)) return
  return yield* new VerbFailed({
    exit: "unavailable",
    what: "No node answers, and only nodes know which actors are in quarantine.",
    hint: "Start a node, or leave out --quarantined.",
  })
})

/** The failure of a command that no node can take. */
const notHosted = (type: string): VerbFailed =>
  new VerbFailed({
    exit: "unavailable",
    what: `No node hosts ${type} now.`,
    hint: "Start one, or store a command for later with `everstate actors tell`.",
    facts: { status: UNAVAILABLE },
  })

/** Status of a problem whose command is not stored. */
const UNAVAILABLE = 503

const isOne = (path: string): boolean => /^\/(actors|sagas)\/[^/]+\/[^/]+$/.test(path)

/** Only a machine knows tags: the gateway finds none. */
const withoutTags = ({ tags: _tags, ...document }: Document): Document => document

const REDRIVEN = /^\/dead-letters\/(\d+)\/redrive$/

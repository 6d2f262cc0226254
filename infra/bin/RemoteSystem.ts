/**
 * A remote straight on NATS and Postgres, with the definitions of a module: a gateway in this process, on a
 * system that takes part in the cluster for as long as the verb runs.
 *
 * Owns that system. Its weight is so small that it takes no work from running nodes; where no node is up, it
 * is the node.
 */
import { Context, Effect, Layer, type Scope } from "effect"
import { ActorSystem, layer } from "../effect.ts"
import { reactorDocument } from "../gateway/FollowerDocuments.ts"
import { shownServers } from "../nats/connection/ServerAddresses.ts"
import { loadDefinitions } from "./DefinitionModule.ts"
import { innerGateway } from "./InnerGateway.ts"
import type { Remote } from "./Remote.ts"
import { type VerbFailed, verbFailureOf } from "./VerbFailed.ts"

/** Weight of the node, so small that it gets next to no slots. */
const WEIGHT = 0.001

export interface SystemPlace {
  readonly nats: string
  readonly postgres: string
  readonly namespace: string
  readonly module: string | undefined
}

export const remoteSystem = Effect.fnUntraced(function* ({
  nats,
  postgres,
  namespace,
  module,
}: SystemPlace): Effect.fn.Return<Remote, VerbFailed, Scope.Scope> {
  const { definitions } = yield* loadDefinitions(module)
  // Reactors are read and not run: a verb must not start one that no node has had yet.
  const { actors, sagas, projections, reactors } = definitions
  const node = { name: `everstate-${process.pid}`, weight: WEIGHT }
  // On Effects, so that it logs as this command does.
  const services = yield* Effect.mapError(
    Layer.build(layer({ nats, postgres, namespace, actors, sagas, projections, node })),
    verbFailureOf,
  )
  const system = Context.get(services, ActorSystem)
  const remote = yield* innerGateway(system, shownServers(nats).join(","))
  const reactorPage = Effect.gen(function* () {
    const cluster = yield* system.cluster.status
    const items = yield* Effect.forEach(reactors, (one) => reactorDocument(system, one, undefined, cluster), {
      concurrency: "unbounded",
    })
    return { items }
  })
  return {
    ...remote,
    get: (path, query) => (path === "/reactors" ? reactorPage : remote.get(path, query)),
  }
})

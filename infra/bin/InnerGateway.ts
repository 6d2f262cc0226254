/**
 * A gateway in this process, for verbs that work straight on NATS and Postgres.
 *
 * Owns the way to it: nothing listens. Its end is the end of the verb.
 */
import { Effect, type Scope } from "effect"
import type { ActorSystemService } from "../../runtime/system/ActorSystem.ts"
import { everybody } from "../gateway/Access.ts"
import { makeGateway } from "../http.ts"
import type { Remote } from "./Remote.ts"
import { remoteHttp } from "./RemoteHttp.ts"

/** Address by which the gateway in this process knows its requests; nothing listens there. */
const INNER_URL = "http://localhost"

/** A remote on a gateway of the system, until the scope ends. */
export const innerGateway = (
  system: ActorSystemService,
  where: string,
): Effect.Effect<Remote, never, Scope.Scope> =>
  Effect.acquireRelease(
    // Who may use NATS and Postgres may do everything. The name of the user is a header of the verbs.
    Effect.sync(() => makeGateway(system, { authorize: everybody })),
    (gateway) => Effect.promise(() => gateway.close()),
  ).pipe(
    Effect.map((gateway) => ({
      ...remoteHttp({ url: INNER_URL, token: undefined, fetch: gateway.fetch }),
      where,
      endsWithVerb: true,
    })),
  )

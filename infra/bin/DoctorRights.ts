/** What `everstate doctor` says of the rights of its user on NATS: those of a service, and which of them lack. */
import { Effect } from "effect"
import type { NatsConnectionService } from "../nats/connection/NatsConnection.ts"
import { RIGHTS_HINT } from "../nats/connection/NatsErrors.ts"
import { lackingRights } from "../nats/stores/LackingRights.ts"
import { natsPermissionsOf, RIGHTS_SUBJECT } from "../nats/stores/NatsPermissions.ts"
import { counted, type Finding, fault, ok, unchecked } from "./Finding.ts"

/** Lacking rights that are named. */
const NAMED_MAX = 10

export const rightsFindings = Effect.fnUntraced(function* (
  connection: NatsConnectionService,
  namespace: string,
  streams: number,
): Effect.fn.Return<ReadonlyArray<Finding>> {
  const needed = natsPermissionsOf("service", { namespace, streams })
  const { lacking, untried, user } = yield* lackingRights(connection, needed)
  const about = "rights on NATS"
  const who = user === undefined ? "this user" : `user ${user}`
  const count = needed.publish.allow.length + needed.subscribe.allow.length - untried.length
  const checked =
    lacking.length === 0
      ? ok(
          about,
          `${who} has all ${counted(count, "right")} of a service${untried.length === 0 ? "" : " that can be tried out"}`,
        )
      : fault(about, `${who} lacks ${lackingText(lacking)}`, RIGHTS_HINT)
  if (untried.length === 0) return [checked]
  return [
    checked,
    unchecked(
      about,
      `${counted(untried.length, "right")} could change something if tried out, and so were not: ${untried.join(", ")}`,
      `Let the user publish on ${RIGHTS_SUBJECT}: then the server tells its rights exactly.`,
    ),
  ]
})

const lackingText = (lacking: ReadonlyArray<string>): string => {
  const more = lacking.length - NAMED_MAX
  const named = lacking.slice(0, NAMED_MAX).join(", ")
  return more > 0 ? `${named}, and ${more} more` : named
}

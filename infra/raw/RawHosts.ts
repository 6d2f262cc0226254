/**
 * The nodes that host a type, by their records. A node that was killed leaves its record, which other nodes remove.
 *
 * Owns telling that all of them have ended. Which types there are: RawTypes.ts.
 */
import { Effect } from "effect"
import { askMember } from "../../runtime/cluster/MemberRequests.ts"
import type { SeenRecords } from "../../runtime/cluster/SeenRecords.ts"
import type { TransportService } from "../../runtime/transport/Transport.ts"

/** Longest wait for a sign of life, in milliseconds. NATS says at once that nobody listens. */
const LIFE_MS = 250

/**
 * Whether every node that hosts the type has ended. A node that hangs has not: NATS knows of its connection, and its
 * answer is waited for.
 */
export const haveHostsEnded = (
  seen: SeenRecords,
  transport: TransportService,
  type: string,
): Effect.Effect<boolean> => {
  const hosts = Array.from(seen.members()).filter(([, { value }]) => Object.hasOwn(value.types, type))
  const hasEnded = (id: string) =>
    askMember(transport, id, { k: "ping" }, LIFE_MS).pipe(
      Effect.as(false),
      Effect.catch(({ reason }) => Effect.succeed(reason === "NoResponders")),
    )
  return Effect.map(
    Effect.forEach(hosts, ([id]) => hasEnded(id), { concurrency: "unbounded" }),
    (ended) => !ended.includes(false),
  )
}

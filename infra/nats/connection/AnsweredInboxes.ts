/**
 * The check of reply subjects: a node answers only below the inboxes of its namespace.
 *
 * A request names the subject of its reply, and the node publishes the reply with its own rights. Without the
 * check, a client could make a node write into the journal, the lease bucket or JetStream's API.
 */
import type { NatsConnectionService } from "./NatsConnection.ts"
import { inboxPrefixOf } from "./NatsRole.ts"

/** Wildcards and white space, which no client library puts into a reply subject. */
const unusual = /[\s*>]/

/** True if a node of the namespace answers on this reply subject. */
export const answersOn = (
  namespace: string,
  { inboxPrefixes }: Pick<NatsConnectionService, "inboxPrefixes">,
): ((reply: string) => boolean) => {
  const own = [inboxPrefixOf(namespace, "service"), inboxPrefixOf(namespace, "client")]
  const begins = [...new Set([...own, ...inboxPrefixes])].map((prefix) => `${prefix}.`)
  return (reply) => begins.some((begin) => reply.startsWith(begin)) && !unusual.test(reply)
}

/**
 * Which reply subjects a node answers: those below the inboxes of its namespace, and no others.
 *
 * Owns the check. A request names the subject of its reply, and the reply is published with the node's rights: without
 * the check, a client could have a node write into the journal, the lease bucket or JetStream's API.
 */

import type { NatsConnectionService } from "./NatsConnection.ts"
import { inboxPrefixOf } from "./NatsRole.ts"

/** No subject that a client library makes for a reply: a wildcard, or the end of a line of the protocol. */
const unusual = /[\s*>]/

/** Whether a node of the namespace answers on a reply subject. */
export const answersOn = (
  namespace: string,
  { inboxPrefixes }: Pick<NatsConnectionService, "inboxPrefixes">,
): ((reply: string) => boolean) => {
  const own = [inboxPrefixOf(namespace, "service"), inboxPrefixOf(namespace, "client")]
  const begins = [...new Set([...own, ...inboxPrefixes])].map((prefix) => `${prefix}.`)
  return (reply) => begins.some((begin) => reply.startsWith(begin)) && !unusual.test(reply)
}

/**
 * The kinds of users on NATS, and where the replies to each kind come.
 *
 * Each kind has replies under a prefix of its own, so that no client reads what another kind is answered. What each kind
 * may do: infra/nats/stores/NatsPermissions.ts.
 */

/**
 * `service`: a node. `creator`: a node that may create the streams, too; started once, before the services.
 * `client`: asks and tells actors (`ActorClient`). `events`: reads integration events.
 */
export const NATS_ROLES = ["service", "creator", "client", "events"] as const
export type NatsRole = (typeof NATS_ROLES)[number]

/** Prefix of the subjects of replies, unless the options of a connection name another one. */
export const inboxPrefixOf = (namespace: string, role: NatsRole): string =>
  role === "client" || role === "events" ? `_INBOX_${namespace}_${role}` : `_INBOX_${namespace}`

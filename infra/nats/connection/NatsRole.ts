/**
 * The kinds of users on NATS, and the subjects of their replies.
 *
 * Each kind has its replies under its own prefix, so that no client can read the replies to another kind. The
 * rights of each kind: infra/nats/stores/NatsPermissions.ts.
 */

/**
 * `service`: a node. `creator`: a node that may also create the streams; it is started once, before the
 * services. `client`: asks and tells actors (`ActorClient`). `events`: reads integration events.
 */
export const NATS_ROLES = ["service", "creator", "client", "events"] as const
export type NatsRole = (typeof NATS_ROLES)[number]

/** Prefix of reply subjects, unless the options of a connection name another one. */
export const inboxPrefixOf = (namespace: string, role: NatsRole): string =>
  role === "client" || role === "events" ? `_INBOX_${namespace}_${role}` : `_INBOX_${namespace}`

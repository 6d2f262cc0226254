/**
 * The rights of each kind of user on NATS: all that it needs, and nothing else.
 *
 * Owns the lists of subjects, and nats-server's configuration made of them
 * (docs/deployment/nats/accounts.conf; a test compares the two and runs a whole system with it). A new
 * request in an adapter needs its subject here. No user may purge, delete or restore a journal: only an operator
 * of the account may. The creator may change its settings.
 *
 * Each kind has its replies under its own prefix (NatsRole.ts).
 */
import type { NatsConnectionOptions } from "../connection/NatsConnection.ts"
import { inboxPrefixOf, NATS_ROLES, type NatsRole } from "../connection/NatsRole.ts"
import { NAMESPACE_PATTERN, STREAMS_DEFAULT, streamName } from "../journal/JournalSettings.ts"
import { legacyStreamName, mailboxStreamNames } from "../mailbox/MailboxStream.ts"

/** Subjects and wildcards; every other subject is denied. */
export interface NatsPermissions {
  readonly publish: { readonly allow: ReadonlyArray<string> }
  readonly subscribe: { readonly allow: ReadonlyArray<string> }
}

export interface NatsPermissionsOptions {
  readonly namespace: string
  /** `journal.streams`, 1 by default. */
  readonly streams?: number
}

/** Connection options of a user of this kind: its replies come under the prefix that its permissions name. */
export const connectionOf = (
  nats: string | NatsConnectionOptions,
  namespace: string,
  role: NatsRole,
): NatsConnectionOptions => ({
  // An invalid namespace is refused elsewhere, with a text.
  ...(NAMESPACE_PATTERN.test(namespace) ? { inboxPrefix: inboxPrefixOf(namespace, role) } : undefined),
  ...(typeof nats === "string" ? { servers: nats } : nats),
})

/** Subject on which nats-server tells a user its own rights. */
export const RIGHTS_SUBJECT = "$SYS.REQ.USER.INFO"

const api = (...calls: ReadonlyArray<string>): ReadonlyArray<string> => calls.map((call) => `$JS.API.${call}`)

const streamsOf = ({ namespace, streams = STREAMS_DEFAULT }: NatsPermissionsOptions) => ({
  journals: Array.from({ length: streams }, (_, partition) => streamName(namespace, streams, partition)),
  /** Name under which a journal with another number of streams is looked for before one is created. */
  otherJournal: streamName(namespace, streams === 1 ? STREAMS_DEFAULT + 1 : STREAMS_DEFAULT),
  mailbox: Object.values(mailboxStreamNames(namespace)),
  legacyMailbox: legacyStreamName(namespace),
  events: `${namespace}-events`,
  deadLetters: `${namespace}-deadletters`,
  checkpoints: `KV_${namespace}-checkpoints`,
  leases: `KV_${namespace}-cluster`,
})

const servicePublishes = (options: NatsPermissionsOptions): ReadonlyArray<string> => {
  const { namespace } = options
  const streams = streamsOf(options)
  const { journals, otherJournal, mailbox, legacyMailbox, events, deadLetters, checkpoints, leases } = streams
  const mailboxes = [...mailbox, legacyMailbox]
  const all = [...journals, otherJournal, ...mailboxes, events, deadLetters, checkpoints, leases]
  return [
    // Subjects that a node stores.
    ...["evt", "msg", "tmr", "due", "int", "dlq"].map((kind) => `${namespace}.${kind}.>`),
    `$KV.${namespace}-checkpoints.>`,
    `$KV.${namespace}-cluster.>`,
    // As long as nodes of the first release run: their mailbox, and a look at its receivers.
    `${namespace}.mbx.>`,
    `${namespace}.sch.>`,
    ...api(`CONSUMER.LIST.${legacyMailbox}`),
    // Requests between nodes, and replies to nodes and clients.
    `${namespace}.ask.>`,
    `${namespace}.node.>`,
    `${inboxPrefixOf(namespace, "service")}.>`,
    `${inboxPrefixOf(namespace, "client")}.>`,
    // Reading streams and their settings.
    ...all.flatMap((stream) => api(`STREAM.INFO.${stream}`)),
    ...[...journals, ...mailbox, deadLetters, checkpoints, leases].flatMap((stream) =>
      api(`STREAM.MSG.GET.${stream}`),
    ),
    ...[...journals, deadLetters, leases].flatMap((stream) => api(`DIRECT.GET.${stream}`)),
    // Following the journal with consumers that acknowledge nothing.
    ...journals.flatMap((stream) =>
      api(`CONSUMER.CREATE.${stream}.*`, `CONSUMER.MSG.NEXT.${stream}.*`, `CONSUMER.DELETE.${stream}.*`),
    ),
    // Receiving messages, and cancelling schedules.
    ...mailboxes.flatMap((stream) => [
      ...api(
        `CONSUMER.CREATE.${stream}.*`,
        `CONSUMER.INFO.${stream}.*`,
        `CONSUMER.MSG.NEXT.${stream}.*`,
        `CONSUMER.DELETE.${stream}.*`,
        `STREAM.PURGE.${stream}`,
      ),
      `$JS.ACK.${stream}.>`,
    ]),
    // Seeing its own rights (`everstate doctor`).
    RIGHTS_SUBJECT,
    // Removing a reactor's finished note, and a dead letter that was redriven or discarded.
    ...api(`STREAM.PURGE.${checkpoints}`, `STREAM.MSG.DELETE.${deadLetters}`),
  ]
}

const serviceSubscribes = ({ namespace }: NatsPermissionsOptions): ReadonlyArray<string> => [
  `${inboxPrefixOf(namespace, "service")}.>`,
  `${namespace}.ask.>`,
  `${namespace}.node.>`,
  `$KV.${namespace}-cluster.>`,
]

const permissions = (publish: ReadonlyArray<string>, subscribe: ReadonlyArray<string>): NatsPermissions => ({
  publish: { allow: publish },
  subscribe: { allow: subscribe },
})

/** The rights that a user of this kind needs; a test proves that they are enough. */
export const natsPermissionsOf = (role: NatsRole, options: NatsPermissionsOptions): NatsPermissions => {
  const { namespace } = options
  const streams = streamsOf(options)
  const { journals, otherJournal, mailbox, legacyMailbox, events, deadLetters, checkpoints, leases } = streams
  const inbox = `${inboxPrefixOf(namespace, role)}.>`
  switch (role) {
    case "service":
      return permissions(servicePublishes(options), serviceSubscribes(options))
    case "creator": {
      const created = [...journals, ...mailbox, events, deadLetters, checkpoints, leases]
      const creates = created.flatMap((stream) => api(`STREAM.CREATE.${stream}`))
      // A preparation marks stores of earlier releases with their journal (StoreMark.ts), and allows atomic
      // batches on their
      // journals.
      const marks = [...journals, ...mailbox, checkpoints].flatMap((stream) => api(`STREAM.UPDATE.${stream}`))
      return permissions([...servicePublishes(options), ...creates, ...marks], serviceSubscribes(options))
    }
    case "client":
      return permissions(
        [
          `${namespace}.ask.>`,
          `${namespace}.msg.>`,
          // Finding the system, and noticing that it was replaced.
          ...[...journals, otherJournal, ...mailbox, legacyMailbox].flatMap((stream) =>
            api(`STREAM.INFO.${stream}`),
          ),
          // As long as nodes of the first release run.
          `${namespace}.mbx.>`,
          ...api(`CONSUMER.LIST.${legacyMailbox}`),
        ],
        [inbox],
      )
    case "events":
      return permissions(
        [
          ...api(
            "INFO",
            `STREAM.INFO.${events}`,
            `CONSUMER.CREATE.${events}.>`,
            `CONSUMER.INFO.${events}.*`,
            `CONSUMER.MSG.NEXT.${events}.*`,
          ),
          `$JS.ACK.${events}.>`,
        ],
        [inbox, `${namespace}.int.>`],
      )
  }
}

const list = (subjects: ReadonlyArray<string>): string =>
  ["[", ...subjects.map((subject) => `            ${JSON.stringify(subject)}`), "          ]"].join("\n")

const userOf = (role: NatsRole, options: NatsPermissionsOptions): string => {
  const { publish, subscribe } = natsPermissionsOf(role, options)
  return `      {
        user: "${options.namespace}-${role}"
        password: $${role.toUpperCase()}_PASSWORD
        permissions: {
          publish: { allow: ${list(publish.allow)} }
          subscribe: { allow: ${list(subscribe.allow)} }
        }
      }`
}

/**
 * nats-server's configuration of an account with a user of each kind; passwords come from the environment.
 */
export const natsAccountsConf = (options: NatsPermissionsOptions): string => `\
# The account of the namespace "${options.namespace}" and the least that its users need.
# Made by infra/nats/stores/NatsPermissions.ts: change that, and run \`npx vitest run test/integration/deployment -u\`.
# Passwords: SERVICE_PASSWORD, CREATOR_PASSWORD, ... in the environment of nats-server, best as bcrypt hashes.

accounts {
  EVERSTATE {
    jetstream: enabled
    users: [
${NATS_ROLES.map((role) => userOf(role, options)).join("\n")}
    ]
  }
  # Looks after the servers; has no access to any subject of the account above.
  SYS {
    users: [ { user: "system", password: $SYSTEM_PASSWORD } ]
  }
}
system_account: SYS
`

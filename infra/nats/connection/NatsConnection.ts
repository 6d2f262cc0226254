/**
 * The one connection of a process to NATS. It lives as long as its scope.
 *
 * Owns connecting, endless reconnecting, the health that operators see, and the multiplexer that carries
 * requests. It buffers no publishes while the connection is lost: requests fail at once
 * (ReplyMultiplexer.ts).
 */
import {
  type ConnectionOptions,
  connect,
  createInbox,
  credsAuthenticator,
  errors,
  type NatsConnection as NatsClient,
  type NodeConnectionOptions,
  type PermissionViolationError,
  type Status,
} from "@nats-io/transport-node"
import { Context, Effect, Layer, Schema } from "effect"
import { errorClass } from "../../../runtime/error/EverstateError.ts"
import { makeDeadlineWheel } from "../../../runtime/time/DeadlineWheel.ts"
import { isRefusedUser, isSlowHandshake } from "./NatsErrors.ts"
import { makeReplyMultiplexer, type ReplyMultiplexer } from "./ReplyMultiplexer.ts"
import { type ServerAddresses, serversOf, shownServers } from "./ServerAddresses.ts"

/** Longest time for one attempt to connect. */
const connectTimeoutMs = 5_000

/** Pause between attempts on one server; the client adds up to 100 ms of jitter. */
const reconnectPauseMs = 250

/** Further attempts at a start if the handshake takes too long. */
const SLOW_HANDSHAKE_RETRIES = 5

/**
 * Refusals of the credentials in a row, without a connection between them, after which the connection is
 * closed.
 */
const REFUSALS_MAX = 2

/**
 * Interval of the client's pings. It drops a connection after two without an answer: it leaves a hung server
 * after 30 s.
 */
const pingIntervalMs = 10_000

/** Longest wait at closing until the server has taken the last messages. */
const closeFlushTimeoutMs = 1_000

/** Inbox prefix of a connection whose options name none. */
const INBOX_PREFIX_USUAL = "_INBOX"

/** Missing rights that are logged, each once. */
const complaintsMax = 100

/** How a process connects to NATS: addresses, credentials and TLS. */
export interface NatsConnectionOptions {
  /**
   * Addresses like `nats://127.0.0.1:4222`; for a cluster several, comma-separated or as a list. The
   * credentials in `nats://user:password@host`, URL-encoded, are used for all of them.
   */
  readonly servers: ServerAddresses
  /** Name of the connection in the server's monitoring. */
  readonly name?: string
  /** Contents of a `.creds` file. */
  readonly creds?: string
  readonly token?: string
  readonly user?: string
  readonly pass?: string
  readonly tls?: NodeConnectionOptions["tls"]
  /**
   * Prefix of the reply subjects, one token. The user needs the right to subscribe to `<prefix>.>`. By
   * default `_INBOX_<namespace>` for nodes and `_INBOX_<namespace>_client` for clients.
   */
  readonly inboxPrefix?: string
  /**
   * Inbox prefixes of clients that do not use `_INBOX_<namespace>_client`. A node answers a request only if
   * its reply subject is below the inboxes of the namespace, below the node's own prefix, or below one of
   * these.
   */
  readonly clientInboxPrefixes?: ReadonlyArray<string>
}

/** No server could be reached, or all servers refused the user. */
export class NatsUnavailable extends errorClass<NatsUnavailable>()(
  "NatsUnavailable",
  {
    reason: Schema.Literals(["Refused", "NotPermitted"]),
    servers: Schema.Array(Schema.String),
    detail: Schema.String,
    hint: Schema.String,
  },
  { kind: "transient", retry: "later" },
) {
  override get message(): string {
    return `NATS is unreachable at ${this.servers.join(", ")} (${this.reason}): ${this.detail}. ${this.hint}`
  }
}

/** State of the connection. `closed` is final: the credentials were refused, or the scope ended. */
export interface NatsHealth {
  readonly state: "connected" | "reconnecting" | "closed"
  readonly server: string
  readonly reconnectCount: number
  readonly lastError: string | undefined
}

export interface NatsConnectionService {
  readonly client: NatsClient
  readonly requests: ReplyMultiplexer
  readonly health: () => NatsHealth
  /** Inbox prefix of this connection, and those of clients from its options. */
  readonly inboxPrefixes: ReadonlyArray<string>
  /** Makes a unique subject under the connection's inbox prefix. */
  readonly newInbox: () => string
  /** Calls `listener` with every status event; returns a function that stops it. */
  readonly onStatus: (listener: (status: Status) => void) => () => void
}

const clientOptions = (options: NatsConnectionOptions): NodeConnectionOptions => {
  const { list, login } = serversOf(options.servers)
  const { creds, token, user, pass, tls, name, inboxPrefix } = { ...login, ...options }
  const credentials: ConnectionOptions = {
    ...(creds === undefined ? {} : { authenticator: credsAuthenticator(new TextEncoder().encode(creds)) }),
    ...(token === undefined ? {} : { token }),
    ...(user === undefined ? {} : { user }),
    ...(pass === undefined ? {} : { pass }),
  }
  return {
    ...(credentials as Omit<ConnectionOptions, "tls">),
    servers: list,
    ...(name === undefined ? {} : { name }),
    ...(inboxPrefix === undefined ? {} : { inboxPrefix }),
    ...(tls === undefined ? {} : { tls }),
    timeout: connectTimeoutMs,
    reconnectTimeWait: reconnectPauseMs,
    maxReconnectAttempts: -1,
    // The library gives up after two such errors, even a month apart or for slow handshakes. See
    // `REFUSALS_MAX`.
    ignoreAuthErrorAbort: true,
    pingInterval: pingIntervalMs,
  }
}

const unreachable = (servers: ServerAddresses, cause: unknown): NatsUnavailable => {
  const refused = isRefusedUser(cause)
  return new NatsUnavailable({
    reason: refused ? "NotPermitted" : "Refused",
    servers: shownServers(servers),
    detail: cause instanceof Error ? cause.message : String(cause),
    hint: refused
      ? "Check the user, token or credentials."
      : "Is nats-server running there, and JetStream enabled?",
  })
}

/**
 * Flushes, then closes. So the last messages are sent, and a server that hangs up at the same moment is
 * noticed first: the client removes its socket's error listener on closing, and an error that arrives after
 * that would end the process.
 */
const close = (client: NatsClient): Effect.Effect<void> =>
  Effect.tryPromise(() => client.flush()).pipe(
    Effect.timeout(closeFlushTimeoutMs),
    Effect.ignore, // without a connection there is nothing to flush
    Effect.andThen(Effect.promise(() => client.close())),
  )

/** Tokens that name one right: `$JS.API.CONSUMER.MSG.NEXT.<stream>`, `$JS.ACK.<stream>`, `<ns>.evt`. */
const rightTokenCount = (subject: string): number => {
  if (subject.startsWith("$JS.API.")) return 6
  return subject.startsWith("$JS.") ? 3 : 2
}

/** Start of the rights that only a preparation needs. */
const CREATING = "publish on $JS.API.STREAM.CREATE."

const deniedRight = ({ operation, subject }: PermissionViolationError): string => {
  const right = subject.split(".").slice(0, rightTokenCount(subject)).join(".")
  return `${operation === "publish" ? "publish on" : "subscribe to"} ${right}`
}

/**
 * Logs each missing right once. Some messages are published without waiting for an answer, so no caller would
 * hear of the refusal. Other callers fail with the same words, or try again until they have the right.
 */
const makeComplaints = Effect.map(Effect.context<never>(), (context) => {
  const runFork = Effect.runForkWith(context)
  const known = new Set<string>()
  return (status: Status): void => {
    if (status.type !== "error") return
    const { error } = status
    const isViolation = error instanceof errors.PermissionViolationError
    const right = isViolation ? deniedRight(error) : "connect"
    if (!(isViolation || isRefusedUser(error)) || known.has(right) || known.size >= complaintsMax) return
    known.add(right)
    const subject = isViolation ? `, here ${error.subject}` : ""
    const hint = isViolation
      ? right.startsWith(CREATING)
        ? "A node does without it: prepare the namespace with the creator's credentials (docs/DEPLOYMENT.md)."
        : "Grant it: docs/DEPLOYMENT.md has the list."
      : "After another refusal the connection is not made again: restart with valid credentials."
    runFork(Effect.logError(`NATS does not let this user ${right}${subject}. ${hint}`))
  }
})

/** Closes the connection for good if its user is refused again and again. */
const closesWhenRefused = (client: NatsClient): ((status: Status) => void) => {
  let refusalCount = 0
  return (status) => {
    if (status.type === "reconnect") refusalCount = 0
    if (status.type !== "error" || !isRefusedUser(status.error)) return
    if (++refusalCount === REFUSALS_MAX) void client.close()
  }
}

/**
 * Calls `onStatus` with every status of the client until the connection closes. The client leaves out the
 * last status if a listener closes the connection.
 */
const pumpStatus = async (client: NatsClient, onStatus: (status: Status) => void): Promise<void> => {
  let last: Status["type"] | undefined
  for await (const status of client.status()) {
    onStatus(status)
    last = status.type
  }
  if (last !== "close") onStatus({ type: "close" })
}

const make = (options: NatsConnectionOptions) =>
  Effect.gen(function* () {
    const client = yield* Effect.acquireRelease(
      Effect.tryPromise({ try: () => connect(clientOptions(options)), catch: (cause) => cause }).pipe(
        Effect.retry({ times: SLOW_HANDSHAKE_RETRIES, while: isSlowHandshake }),
        Effect.mapError((cause) => unreachable(options.servers, cause)),
      ),
      close,
    )

    let state: NatsHealth["state"] = "connected"
    let reconnectCount = 0
    let lastError: string | undefined
    const complain = yield* makeComplaints
    const listeners = new Set<(status: Status) => void>([complain, closesWhenRefused(client)])
    const onStatus = (status: Status): void => {
      if (status.type === "disconnect") state = "reconnecting"
      else if (status.type === "close") state = "closed"
      else if (status.type === "error") lastError = status.error.message
      else if (status.type === "reconnect") {
        // The client gives this status once for each failed attempt.
        if (state === "reconnecting") reconnectCount++
        state = "connected"
      }
      for (const listener of listeners) listener(status)
    }
    yield* Effect.forkScoped(Effect.promise(() => pumpStatus(client, onStatus)))

    const wheel = yield* makeDeadlineWheel
    const service: Omit<NatsConnectionService, "requests"> = {
      client,
      health: () => ({ state, server: client.getServer(), reconnectCount, lastError }),
      inboxPrefixes: [options.inboxPrefix ?? INBOX_PREFIX_USUAL, ...(options.clientInboxPrefixes ?? [])],
      newInbox: () => createInbox(options.inboxPrefix),
      onStatus: (listener) => {
        listeners.add(listener)
        return () => listeners.delete(listener)
      },
    }
    const requests = yield* makeReplyMultiplexer(service, wheel, options.inboxPrefix)
    return { ...service, requests }
  })

export class NatsConnection extends Context.Service<NatsConnection, NatsConnectionService>()(
  "everstate/nats/NatsConnection",
) {
  /** Connects when built, closes with its scope. Fails if no server can be reached at first. */
  static readonly layer = (options: NatsConnectionOptions): Layer.Layer<NatsConnection, NatsUnavailable> =>
    Layer.effect(NatsConnection, make(options))
}

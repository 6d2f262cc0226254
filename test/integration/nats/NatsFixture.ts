/**
 * A real server and journals on it for one test: started in a temporary folder, gone with the test's scope.
 *
 * `run` executes a test's program; `freshServer` is the server with its fault handles; `openJournal` builds a journal
 * in the scope, on a connection of its own; `admin` is an operator with the bare JetStream API.
 */
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { connect } from "@nats-io/transport-node"
import { Context, Effect, Layer, References, Schedule, type Scope } from "effect"
import { type NatsOptions, type NatsServer, startNats } from "../../../infra/embedded.ts"
import {
  NatsConnection,
  type NatsConnectionOptions,
  type NatsConnectionService,
} from "../../../infra/nats/connection/NatsConnection.ts"
import { serversOf } from "../../../infra/nats/connection/ServerAddresses.ts"
import { JournalNats, type JournalNatsOptions } from "../../../infra/nats/journal/JournalNats.ts"
import { type ActorAddress, addressOf } from "../../../runtime/address/ActorAddress.ts"
import { Journal, type JournalService } from "../../../runtime/journal/Journal.ts"
import { JournalBehaviours } from "../../contract/JournalBehaviours.ts"
import { RegisterMemory } from "./RegisterMemory.ts"

export const SHARD_COUNT = 8
export const NAMESPACE = "fault"
export const STREAM = `${NAMESPACE}-journal`

/** The promise of a test's program, with warnings and errors of the log left out. */
export const run = <A>(program: Effect.Effect<A, unknown, Scope.Scope>): Promise<A> =>
  Effect.runPromise(Effect.provideService(Effect.scoped(program), References.MinimumLogLevel, "Fatal"))

export const freshFolder: Effect.Effect<string, never, Scope.Scope> = Effect.acquireRelease(
  Effect.promise(() => mkdtemp(join(tmpdir(), "everstate-nats-"))),
  (folder) => Effect.promise(() => rm(folder, { recursive: true, force: true })),
)

/** A server that stops with the scope. Without fsync: these tests kill processes, not the machine. */
export const startServer = (options: NatsOptions): Effect.Effect<NatsServer, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.promise(() => startNats({ syncAlways: false, ...options })),
    (server) =>
      Effect.promise(() => {
        server.resume()
        return server.stop()
      }),
  )

export const freshServer = (options: Partial<NatsOptions> = {}) =>
  Effect.flatMap(freshFolder, (folder) => startServer({ folder: join(folder, "nats"), ...options }))

/** What the journals of a test file showed; a file ends with `expectSimulated`. */
export const behaviours = new JournalBehaviours()

export interface OpenJournal {
  readonly journal: JournalService
  readonly connection: NatsConnectionService
}

/** A journal of the scope, as one process of a service would have it. Failures are the layer's. */
export const openJournal = (
  server: { readonly url: string },
  register = new RegisterMemory(),
  options: Partial<JournalNatsOptions> & { readonly connect?: Partial<NatsConnectionOptions> } = {},
) =>
  Effect.gen(function* () {
    const { connect: connectOptions, ...journalOptions } = options
    const layer = JournalNats.layer({ namespace: NAMESPACE, shards: SHARD_COUNT, ...journalOptions }).pipe(
      Layer.provideMerge(NatsConnection.layer({ servers: server.url, ...connectOptions })),
      Layer.provide(register.layer),
    )
    const context = yield* Layer.build(layer)
    const open: OpenJournal = {
      journal: behaviours.watch(Context.get(context, Journal)),
      connection: Context.get(context, NatsConnection),
    }
    return open
  })

/** One call of the JetStream API by an operator, decoded. */
export const admin = (server: { readonly url: string }, api: string, body: unknown = {}) =>
  Effect.promise(async () => {
    const { list, login } = serversOf(server.url)
    const client = await connect({ ...login, servers: list })
    try {
      const reply = await client.request(`$JS.API.${api}`, JSON.stringify(body), { timeout: 10_000 })
      return reply.json<Record<string, unknown> & { error?: { err_code: number } }>()
    } finally {
      await client.close()
    }
  })

/** Changes settings of a stream, as an operator's `nats stream edit` does: the others stay. */
export const edit = (server: { readonly url: string }, stream: string, change: Record<string, unknown>) =>
  Effect.flatMap(admin(server, `STREAM.INFO.${stream}`), (info) => {
    const { config } = info as { readonly config: Record<string, unknown> }
    return admin(server, `STREAM.UPDATE.${stream}`, { ...config, ...change })
  })

/** Repeats until it succeeds: waiting on a condition. Gives up before the test's time is over. */
export const eventually = <A, E>(effect: Effect.Effect<A, E>): Effect.Effect<A, E> =>
  Effect.retry(effect, { schedule: Schedule.spaced(25), times: 4_000 })

/** Repeats until it fails with what `isWanted` accepts, and gives that. */
export const eventuallyFails = <E>(
  effect: Effect.Effect<unknown, E>,
  isWanted: (error: E) => boolean,
): Effect.Effect<E, string> =>
  eventually(
    Effect.matchEffect(effect, {
      onSuccess: () => Effect.fail("it succeeded"),
      onFailure: (error) =>
        isWanted(error) ? Effect.succeed(error) : Effect.fail(`it failed with ${error}`),
    }),
  )

export const order = (id: string): ActorAddress => addressOf("order", id, SHARD_COUNT)
export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
export const text = (data: Uint8Array | undefined): string => new TextDecoder().decode(data)

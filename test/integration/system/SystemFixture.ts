/**
 * Real servers for a test file, and systems on them: each test uses a namespace of its own on the shared servers, or
 * takes servers of its own where it stops them.
 */
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { connect } from "@nats-io/transport-node"
import pg from "pg"
import { afterAll, beforeAll, onTestFinished } from "vitest"
import type { EmbeddedServers, NatsOptions } from "../../../infra/embedded.ts"
import { ActorSystem, type StartOptions } from "../../../infra/system/ActorSystem.ts"
import type { HistoryCursor } from "../../../runtime/index.ts"
import { Counter } from "../../fixtures/memory/Counter.ts"
import { startNewServers } from "../../fixtures/postgres/NewDatabase.ts"

export interface RealServers extends EmbeddedServers {
  /** One statement by an operator. */
  readonly sql: (
    text: string,
    values?: ReadonlyArray<unknown>,
  ) => Promise<ReadonlyArray<Record<string, unknown>>>
  /** One call of the JetStream API by an operator. */
  readonly admin: (api: string, body?: unknown) => Promise<Record<string, unknown>>
  /** Publishes until the server takes no more, `bytesMax` at most. */
  readonly fill: (subject: string, bytesMax: number) => Promise<void>
}

export const realServers = async (nats: Partial<NatsOptions> = {}): Promise<RealServers> => {
  const folder = await mkdtemp(join(tmpdir(), "everstate-system-"))
  const servers = await startNewServers({ folder, nats })
  const stop = async () => {
    servers.nats.resume()
    servers.postgres.resume()
    await servers.stop()
    await rm(folder, { recursive: true, force: true })
  }
  return {
    ...servers,
    stop,
    [Symbol.asyncDispose]: stop,
    sql: async (text, values = []) => {
      const client = new pg.Client(servers.postgresUrl)
      await client.connect()
      try {
        return (await client.query(text, [...values])).rows
      } finally {
        await client.end()
      }
    },
    fill: async (subject, bytesMax) => {
      const client = await connect(servers.nats.login)
      try {
        // Large ones first; then what still fits.
        for (let size = 64 * 1_024; size > 16; size = Math.floor(size / 2)) {
          for (let sum = 0; sum < bytesMax; sum += size) {
            const reply = await client.request(subject, new Uint8Array(size), { timeout: 10_000 })
            if (reply.json<{ error?: unknown }>().error !== undefined) break
          }
        }
      } finally {
        await client.close()
      }
    },
    admin: async (api, body = {}) => {
      const client = await connect(servers.nats.login)
      try {
        return (await client.request(`$JS.API.${api}`, JSON.stringify(body), { timeout: 10_000 })).json()
      } finally {
        await client.close()
      }
    },
  }
}

/** The same for all tests of a file: started before the first, stopped after the last. */
export const serversOfFile = (nats?: Partial<NatsOptions>): (() => RealServers) => {
  let servers: RealServers
  beforeAll(async () => {
    servers = await realServers(nats)
  })
  afterAll(() => servers?.stop())
  return () => servers
}

let namespaceCount = 0

export const freshNamespace = (): string => `t${namespaceCount++}`

/** A system that stops with the test. */
export const startSystem = async (
  servers: Pick<RealServers, "natsUrl" | "postgresUrl">,
  options: Partial<StartOptions> = {},
): Promise<ActorSystem> => {
  const system = await ActorSystem.start({
    nats: servers.natsUrl,
    postgres: servers.postgresUrl,
    actors: [Counter],
    ...options,
  })
  onTestFinished(() => system.stop())
  return system
}

/** Waits until `isTrue` holds; the test's own time limit is the only one. */
export const eventually = async (isTrue: () => boolean | Promise<boolean>): Promise<void> => {
  while (!(await isTrue())) await new Promise((resolve) => setTimeout(resolve, 20))
}

/** Whether work succeeds. */
export const succeeds = (work: Promise<unknown>): Promise<boolean> =>
  work.then(
    () => true,
    () => false,
  )

/** Waits until everything that the system needs answers in time, however busy the machine is. */
export const untilWell = (system: ActorSystem): Promise<void> => eventually(() => succeeds(system.check()))

/** Everything in an actor's history. */
export const wholeHistory = async (system: ActorSystem, id: string) => {
  const events: Array<{ readonly version: number; readonly commandId: string }> = []
  let after: number | HistoryCursor | undefined = 0
  while (after !== undefined) {
    const page: { events: typeof events; next?: HistoryCursor } = await system
      .get(Counter, id)
      .history({ after, limit: 1_000 })
      .then(({ events, next }) => ({ events: [...events], ...(next === undefined ? {} : { next }) }))
    events.push(...page.events)
    after = page.next
  }
  return events
}

/** Asks until told to stop: `clients` at a time, each repeating a command under its id until it is answered. */
export class Load {
  readonly acknowledged: Array<{
    readonly actor: string
    readonly commandId: string
    readonly version: number
  }> = []
  readonly errors = new Map<string, number>()
  readonly #clients: Array<Promise<void>> = []
  #isOver = false

  constructor(system: ActorSystem, clients: number, actors: number) {
    for (let client = 0; client < clients; client++) this.#clients.push(this.#run(system, client, actors))
  }

  async #run(system: ActorSystem, client: number, actors: number): Promise<void> {
    for (let index = 0; !this.#isOver; index++) {
      const actor = `n${(client + index) % actors}`
      const commandId = `${client}-${index}`
      for (let isDone = false; !isDone; ) {
        isDone = await system
          .get(Counter, actor)
          .ask({ type: "Add", by: 1 }, { commandId })
          .then(
            ({ version }) => {
              this.acknowledged.push({ actor, commandId, version })
              return true
            },
            (error) => {
              this.errors.set(error._tag, (this.errors.get(error._tag) ?? 0) + 1)
              return this.#isOver || error.kind !== "transient"
            },
          )
      }
    }
  }

  /** Waits for so many more answers. */
  async more(count: number): Promise<void> {
    const enough = this.acknowledged.length + count
    await eventually(() => this.acknowledged.length >= enough)
  }

  async end(): Promise<void> {
    this.#isOver = true
    await Promise.all(this.#clients)
  }
}

/** What of the acknowledged commands is missing from, or more than once in, the histories. */
export const audit = async (
  system: ActorSystem,
  acknowledged: ReadonlyArray<{
    readonly actor: string
    readonly commandId: string
    readonly version?: number
  }>,
) => {
  const lost: Array<string> = []
  const repeated: Array<string> = []
  const gaps: Array<string> = []
  for (const actor of new Set(acknowledged.map((one) => one.actor))) {
    const stored = await wholeHistory(system, actor)
    const ids = new Map<string, number>()
    for (const [index, { version, commandId }] of stored.entries()) {
      if (version !== index + 1) gaps.push(`${actor} v${version}`)
      if (ids.has(commandId)) repeated.push(`${actor} ${commandId}`)
      ids.set(commandId, version)
    }
    for (const one of acknowledged) {
      if (one.actor !== actor) continue
      const version = ids.get(one.commandId)
      if (version === undefined || (one.version !== undefined && one.version !== version))
        lost.push(`${actor} ${one.commandId}`)
    }
  }
  return { lost, repeated, gaps }
}

export const nothingWrong = { lost: [], repeated: [], gaps: [] }

/**
 * A system whose stores are full: many actors in the directory, many dead letters, one long history, a large machine.
 *
 * Owns how the stores are filled. Actors are written into the directory's table by SQL, in the shape that the runtime
 * writes, because a million births take an hour; dead letters go through their port, and the long history is made of
 * commands. What is looked at: Visits.ts.
 */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Effect } from "effect"
import pg from "pg"
import { assign, setup } from "xstate"
import { Order } from "../../actors/order/Order.ts"
import { startServers } from "../../infra/embedded.ts"
import { makeGateway } from "../../infra/http.ts"
import { NatsConnection } from "../../infra/nats/connection/NatsConnection.ts"
import { DeadLettersNats } from "../../infra/nats/stores/DeadLettersNats.ts"
import { ActorSystem } from "../../infra/system/ActorSystem.ts"
import { type DeadLetterReason, DeadLetters } from "../../runtime/deadletter/DeadLetters.ts"
import { ActorsTable } from "../../runtime/directory/ActorsTable.ts"
import { defineActor } from "../../runtime/index.ts"

export interface Sizes {
  readonly actors: number
  readonly letters: number
  readonly events: number
  readonly states: number
}

export interface FullSystem {
  readonly url: string
  readonly versions: { readonly nats: string; readonly postgres: string }
  readonly close: () => Promise<void>
}

type NoteEvent = { readonly type: "Noted"; readonly text: string }

/** An actor whose history grows by one event a command. */
const Diary = defineActor({
  type: "diary",
  machine: setup({
    types: { context: {} as { readonly count: number; readonly last: string }, events: {} as NoteEvent },
  }).createMachine({
    id: "diary",
    context: { count: 0, last: "" },
    initial: "open",
    states: {
      open: {
        on: {
          Noted: {
            actions: assign(({ context, event }) => ({ count: context.count + 1, last: event.text })),
          },
        },
      },
    },
  }),
})

/** States inside each part of the large machine. */
const STATES_PER_PART = 14

/** A machine of parts in a ring, each with states in a row, and some ways back and across. */
const giant = (stateCount: number) => {
  const partCount = Math.max(2, Math.round(stateCount / (STATES_PER_PART + 1)))
  const step = (part: number, index: number) => ({
    on: {
      ...(index + 1 < STATES_PER_PART ? { Next: `step${index + 1}` } : {}),
      ...(index % 4 === 3 ? { Back: `step${index - 3}` } : {}),
      ...(index % 7 === 6 ? { Skip: `#giant.part${(part + 2) % partCount}` } : {}),
    },
  })
  const parts = Array.from({ length: partCount }, (_, part) => [
    `part${part}`,
    {
      initial: "step0",
      on: { Leave: `#giant.part${(part + 1) % partCount}` },
      states: Object.fromEntries(
        Array.from({ length: STATES_PER_PART }, (_none, index) => [`step${index}`, step(part, index)]),
      ),
    },
  ])
  return defineActor({
    type: "giant",
    machine: setup({
      types: { events: {} as { readonly type: "Next" | "Back" | "Skip" | "Leave" } },
    }).createMachine({
      id: "giant",
      initial: "part0",
      states: Object.fromEntries(parts),
    }),
  })
}

const STATES =
  "array['draft','placed','placed','paid','paid','confirmed','shipped','delivered','delivered','cancelled']"

const fillDirectory = async (postgresUrl: string, table: string, count: number): Promise<void> => {
  const client = new pg.Client(postgresUrl)
  await client.connect()
  await client.query(
    `insert into ${table} (type, id, state, done, failed, version, sequence, created, updated)
     select 'order', 'o-' || lpad(n::text, 8, '0'), case when n % 5000 = 0 then 'returned' else (${STATES})[(1 + n % 10)::int] end,
       n % 10 = 9, false, 1 + n % 7, n, 1700000000000 + n * 1000, 1700000000000 + n * 1000 + (n * 7919 % 86400000)
     from generate_series(1, $1::bigint) as n`,
    [count],
  )
  // What autovacuum does meanwhile on a system that has grown.
  await client.query(`vacuum analyze ${table}`)
  await client.end()
}

const REASONS: ReadonlyArray<DeadLetterReason> = ["Rejected", "Rejected", "Rejected", "Unroutable", "Failed"]
const IN_FLIGHT = 256

/** Longest wait for the answer to a command, in milliseconds. */
const ASK_MS = 120_000

/** Attempts at storing a letter after the first. */
const RETRIES_MAX = 100

const fillLetters = (natsUrl: string, count: number): Promise<void> =>
  Effect.gen(function* () {
    const letters = yield* DeadLetters
    yield* Effect.forEach(
      Array.from({ length: count }, (_, index) => index),
      (index) =>
        Effect.retry(
          letters.add({
            key: `order/o-${String(index % 1_000).padStart(8, "0")}`,
            reason: REASONS[index % REASONS.length] ?? "Failed",
            detail: `order/o-${index % 1_000} rejected Pay in state "draft": NotAccepted (OrderPaid)`,
            attemptCount: 1,
            atMs: 1_700_000_000_000 + index * 1_000,
            messageId: `m-${index}`,
            original: JSON.stringify({
              type: "Pay",
              paymentId: `p-${index}`,
              amount: { minor: index, currency: "KRW" },
            }),
          }),
          // A busy machine answers late. A letter that was stored meanwhile is not stored again.
          { times: RETRIES_MAX },
        ),
      { concurrency: IN_FLIGHT, discard: true },
    )
  }).pipe(
    Effect.provide(DeadLettersNats.layer({ namespace: "everstate" })),
    Effect.provide(NatsConnection.layer({ servers: natsUrl })),
    Effect.scoped,
    Effect.runPromise,
  )

const fillHistory = async (system: ActorSystem, count: number): Promise<void> => {
  const diary = system.get(Diary, "long")
  let next = 0
  const worker = async () => {
    while (next < count) {
      const text = `line ${++next}`
      await diary.ask({ type: "Noted", text }, { commandId: text, deadlineMs: ASK_MS })
    }
  }
  await Promise.all(Array.from({ length: IN_FLIGHT }, worker))
}

/** Starts servers, a system and its gateway, and fills the stores. `say` is told what is being filled. */
export const openFullSystem = async (sizes: Sizes, say: (text: string) => void): Promise<FullSystem> => {
  const folder = mkdtempSync(join(tmpdir(), "everstate-sizes-"))
  const servers = await startServers({ folder, nats: { syncAlways: false } })
  const { natsUrl, postgresUrl } = servers
  const system = await ActorSystem.start({
    nats: natsUrl,
    postgres: postgresUrl,
    node: { name: "north" },
    actors: [Order, Diary, giant(sizes.states)],
  })
  say(`${sizes.actors} actors`)
  await fillDirectory(postgresUrl, system.tableOf(ActorsTable), sizes.actors)
  say(`${sizes.letters} dead letters`)
  await fillLetters(natsUrl, sizes.letters)
  say(`${sizes.events} events of one actor`)
  await fillHistory(system, sizes.events)
  const gateway = makeGateway(system, { console: true })
  const { url } = await gateway.listen()
  return {
    url,
    versions: { nats: servers.nats.version, postgres: servers.postgres.version },
    close: async () => {
      await gateway.close()
      await system.stop()
      await servers.stop()
      rmSync(folder, { recursive: true, force: true, maxRetries: 10 })
    },
  }
}

/** FAULT 85: a server that is replaced by one of another version while batches of commits are in flight. */
import { join } from "node:path"
import { Effect, Fiber } from "effect"
import { afterAll, expect, it } from "vitest"
import { findNatsBinary } from "../../../infra/embedded/NatsBinary.ts"
import { startNats } from "../../../infra/embedded.ts"
import type { NatsConnectionService } from "../../../infra/nats/connection/NatsConnection.ts"
import { syncsBatchesOnce } from "../../../infra/nats/journal/ServerVersion.ts"
import type { JournalService } from "../../../runtime/journal/Journal.ts"
import { behaviours, bytes, eventually, freshFolder, openJournal, order, run, text } from "./NatsFixture.ts"

afterAll(() => behaviours.expectSimulated())

const ACTOR_COUNT = 200

/** Acknowledged appends under each server. */
const APPENDS_PER_SERVER = 6_000

const { NATS_SERVER_BIN: newer = "", ...env } = process.env
/** The one that is found where nobody names one: of the platform's package, if PATH has no newer. */
const older = await findNatsBinary(env, () => undefined)
const given = newer === "" ? older : await findNatsBinary({ NATS_SERVER_BIN: newer }, () => undefined)
const isThere = syncsBatchesOnce(given.version) && !syncsBatchesOnce(older.version)

interface Written {
  readonly lasts: Map<string, { readonly sequence: number; readonly data: string }>
  ackedCount: number
}

/** Appends for ever as one actor. An unknown outcome is settled by reading, as a cell does. */
const write = (journal: JournalService, id: string, written: Written) =>
  Effect.gen(function* () {
    let last = 0
    for (let version = 1; ; version++) {
      const data = `${id} ${version}`
      const result = yield* Effect.result(journal.append(order(id), last, bytes(data)))
      if (result._tag === "Success") {
        last = result.success
        written.ackedCount++
        written.lasts.set(id, { sequence: last, data })
        continue
      }
      expect(result.failure._tag).toBe("AppendUnknown")
      const tail = yield* eventually(journal.last(order(id)))
      if (text(tail?.data) !== data) version--
      last = tail?.sequence ?? 0
    }
  })

/** Appends that were acknowledged in a while, and the answers that the server gave meanwhile. */
const during = (written: Written, { client }: NatsConnectionService) =>
  Effect.gen(function* () {
    const from = { acked: written.ackedCount, answers: client.stats().inMsgs }
    yield* eventually(
      Effect.suspend(() =>
        written.ackedCount - from.acked >= APPENDS_PER_SERVER ? Effect.void : Effect.fail("not yet"),
      ),
    )
    return { acked: written.ackedCount - from.acked, answers: client.stats().inMsgs - from.answers }
  })

it.skipIf(!isThere)(
  "an upgrade and a downgrade while commits are in flight lose nothing (needs a nats-server 2.15 in NATS_SERVER_BIN)",
  () =>
    run(
      Effect.gen(function* () {
        const folder = join(yield* freshFolder, "nats")
        let port: number | undefined
        const serverOf = (path: string) =>
          Effect.promise(() =>
            startNats({
              folder,
              ...(port === undefined ? {} : { port }),
              env: { ...env, NATS_SERVER_BIN: path },
            }),
          )
        let server = yield* serverOf(older.path)
        yield* Effect.addFinalizer(() => Effect.promise(() => server.stop()))
        port = Number(new URL(server.url).port)
        const { journal, connection } = yield* openJournal(server, undefined, { groupCommit: "on" })
        const written: Written = { lasts: new Map(), ackedCount: 0 }
        const ids = Array.from({ length: ACTOR_COUNT }, (_, index) => `changed-${index}`)
        const writers = yield* Effect.forkChild(
          Effect.forEach(ids, (id) => write(journal, id, written), { concurrency: "unbounded" }),
        )
        const change = (path: string) =>
          Effect.gen(function* () {
            yield* Effect.promise(() => server.stop())
            server = yield* serverOf(path)
            yield* eventually(journal.check)
          })
        yield* during(written, connection)
        yield* change(given.path)
        const grouped = yield* during(written, connection)
        yield* change(older.path)
        yield* during(written, connection)
        yield* Fiber.interrupt(writers)
        expect(grouped.answers).toBeLessThan(grouped.acked / 2)
        for (const [id, { sequence, data }] of written.lasts) {
          const last = yield* eventually(journal.last(order(id)))
          // The writer may have stored one more, whose answer it did not wait for.
          if (last?.sequence === sequence) expect(text(last.data)).toBe(data)
          else expect(last?.sequence).toBeGreaterThan(sequence)
        }
      }),
    ),
)

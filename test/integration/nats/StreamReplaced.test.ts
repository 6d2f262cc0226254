import { cp, rm } from "node:fs/promises"
import { join } from "node:path"
import { Effect } from "effect"
import { afterAll, expect, it } from "vitest"
import { journalStreamConfig } from "../../../infra/nats/journal/JournalSettings.ts"
import {
  admin,
  behaviours,
  bytes,
  eventually,
  eventuallyFails,
  freshFolder,
  freshServer,
  NAMESPACE,
  openJournal,
  order,
  run,
  SHARD_COUNT,
  STREAM,
  startServer,
} from "./NatsFixture.ts"
import { RegisterMemory } from "./RegisterMemory.ts"

afterAll(() => behaviours.expectSimulated())

const refusedAs = (reason: string) => (error: { _tag: string; reason: string }) =>
  error._tag === "JournalRefused" && error.reason === reason

const recreate = { ...journalStreamConfig({ namespace: NAMESPACE, shards: SHARD_COUNT }, 1) }

it("FAULT 22: a deleted stream refuses appends and reads as Missing, at start too, and is never created again", () =>
  run(
    Effect.gen(function* () {
      const server = yield* freshServer()
      const register = new RegisterMemory()
      const { journal } = yield* openJournal(server, register)
      const first = yield* journal.append(order("a"), 0, bytes("one"))
      yield* admin(server, `STREAM.DELETE.${STREAM}`)

      yield* eventuallyFails(journal.append(order("a"), first, bytes("two")), refusedAs("Missing"))
      yield* eventuallyFails(journal.append(order("new"), 0, bytes("one")), refusedAs("Missing"))
      yield* eventuallyFails(journal.last(order("a")), refusedAs("Missing"))
      expect(refusedAs("Missing")(yield* Effect.flip(journal.check))).toBe(true)
      expect(yield* Effect.flip(openJournal(server, register))).toMatchObject({ reason: "Missing" })
      expect(yield* admin(server, `STREAM.INFO.${STREAM}`)).toMatchObject({ error: { err_code: 10059 } })
    }),
  ))

it("FAULT 22: a re-created stream is refused as Replaced while running and at start", () =>
  run(
    Effect.gen(function* () {
      const server = yield* freshServer()
      const register = new RegisterMemory()
      const { journal } = yield* openJournal(server, register)
      yield* journal.append(order("a"), 0, bytes("one"))
      yield* admin(server, `STREAM.DELETE.${STREAM}`)
      yield* admin(server, `STREAM.CREATE.${STREAM}`, recreate)

      yield* eventuallyFails(journal.append(order("a"), 0, bytes("two")), refusedAs("Replaced"))
      yield* eventuallyFails(journal.read(order("a"), { after: 0, upTo: 1 }), refusedAs("Replaced"))
      expect(yield* Effect.flip(openJournal(server, register))).toMatchObject({ reason: "Replaced" })
    }),
  ))

it(
  "FAULT 22: a stream restored from an older copy is refused as Replaced until the newer one is back",
  () =>
    run(
      Effect.gen(function* () {
        const folder = yield* freshFolder
        const data = join(folder, "nats", "jetstream")
        const server = yield* startServer({ folder: join(folder, "nats") })
        const swap = (from: string, to: string) =>
          Effect.promise(async () => {
            await rm(to, { recursive: true, force: true })
            await cp(from, to, { recursive: true })
          })
        const register = new RegisterMemory()
        const { journal } = yield* openJournal(server, register)
        let last = yield* journal.append(order("a"), 0, bytes("one"))
        yield* Effect.promise(() => server.stop())
        yield* swap(data, join(folder, "older"))
        yield* Effect.promise(() => server.restart())
        last = yield* eventually(journal.append(order("a"), last, bytes("two")))
        yield* Effect.promise(() => server.stop())
        yield* swap(data, join(folder, "newer"))
        yield* swap(join(folder, "older"), data)
        yield* Effect.promise(() => server.restart())

        yield* eventuallyFails(journal.append(order("b"), 0, bytes("one")), refusedAs("Replaced"))
        const identity = register.identities.get(NAMESPACE)
        if (identity !== undefined) {
          const streams = identity.streams.map((stream) => ({ ...stream, lastSequence: 1_000 }))
          register.identities.set(NAMESPACE, { ...identity, streams })
        }
        expect(yield* Effect.flip(openJournal(server, register))).toMatchObject({ reason: "Replaced" })

        yield* Effect.promise(() => server.stop())
        yield* swap(join(folder, "newer"), data)
        yield* Effect.promise(() => server.restart())
        yield* eventually(journal.append(order("a"), last, bytes("three")))
      }),
    ),
  90_000,
)

it("is known by the id that its creator gave it, whatever time its replicas say that it was created at", () =>
  run(
    Effect.gen(function* () {
      const server = yield* freshServer()
      const register = new RegisterMemory()
      yield* openJournal(server, register)
      const identity = register.identities.get(NAMESPACE)
      const stored = identity?.streams[0]?.streamId ?? ""
      expect(stored).not.toBe("")
      expect(Number.isNaN(Date.parse(stored))).toBe(true)
      // Another node that starts now finds the same.
      yield* openJournal(server, register)
    }),
  ))

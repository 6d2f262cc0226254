/** FAULT 85: appends of many actors as one batch, on whatever server the tests run. */
import { Effect, Exit } from "effect"
import { afterAll, describe, expect, it } from "vitest"
import { journalStreamConfig } from "../../../infra/nats/journal/JournalSettings.ts"
import type { JournalService } from "../../../runtime/journal/Journal.ts"
import {
  admin,
  behaviours,
  bytes,
  edit,
  eventually,
  freshServer,
  NAMESPACE,
  openJournal,
  order,
  run,
  SHARD_COUNT,
  STREAM,
  text,
} from "./NatsFixture.ts"
import { RegisterMemory } from "./RegisterMemory.ts"

afterAll(() => behaviours.expectSimulated())

const MANY = 300

const names = Array.from({ length: MANY }, (_, index) => `many-${index}`)

/** Appends to all actors at once, each after what `lastOf` says. */
const appendAll = (journal: JournalService, data: string, lastOf: (name: string) => number) =>
  Effect.forEach(
    names,
    (name) => Effect.exit(journal.append(order(name), lastOf(name), bytes(`${data} of ${name}`))),
    { concurrency: "unbounded" },
  )

const sequencesOf = (exits: ReadonlyArray<Exit.Exit<number, unknown>>): ReadonlyArray<number> =>
  exits.map((exit) => (Exit.isSuccess(exit) ? exit.value : 0))

/** Checks that each actor's last record is the one that its append was answered for. */
const expectStored = (journal: JournalService, data: string, sequences: ReadonlyArray<number>) =>
  Effect.forEach(names, (name, index) =>
    Effect.map(journal.last(order(name)), (last) => {
      expect({ sequence: last?.sequence, data: text(last?.data) }).toEqual({
        sequence: sequences[index],
        data: `${data} of ${name}`,
      })
    }),
  )

describe("appends of many actors at once", () => {
  it("are stored with the sequences that they are answered with, in fewer batches than appends", () =>
    run(
      Effect.gen(function* () {
        const server = yield* freshServer()
        const { journal, connection } = yield* openJournal(server, undefined, { groupCommit: "on" })
        const sentBefore = connection.client.stats().inMsgs
        const exits = yield* appendAll(journal, "first", () => 0)
        const answers = connection.client.stats().inMsgs - sentBefore
        const sequences = sequencesOf(exits)
        expect(new Set(sequences).size).toBe(MANY)
        expect(answers).toBeLessThan(MANY / 2)
        yield* expectStored(journal, "first", sequences)
        const again = sequencesOf(
          yield* appendAll(journal, "second", (name) => sequences[names.indexOf(name)] ?? 0),
        )
        yield* expectStored(journal, "second", again)
      }),
    ))

  it("of which one expects a wrong sequence store all others", () =>
    run(
      Effect.gen(function* () {
        const server = yield* freshServer()
        const { journal } = yield* openJournal(server, undefined, { groupCommit: "on" })
        const exits = yield* appendAll(journal, "first", (name) => (name === "many-150" ? 7 : 0))
        const failures = exits.map((exit) => (Exit.isFailure(exit) ? String(exit.cause) : ""))
        const isWrong = (failure: string) => failure.includes("WrongSequence")
        expect(failures.flatMap((failure, index) => (isWrong(failure) ? [index] : []))).toEqual([150])
        // On a busy machine an answer may come too late: that is no refusal.
        for (const failure of failures)
          if (failure !== "" && !isWrong(failure)) expect(failure).toContain("Timeout")
        expect(yield* journal.last(order("many-150"))).toBeUndefined()
      }),
    ))

  it("of which one is too large for the server store all others", () =>
    run(
      Effect.gen(function* () {
        const server = yield* freshServer()
        const { journal } = yield* openJournal(server, undefined, { groupCommit: "on" })
        const large = journal.append(order("large"), 0, new Uint8Array(journal.commitBytesMax + 1))
        const [exits, error] = yield* Effect.all([appendAll(journal, "first", () => 0), Effect.flip(large)], {
          concurrency: "unbounded",
        })
        expect(error).toMatchObject({ _tag: "JournalRefused", reason: "TooLarge" })
        expect(exits.every(Exit.isSuccess)).toBe(true)
      }),
    ))

  it("have unknown outcomes when the server is killed, and the journal knows which are stored", () =>
    run(
      Effect.gen(function* () {
        const server = yield* freshServer()
        const { journal } = yield* openJournal(server, undefined, { groupCommit: "on" })
        const first = sequencesOf(yield* appendAll(journal, "first", () => 0))
        const second = appendAll(journal, "second", (name) => first[names.indexOf(name)] ?? 0)
        const [exits] = yield* Effect.all([second, Effect.promise(() => server.kill())], {
          concurrency: "unbounded",
        })
        yield* Effect.promise(() => server.restart())
        yield* eventually(journal.check)
        for (const [index, exit] of exits.entries()) {
          const last = yield* eventually(journal.last(order(names[index] ?? "")))
          if (Exit.isSuccess(exit)) expect(last?.sequence).toBe(exit.value)
          else expect(yield* Effect.flip(exit)).toMatchObject({ _tag: "AppendUnknown" })
        }
      }),
    ))
})

describe("a journal of an earlier release, whose stream takes no batches", () => {
  const { allow_atomic: _, ...earlier } = journalStreamConfig(
    { namespace: NAMESPACE, shards: SHARD_COUNT },
    1,
  )

  it("is appended to one by one", () =>
    run(
      Effect.gen(function* () {
        const server = yield* freshServer()
        yield* admin(server, `STREAM.CREATE.${STREAM}`, earlier)
        const { journal } = yield* openJournal(server, undefined, { groupCommit: "on" })
        const exits = yield* appendAll(journal, "first", () => 0)
        yield* expectStored(journal, "first", sequencesOf(exits))
      }),
    ))

  it("takes batches once it was prepared, and keeps its commits and its id", () =>
    run(
      Effect.gen(function* () {
        const server = yield* freshServer()
        const register = new RegisterMemory()
        yield* admin(server, `STREAM.CREATE.${STREAM}`, earlier)
        const { journal } = yield* openJournal(server, register, { groupCommit: "on" })
        const first = sequencesOf(yield* appendAll(journal, "first", () => 0))
        const prepared = yield* openJournal(server, register, { groupCommit: "on", isPreparation: true })
        const info = (yield* admin(server, `STREAM.INFO.${STREAM}`)) as {
          readonly config: { readonly allow_atomic?: boolean; readonly metadata: object }
        }
        expect(info.config.allow_atomic).toBe(true)
        expect(info.config.metadata).toMatchObject(earlier.metadata)
        const again = yield* appendAll(prepared.journal, "second", (name) => first[names.indexOf(name)] ?? 0)
        yield* expectStored(prepared.journal, "second", sequencesOf(again))
      }),
    ))

  it("goes on one by one when batches are switched off while they are in use", () =>
    run(
      Effect.gen(function* () {
        const server = yield* freshServer()
        const { journal } = yield* openJournal(server, undefined, { groupCommit: "on" })
        const first = sequencesOf(yield* appendAll(journal, "first", () => 0))
        yield* edit(server, STREAM, { allow_atomic: false })
        const again = yield* appendAll(journal, "second", (name) => first[names.indexOf(name)] ?? 0)
        yield* expectStored(journal, "second", sequencesOf(again))
      }),
    ))
})

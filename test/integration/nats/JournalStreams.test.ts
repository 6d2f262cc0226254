/** A journal in several streams: how many is fixed, and each is watched by itself. */
import { Effect } from "effect"
import { afterAll, expect, it } from "vitest"
import { journalStreamConfig } from "../../../infra/nats/journal/JournalSettings.ts"
import type { ActorAddress } from "../../../runtime/address/ActorAddress.ts"
import {
  admin,
  behaviours,
  bytes,
  edit,
  eventually,
  eventuallyFails,
  freshServer,
  NAMESPACE,
  openJournal,
  order,
  run,
  SHARD_COUNT,
  STREAM,
} from "./NatsFixture.ts"
import { RegisterMemory } from "./RegisterMemory.ts"

afterAll(() => behaviours.expectSimulated())

const options = { namespace: NAMESPACE, shards: SHARD_COUNT, streams: 2 }

/** An order in a partition of two. */
const orderIn = (partition: number): ActorAddress => {
  for (let count = 0; ; count++) {
    const address = order(`o-${count}`)
    if (address.shard % 2 === partition) return address
  }
}

const refusedAs = (reason: string) => (error: { _tag: string; reason: string }) =>
  error._tag === "JournalRefused" && error.reason === reason

const recreate = (partition: number) => ({ ...journalStreamConfig(options, 1, partition) })

it("names its streams after their partitions, and gives each the subjects of its shards", () =>
  run(
    Effect.gen(function* () {
      const server = yield* freshServer()
      const { journal } = yield* openJournal(server, undefined, { streams: 3 })
      expect(journal.partitionCount).toBe(3)
      for (const [partition, shards] of [
        [0, 3, 6],
        [1, 4, 7],
        [2, 5],
      ].entries()) {
        expect(yield* admin(server, `STREAM.INFO.${STREAM}-${partition}`)).toMatchObject({
          config: {
            subjects: shards.map((shard) => `${NAMESPACE}.evt.${shard}.*.*`),
            metadata: { "everstate.streams": "3" },
          },
        })
      }
    }),
  ))

it.each([
  [1, 2],
  [2, 1],
  [2, 4],
  [4, 2],
])("refuses a journal of %d streams where %d are asked for, registered or not", (created, asked) =>
  run(
    Effect.gen(function* () {
      const server = yield* freshServer()
      const register = new RegisterMemory()
      const { journal } = yield* openJournal(server, register, { streams: created })
      yield* journal.append(order("a"), 0, bytes("one"))
      for (const known of [register, new RegisterMemory()]) {
        const error = yield* Effect.flip(openJournal(server, known, { streams: asked }))
        expect(error).toMatchObject({ _tag: "JournalRefused", reason: "Foreign" })
        expect(String(error)).toContain("fixed at creation")
      }
      const { streams } = (yield* admin(server, "STREAM.NAMES")) as { streams: Array<string> }
      expect(streams).toHaveLength(created)
    }),
  ),
)

it("refuses no streams, more streams than shards, and parts of one", () =>
  run(
    Effect.gen(function* () {
      const server = yield* freshServer()
      for (const streams of [0, -1, 1.5, SHARD_COUNT + 1]) {
        const error = yield* Effect.flip(openJournal(server, undefined, { streams }))
        expect(error).toMatchObject({ _tag: "JournalRefused", reason: "Foreign" })
        expect(String(error)).toContain("from 1 up to the number of shards")
      }
    }),
  ))

it("opens a journal of one stream that does not say how many it has", () =>
  run(
    Effect.gen(function* () {
      const server = yield* freshServer()
      const one = journalStreamConfig({ namespace: NAMESPACE, shards: SHARD_COUNT }, 1)
      const { "everstate.streams": _, ...metadata } = one.metadata
      yield* admin(server, `STREAM.CREATE.${STREAM}`, { ...one, metadata })
      const { journal } = yield* openJournal(server)
      expect(yield* journal.append(order("a"), 0, bytes("one"))).toBe(1)
      expect(yield* Effect.flip(openJournal(server, undefined, { streams: 2 }))).toMatchObject({
        reason: "Foreign",
      })
    }),
  ))

it("goes on where a creation was cut short, and not where commits may be lost", () =>
  run(
    Effect.gen(function* () {
      const server = yield* freshServer()
      yield* admin(server, `STREAM.CREATE.${STREAM}-0`, recreate(0))
      const { journal } = yield* openJournal(server, undefined, { streams: 2 })
      yield* journal.append(orderIn(0), 0, bytes("one"))
      yield* journal.append(orderIn(1), 0, bytes("one"))
      yield* admin(server, `STREAM.DELETE.${STREAM}-1`)
      const unregistered = yield* Effect.flip(openJournal(server, undefined, { streams: 2 }))
      expect(unregistered).toMatchObject({ reason: "Missing" })
      expect(String(unregistered)).toContain(`${STREAM}-1`)
    }),
  ))

it("FAULT 22: a deleted stream refuses what belongs to its shards alone, and the start; it is never created again", () =>
  run(
    Effect.gen(function* () {
      const server = yield* freshServer()
      const register = new RegisterMemory()
      const { journal } = yield* openJournal(server, register, { streams: 2 })
      const [here, gone] = [orderIn(0), orderIn(1)]
      const first = yield* journal.append(here, 0, bytes("one"))
      const lost = yield* journal.append(gone, 0, bytes("one"))
      yield* admin(server, `STREAM.DELETE.${STREAM}-1`)

      yield* eventuallyFails(journal.append(gone, lost, bytes("two")), refusedAs("Missing"))
      yield* eventuallyFails(journal.last(gone), refusedAs("Missing"))
      yield* eventuallyFails(journal.lastSequence(1), refusedAs("Missing"))
      expect(refusedAs("Missing")(yield* Effect.flip(journal.check))).toBe(true)
      yield* journal.append(here, first, bytes("two"))
      expect(yield* journal.read(here, { after: 0, upTo: first })).toHaveLength(1)
      expect(yield* Effect.flip(openJournal(server, register, { streams: 2 }))).toMatchObject({
        reason: "Missing",
      })

      yield* admin(server, `STREAM.CREATE.${STREAM}-1`, recreate(1))
      yield* eventuallyFails(journal.append(gone, 0, bytes("two")), refusedAs("Replaced"))
      expect(yield* Effect.flip(openJournal(server, register, { streams: 2 }))).toMatchObject({
        reason: "Replaced",
      })
    }),
  ))

it("FAULT 22: refuses to start on a stream that is shorter than was seen, and says how long it was", () =>
  run(
    Effect.gen(function* () {
      const server = yield* freshServer()
      const register = new RegisterMemory()
      const { journal } = yield* openJournal(server, register, { streams: 2 })
      let last = 0
      for (let count = 0; count < 3; count++) last = yield* journal.append(orderIn(1), last, bytes("e"))
      expect(last).toBe(7)
      const identity = register.identities.get(NAMESPACE)
      const [first, second] = identity?.streams ?? []
      if (identity === undefined || first === undefined || second === undefined)
        throw new Error("not registered")
      const seen = (lastSequence: number) =>
        register.identities.set(NAMESPACE, { ...identity, streams: [first, { ...second, lastSequence }] })
      seen(7)
      yield* openJournal(server, register, { streams: 2 })
      seen(9)
      const error = yield* Effect.flip(openJournal(server, register, { streams: 2 }))
      expect(error).toMatchObject({ reason: "Replaced" })
      expect(String(error)).toContain(`${STREAM}-1 ends at 3, but 4 was seen`)
    }),
  ))

it("FAULT 26: an unsafe setting of one stream refuses appends to its shards alone", () =>
  run(
    Effect.gen(function* () {
      const server = yield* freshServer()
      const { journal } = yield* openJournal(server, undefined, { streams: 2 })
      yield* edit(server, `${STREAM}-0`, { allow_rollup_hdrs: true })
      expect(refusedAs("Unsafe")(yield* Effect.flip(journal.check))).toBe(true)
      expect(refusedAs("Unsafe")(yield* Effect.flip(journal.append(orderIn(0), 0, bytes("one"))))).toBe(true)
      yield* journal.append(orderIn(1), 0, bytes("one"))
      yield* edit(server, `${STREAM}-0`, { allow_rollup_hdrs: false })
      yield* eventually(journal.append(orderIn(0), 0, bytes("one")))
      yield* journal.check
    }),
  ))

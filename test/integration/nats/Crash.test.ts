import { Effect, Fiber, Stream } from "effect"
import { expect, it } from "vitest"
import type { ActorAddress } from "../../../runtime/address/ActorAddress.ts"
import type { JournalRecord, JournalService } from "../../../runtime/journal/Journal.ts"
import { bytes, eventually, freshServer, openJournal, order, run, text } from "./NatsFixture.ts"

const actorCount = 64
const killCount = 2
/** Acknowledged appends before each kill, and after the last one. */
const appendsPerRound = 3_000

interface Acknowledged {
  readonly address: ActorAddress
  readonly sequence: number
  readonly data: string
}

/** Appends for ever as one actor; an unknown outcome is settled by re-reading, as a cell does. */
const write = (journal: JournalService, address: ActorAddress, acknowledged: Array<Acknowledged>) =>
  Effect.gen(function* () {
    let last = 0
    for (let version = 1; ; version++) {
      const data = `${address.id} ${version}`
      const result = yield* Effect.result(journal.append(address, last, bytes(data)))
      if (result._tag === "Success") {
        last = result.success
        acknowledged.push({ address, sequence: last, data })
        continue
      }
      expect(result.failure._tag).toBe("AppendUnknown")
      const tail = yield* eventually(journal.last(address))
      if (text(tail?.data) !== data) version--
      last = tail?.sequence ?? 0
    }
  })

it(
  "FAULT 14 and FAULT 34: kill -9 under load loses no acknowledged append, and a follower goes on without gap or repeat",
  () =>
    run(
      Effect.gen(function* () {
        const server = yield* freshServer()
        const { journal } = yield* openJournal(server)
        const acknowledged: Array<Acknowledged> = []
        const followed: Array<JournalRecord> = []
        const follower = yield* Effect.forkChild(
          Stream.runForEach(journal.follow({ types: ["order"], after: 0 }), (batch) =>
            Effect.sync(() => {
              followed.push(...batch)
            }),
          ),
        )
        const writers = yield* Effect.forEach(
          Array.from({ length: actorCount }, (_, index) => order(`o${index}`)),
          (address) => Effect.forkChild(write(journal, address, acknowledged)),
        )
        for (let round = 1; round <= killCount + 1; round++) {
          const enough = acknowledged.length + appendsPerRound
          yield* eventually(
            Effect.suspend(() => (acknowledged.length >= enough ? Effect.void : Effect.fail("not enough"))),
          )
          if (round > killCount) break
          yield* Effect.promise(() => server.kill())
          yield* Effect.promise(() => server.restart())
        }
        yield* Fiber.interruptAll(writers)

        const end = yield* eventually(journal.lastSequence)
        yield* eventually(
          Effect.suspend(() =>
            (followed.at(-1)?.sequence ?? 0) >= end ? Effect.void : Effect.fail("behind"),
          ),
        )
        yield* Fiber.interrupt(follower)
        expect(followed.map(({ sequence }) => sequence)).toEqual(followed.map((_, index) => index + 1))

        const stored = new Map(followed.map(({ sequence, key, data }) => [sequence, `${key}: ${text(data)}`]))
        const lost = acknowledged.filter(
          ({ address, sequence, data }) => stored.get(sequence) !== `${address.key}: ${data}`,
        )
        expect(lost).toEqual([])
        for (let index = 0; index < actorCount; index++) {
          const own = followed
            .filter(({ key }) => key === order(`o${index}`).key)
            .map(({ data }) => text(data))
          expect(own).toEqual(own.map((_, position) => `o${index} ${position + 1}`))
        }
      }),
    ),
  120_000,
)

import { Effect, Fiber, Stream } from "effect"
import { afterAll, expect, it } from "vitest"
import { startNatsCluster } from "../../../infra/embedded.ts"
import type { ActorAddress } from "../../../runtime/address/ActorAddress.ts"
import type { JournalRecord, JournalService } from "../../../runtime/journal/Journal.ts"
import {
  admin,
  behaviours,
  bytes,
  eventually,
  freshFolder,
  freshServer,
  openJournal,
  order,
  run,
  STREAM,
  text,
} from "./NatsFixture.ts"

afterAll(() => behaviours.expectSimulated())

const actorCount = 64
const killCount = 2
/** Acknowledged appends before each kill, and after the last one. */
const appendsPerRound = 1_000

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

/** Waits until `isTrue`. */
const until = (isTrue: () => boolean) =>
  eventually(Effect.suspend(() => (isTrue() ? Effect.void : Effect.fail("not yet"))))

/** Name of the server that leads the journal's stream. */
const streamLeader = (urls: ReadonlyArray<string>) =>
  Effect.flatMap(admin({ url: String(urls) }, `STREAM.INFO.${STREAM}`), (info) => {
    const { cluster, config } = info as { cluster?: { leader?: string }; config?: { num_replicas: number } }
    expect(config?.num_replicas).toBe(3)
    return cluster?.leader === undefined ? Effect.fail("no leader") : Effect.succeed(cluster.leader)
  })

/** Writers and a follower at work while `crash` kills something and brings it back; then the books are checked. */
const crashUnderLoad = (urls: ReadonlyArray<string>, crash: () => Promise<void>) =>
  Effect.gen(function* () {
    const { journal } = yield* openJournal({ url: String(urls) })
    const acknowledged: Array<Acknowledged> = []
    const followed: Array<JournalRecord> = []
    const follower = yield* Effect.forkChild(
      Stream.runForEach(journal.follow({ types: ["order"], after: 0, partition: 0 }), (batch) =>
        Effect.sync(() => {
          followed.push(...batch)
        }),
      ),
    )
    const addresses = Array.from({ length: actorCount }, (_, index) => order(`o${index}`))
    const writers = yield* Effect.forEach(addresses, (address) =>
      Effect.forkChild(write(journal, address, acknowledged)),
    )
    for (let round = 1; round <= killCount + 1; round++) {
      const enough = acknowledged.length + appendsPerRound
      yield* until(() => acknowledged.length >= enough)
      if (round <= killCount) yield* Effect.promise(crash)
    }
    yield* Fiber.interruptAll(writers)

    const end = yield* eventually(journal.lastSequence(0))
    yield* until(() => (followed.at(-1)?.sequence ?? 0) >= end)
    yield* Fiber.interrupt(follower)
    expect(followed.map(({ sequence }) => sequence)).toEqual(followed.map((_, index) => index + 1))

    const stored = new Map(followed.map(({ sequence, key, data }) => [sequence, `${key}: ${text(data)}`]))
    const lost = acknowledged.filter(
      ({ address, sequence, data }) => stored.get(sequence) !== `${address.key}: ${data}`,
    )
    expect(lost).toEqual([])
    for (const address of addresses) {
      const own = followed.filter(({ key }) => key === address.key).map(({ data }) => text(data))
      expect(own).toEqual(own.map((_, position) => `${address.id} ${position + 1}`))
    }
  })

it(
  "FAULT 14 and FAULT 34: kill -9 under load loses no acknowledged append, and a follower goes on without gap or repeat",
  () =>
    run(
      Effect.gen(function* () {
        const server = yield* freshServer()
        yield* crashUnderLoad([server.url], async () => {
          await server.kill()
          await server.restart()
        })
      }),
    ),
  120_000,
)

it(
  "FAULT 16 and FAULT 20: the same on three servers, whose stream leader is killed each time",
  () =>
    run(
      Effect.gen(function* () {
        const folder = yield* freshFolder
        const cluster = yield* Effect.acquireRelease(
          Effect.promise(() => startNatsCluster({ folder, syncAlways: false })),
          (running) => Effect.promise(() => running.stop()),
        )
        yield* crashUnderLoad(cluster.urls, async () => {
          const leader = await Effect.runPromise(eventually(streamLeader(cluster.urls)))
          const server = cluster.servers.find(({ folder: own }) => own.endsWith(`/${leader}`))
          if (server === undefined) throw new Error(`no server is called ${leader}`)
          await server.kill()
          await server.restart()
          await cluster.whenReady()
        })
      }),
    ),
  180_000,
)

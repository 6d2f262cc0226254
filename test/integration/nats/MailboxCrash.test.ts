import { Effect, Fiber, Schedule, Stream } from "effect"
import { expect, it } from "vitest"
import { startNatsCluster } from "../../../infra/embedded.ts"
import type { ActorAddress } from "../../../runtime/address/ActorAddress.ts"
import { type MailboxService, MailboxUnavailable } from "../../../runtime/mailbox/Mailbox.ts"
import { MESSAGES_STREAM, openMailbox, send, until } from "./MailboxFixture.ts"
import { admin, eventually, freshFolder, freshServer, order, run, SHARD_COUNT, text } from "./NatsFixture.ts"

const actorCount = 32
/** Accepted messages before each fault, and after the last one. */
const messagesPerRound = 500

/** Sends for ever to one actor, in order; what may not have been stored is sent again under its id. */
const write = (mailbox: MailboxService, address: ActorAddress, accepted: Map<string, number>) =>
  Effect.gen(function* () {
    for (let number = 1; ; number++) {
      yield* Effect.retry(send(mailbox, address, String(number)), {
        schedule: Schedule.spaced(20),
        while: (error) => error instanceof MailboxUnavailable,
      })
      accepted.set(address.key, number)
    }
  })

/** Writers and receivers of every shard at work while `faults` strike one by one; then the books are checked. */
const strikeUnderLoad = (
  urls: ReadonlyArray<string>,
  faults: ReadonlyArray<Effect.Effect<unknown, unknown>>,
) =>
  Effect.gen(function* () {
    const writing = yield* openMailbox({ url: String(urls) })
    const receiving = yield* openMailbox({ url: String(urls) })
    const accepted = new Map<string, number>()
    /** Numbers per actor in the order in which they came first. */
    const received = new Map<string, Array<number>>()
    let receivedCount = 0
    for (let shard = 0; shard < SHARD_COUNT; shard++) {
      yield* Effect.forkScoped(
        Stream.runForEach(receiving.mailbox.receive(shard), ({ key, data, ack }) => {
          const numbers = received.get(key) ?? []
          received.set(key, numbers)
          const number = Number(text(data))
          if (!numbers.includes(number)) {
            numbers.push(number)
            receivedCount++
          }
          return ack
        }),
      )
    }
    const addresses = Array.from({ length: actorCount }, (_, index) => order(`o${index}`))
    const writers = yield* Effect.forEach(addresses, (address) =>
      Effect.forkChild(write(writing.mailbox, address, accepted)),
    )
    for (const fault of [...faults, Effect.void]) {
      const enough = receivedCount + messagesPerRound
      yield* until(() => receivedCount >= enough)
      yield* fault
    }
    yield* Fiber.interruptAll(writers)
    const isThere = ({ key }: ActorAddress) => (received.get(key)?.length ?? 0) >= (accepted.get(key) ?? 0)
    yield* until(() => addresses.every(isThere))
    for (const { key } of addresses) {
      const numbers = received.get(key) ?? []
      expect(numbers, key).toEqual(numbers.map((_, index) => index + 1))
      expect(numbers.length).toBeGreaterThan(0)
    }
  })

it("FAULT 14, FAULT 32 and FAULT 34: kill -9 of the server loses no accepted message, and the order of each actor holds", () =>
  run(
    Effect.gen(function* () {
      const server = yield* freshServer()
      const crash = Effect.promise(async () => {
        await server.kill()
        await server.restart()
      })
      yield* strikeUnderLoad([server.url], [crash, crash, crash])
    }),
  ))

it(
  "FAULT 16: the same on three servers whose leaders step down, and whose stream leader is killed",
  () =>
    run(
      Effect.gen(function* () {
        const folder = yield* freshFolder
        const cluster = yield* Effect.acquireRelease(
          Effect.promise(() => startNatsCluster({ folder, syncAlways: false })),
          (running) => Effect.promise(() => running.stop()),
        )
        /** A group that has no leader at the moment does not answer: ask again. */
        const api = (call: string) =>
          eventually(Effect.timeout(admin({ url: String(cluster.urls) }, call), 10_000))
        const stepDown = Effect.gen(function* () {
          yield* api(`STREAM.LEADER.STEPDOWN.${MESSAGES_STREAM}`)
          for (let shard = 0; shard < SHARD_COUNT; shard += 2) {
            yield* api(`CONSUMER.LEADER.STEPDOWN.${MESSAGES_STREAM}.shard-${shard}`)
          }
        })
        const kill = Effect.gen(function* () {
          const leader = yield* eventually(
            Effect.flatMap(api(`STREAM.INFO.${MESSAGES_STREAM}`), (info) => {
              const { cluster: group } = info as { cluster?: { leader?: string } }
              return group?.leader === undefined ? Effect.fail("no leader") : Effect.succeed(group.leader)
            }),
          )
          const server = cluster.servers.find(({ folder: own }) => own.endsWith(`/${leader}`))
          expect(server).toBeDefined()
          yield* Effect.promise(async () => {
            await server?.kill()
            await server?.restart()
            await cluster.whenReady()
          })
        })
        yield* strikeUnderLoad(cluster.urls, [stepDown, kill, stepDown])
      }),
    ),
  120_000,
)

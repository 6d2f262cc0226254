/** A reactor on a real server: what a kill of the server and a lost position cost. */
import { Effect, Exit, Layer, Scope } from "effect"
import { expect, it } from "vitest"
import { NatsConnection } from "../../../infra/nats/connection/NatsConnection.ts"
import { JournalNats } from "../../../infra/nats/journal/JournalNats.ts"
import { MailboxNats } from "../../../infra/nats/mailbox/MailboxNats.ts"
import { CheckpointsNats } from "../../../infra/nats/stores/CheckpointsNats.ts"
import { DeadLettersNats } from "../../../infra/nats/stores/DeadLettersNats.ts"
import { EventPublisherNats } from "../../../infra/nats/stores/EventPublisherNats.ts"
import { Checkpoints, type CheckpointsService } from "../../../runtime/checkpoint/Checkpoints.ts"
import { send } from "../../../runtime/definition/Send.ts"
import { type CommandMessage, decodeMessage } from "../../../runtime/mailbox/Message.ts"
import { defineReactor } from "../../../runtime/reactor/Reactor.ts"
import { makeReactorRunner } from "../../../runtime/reactor/ReactorRunner.ts"
import { added, Ledger, LedgerWriter } from "../../unit/projection/Ledger.ts"
import { openMailbox, receiver, until } from "./MailboxFixture.ts"
import { freshServer, NAMESPACE, openJournal, run, SHARD_COUNT } from "./NatsFixture.ts"
import { RegisterMemory } from "./RegisterMemory.ts"

const eventCount = 3_000
const ledgerCount = 20

/** Tells the copy of a ledger what was added, in the order in which it was. */
const mirror = defineReactor({
  name: "mirror",
  from: [Ledger],
  on: {
    Added: ({ amount }, { id }) =>
      send.tell({ actor: Ledger, id: `copy-${id}`, command: { type: "Open", amount } as never }),
  },
})

/** What a killed process leaves behind: its last positions were never stored. */
const forgetful = (checkpoints: CheckpointsService): CheckpointsService => ({
  ...checkpoints,
  advance: () => Effect.void,
})

it("FAULT 14 and FAULT 62: kill -9 of the server and the loss of its position skip no event, send none twice, keep the order", () =>
  run(
    Effect.gen(function* () {
      const server = yield* freshServer()
      const register = new RegisterMemory()
      const { journal } = yield* openJournal(server, register)
      const writer = new LedgerWriter(journal)
      for (let number = 0; number < eventCount; number++) {
        yield* writer.write(`l-${number % ledgerCount}`, added(number))
      }

      const settings = { namespace: NAMESPACE, shards: SHARD_COUNT }
      const ports = Layer.mergeAll(
        JournalNats.layer(settings),
        MailboxNats.layer(settings),
        CheckpointsNats.layer(settings),
        DeadLettersNats.layer(settings),
        EventPublisherNats.layer(settings),
      ).pipe(Layer.provide(NatsConnection.layer({ servers: server.url })), Layer.provide(register.layer))
      const start = Effect.fnUntraced(function* (seen: (real: CheckpointsService) => CheckpointsService) {
        const scope = yield* Scope.make()
        yield* Effect.addFinalizer(() => Scope.close(scope, Exit.void))
        const runner = yield* Effect.gen(function* () {
          const checkpoints = seen(yield* Checkpoints)
          return yield* makeReactorRunner(mirror, { namespace: NAMESPACE, shardCount: SHARD_COUNT }).pipe(
            Effect.provideService(Checkpoints, checkpoints),
            Effect.tap(({ open }) => open(0)),
          )
        }).pipe(Effect.provide(yield* Layer.buildWithScope(ports, scope)), Scope.provide(scope))
        return { status: runner.status, end: Scope.close(scope, Exit.void) }
      })

      const first = yield* start(forgetful)
      yield* until(() => first.status().sentCount >= eventCount / 3)
      yield* Effect.promise(async () => {
        await server.kill()
        await server.restart()
      })
      yield* until(() => first.status().sentCount >= eventCount / 2)
      yield* first.end

      const second = yield* start((real) => real)
      yield* until(() => second.status().sentCount === eventCount)
      expect(second.status()).toMatchObject({ position: eventCount, failedCount: 0 })
      yield* second.end

      const { mailbox } = yield* openMailbox(server)
      const amounts = new Map<string, Array<unknown>>()
      let receivedCount = 0
      for (let shard = 0; shard < SHARD_COUNT; shard++) {
        const take = yield* receiver(mailbox, shard)
        yield* Effect.forkScoped(
          Effect.forever(
            Effect.flatMap(take, ({ key, data, ack }) => {
              const { c } = decodeMessage(data) as CommandMessage
              amounts.set(key, [...(amounts.get(key) ?? []), c["amount"]])
              receivedCount++
              return ack
            }),
          ),
        )
      }
      yield* until(() => receivedCount >= eventCount)
      for (let ledger = 0; ledger < ledgerCount; ledger++) {
        expect(amounts.get(`ledger/copy-l-${ledger}`)).toEqual(
          Array.from({ length: eventCount / ledgerCount }, (_, index) => ledger + index * ledgerCount),
        )
      }
    }),
  ))

/**
 * A reactor on ledgers with everything it needs in memory, faults on demand, and a clock that only moves when told to.
 */
import { Effect, Exit, Layer, References, Scope, Stream } from "effect"
import { TestClock } from "effect/testing"
import { Checkpoints, type CheckpointsService } from "../../../runtime/checkpoint/Checkpoints.ts"
import { DeadLetters, type DeadLettersService } from "../../../runtime/deadletter/DeadLetters.ts"
import { EventPublisher, type EventPublisherService } from "../../../runtime/integration/EventPublisher.ts"
import { Journal, type JournalService } from "../../../runtime/journal/Journal.ts"
import { makeJournalMemory } from "../../../runtime/journal/JournalMemory.ts"
import { Mailbox, type MailboxService, type OutboundMessage } from "../../../runtime/mailbox/Mailbox.ts"
import type { ReactorDefinition } from "../../../runtime/reactor/Reactor.ts"
import { makeReactorRunner, type ReactorRunner } from "../../../runtime/reactor/ReactorRunner.ts"
import { MessagingMemory } from "../../fixtures/memory/MessagingMemory.ts"
import { realDate } from "../../fixtures/time/RealDate.ts"
import { LedgerWriter, shardCount } from "../projection/Ledger.ts"

type Faults<Service> = { -readonly [Verb in keyof Service]?: Service[Verb] }

/** What a port does instead, asked anew at each try; what is left out works. */
export interface ReactorFaults {
  journal: Faults<JournalService>
  mailbox: Faults<MailboxService>
  publisher: Faults<EventPublisherService>
  checkpoints: Faults<CheckpointsService>
  deadLetters: Faults<DeadLettersService>
}

export interface World {
  readonly journal: JournalService
  readonly messaging: MessagingMemory
  readonly writer: LedgerWriter
  readonly faults: ReactorFaults
  /** Every message that was handed to the mailbox and taken, repeats included. */
  readonly taken: Array<OutboundMessage>
  /** Makes it and runs nothing. */
  readonly make: (reactor: ReactorDefinition) => Effect.Effect<ReactorRunner>
  /** Starts it in the scope, in all partitions. */
  readonly start: (reactor: ReactorDefinition) => Effect.Effect<ReactorRunner, never, Scope.Scope>
  /** Starts it in a scope of its own, which `stop` closes. */
  readonly startApart: (
    reactor: ReactorDefinition,
  ) => Effect.Effect<{ readonly runner: ReactorRunner; readonly stop: Effect.Effect<void> }>
}

const makeWorld = (partitionCount: number): World => {
  const journal = makeJournalMemory({ partitionCount })
  const partitions = Array.from({ length: partitionCount }, (_, partition) => partition)
  const messaging = new MessagingMemory()
  const { mailbox, publisher, checkpoints, deadLetters } = messaging
  const taken: Array<OutboundMessage> = []
  const faults: ReactorFaults = { journal: {}, mailbox: {}, publisher: {}, checkpoints: {}, deadLetters: {} }
  const ports = Layer.mergeAll(
    Layer.succeed(Journal, {
      ...journal,
      follow: (options) => Stream.suspend(() => (faults.journal.follow ?? journal.follow)(options)),
    }),
    Layer.succeed(Mailbox, {
      ...mailbox,
      publish: (message) =>
        Effect.suspend(() => (faults.mailbox.publish ?? mailbox.publish)(message)).pipe(
          Effect.tap(() => Effect.sync(() => taken.push(message))),
        ),
    }),
    Layer.succeed(EventPublisher, {
      publish: (event) => Effect.suspend(() => (faults.publisher.publish ?? publisher.publish)(event)),
    }),
    Layer.succeed(Checkpoints, {
      ...checkpoints,
      position: (name) => Effect.suspend(() => (faults.checkpoints.position ?? checkpoints.position)(name)),
      advance: (name, position) =>
        Effect.suspend(() => (faults.checkpoints.advance ?? checkpoints.advance)(name, position)),
    }),
    Layer.succeed(DeadLetters, {
      ...deadLetters,
      add: (letter) => Effect.suspend(() => (faults.deadLetters.add ?? deadLetters.add)(letter)),
    }),
  )
  const make = (reactor: ReactorDefinition) =>
    makeReactorRunner(reactor, { namespace: "shop", shardCount }).pipe(Effect.provide(ports))
  const start = (reactor: ReactorDefinition) =>
    Effect.tap(make(reactor), ({ open }) => Effect.forEach(partitions, open))
  const startApart = Effect.fnUntraced(function* (reactor: ReactorDefinition) {
    const scope = yield* Scope.make()
    const runner = yield* Scope.provide(start(reactor), scope)
    return { runner, stop: Scope.close(scope, Exit.void) }
  })
  return { journal, messaging, writer: new LedgerWriter(journal), faults, taken, make, start, startApart }
}

const quiet = Layer.succeed(References.MinimumLogLevel, "None")

export const inWorld = (
  body: (world: World) => Effect.Effect<void, unknown, Scope.Scope>,
  partitionCount = 1,
): Promise<void> =>
  Effect.runPromise(
    Effect.suspend(() => body(makeWorld(partitionCount))).pipe(
      Effect.scoped,
      Effect.provide(Layer.merge(realDate, quiet)),
    ),
  )

/** Moves the clock in steps until `condition` holds: waits on a condition, in virtual time. */
export const until = (condition: () => boolean, stepMs = 50): Effect.Effect<void> =>
  Effect.gen(function* () {
    for (let step = 0; !condition(); step++) {
      if (step > 5_000) throw new Error("the condition never came true")
      yield* TestClock.adjust(stepMs)
    }
  })

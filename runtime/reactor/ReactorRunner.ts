/**
 * A reactor in a system: its partitions, each run here or by another process.
 *
 * Owns their status, and events that are redriven. When a partition runs: ../follower/Follower.ts. How it
 * runs: ReactorPartition.ts.
 */
import { Clock, Effect } from "effect"
import { Checkpoints } from "../checkpoint/Checkpoints.ts"
import { DeadLetters } from "../deadletter/DeadLetters.ts"
import { type Follower, FollowerParts } from "../follower/Follower.ts"
import { EventPublisher } from "../integration/EventPublisher.ts"
import { Journal } from "../journal/Journal.ts"
import { Mailbox } from "../mailbox/Mailbox.ts"
import type { DispatchPorts } from "../outbox/Dispatcher.ts"
import { type EventPosition, Reacting, type ReactorRedriveFailed } from "./Reacting.ts"
import type { ReactorDefinition } from "./Reactor.ts"
import { runReactorPartition } from "./ReactorPartition.ts"
import { ReactorProgress } from "./ReactorProgress.ts"
import { type ReactorStatus, reactorStatus } from "./ReactorStatus.ts"

export interface ReactorRunner extends Follower {
  readonly reactor: ReactorDefinition
  readonly status: () => ReactorStatus
  /**
   * Reads the event that `position` names from the journal and reacts to it again, with the same message ids. It
   * works on any node, whichever runs the partition.
   */
  readonly redrive: (position: EventPosition) => Effect.Effect<void, ReactorRedriveFailed>
}

type Ports = Journal | Mailbox | Checkpoints | DeadLetters | EventPublisher

/** Makes the reactor, and runs nothing yet. */
export const makeReactorRunner = Effect.fnUntraced(function* (
  reactor: ReactorDefinition,
  settings: { readonly namespace: string; readonly shardCount: number },
): Effect.fn.Return<ReactorRunner, never, Ports> {
  const journal = yield* Journal
  const checkpoints = yield* Checkpoints
  const clock = yield* Clock.Clock
  const ports: DispatchPorts = {
    ...settings,
    mailbox: yield* Mailbox,
    publisher: yield* EventPublisher,
    deadLetters: yield* DeadLetters,
  }
  const { partitionCount } = journal
  const parts = new FollowerParts(partitionCount, (partition) => {
    const progress = new ReactorProgress(partition, partitionCount, clock)
    const reacting = new Reacting(reactor, ports, progress)
    const run = runReactorPartition(reactor, reacting, progress).pipe(
      Effect.provideService(Journal, journal),
      Effect.provideService(Checkpoints, checkpoints),
    )
    return { progress, reacting, run }
  })
  return {
    reactor,
    status: () =>
      reactorStatus(
        reactor.name,
        parts.all.map(({ progress }) => progress.status()),
      ),
    redrive: (position) => parts.of(position.sequence).reacting.redrive(journal, position),
    open: parts.open,
    stopped: parts.stopped,
    skip: parts.skip,
  }
})

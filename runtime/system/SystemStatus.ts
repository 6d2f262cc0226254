/**
 * What a system says of itself, on both faces.
 *
 * Owns the shape, and how the parts of a system fill it in. Readiness and metrics read it.
 */
import type { CallRunner } from "../call/CallRunner.ts"
import type { ActorQuarantined } from "../cell/AskError.ts"
import type { Cells, HaltedActor } from "../cell/Cells.ts"
import type { HealthService, Needed } from "../health/Health.ts"
import type { Inbox } from "../inbox/Inbox.ts"
import type { InboxCounts } from "../inbox/InboxCounts.ts"
import type { OwedItem } from "../outbox/Exceptions.ts"
import type { Outbox } from "../outbox/Outbox.ts"
import type { OutboxCounts } from "../outbox/Sending.ts"
import type { ProjectionStatus } from "../projection/ProjectionStatus.ts"
import type { ReactorStatus } from "../reactor/ReactorStatus.ts"
import type { Router } from "../router/Router.ts"
import type { SagaCounts } from "../saga/SagaCounts.ts"
import type { TransportService } from "../transport/Transport.ts"
import type { ChangeFeeds, WatchCounts } from "../watch/ChangeFeeds.ts"
import type { ClusterCounts } from "./ClusterCounts.ts"
import type { DirectoryFill } from "./DirectoryFill.ts"
import type { Services } from "./Services.ts"
import type { Tells } from "./Tell.ts"
import type { TellCounts } from "./Telling.ts"

/** What a system says of itself. Counts are since start. */
export interface SystemStatus {
  readonly isStopping: boolean
  readonly residentCount: number
  readonly inFlightCount: number
  readonly activatedCount: number
  readonly passivatedCount: number
  readonly answeredCount: number
  readonly committedCount: number
  readonly eventCount: number
  readonly unknownOutcomeCount: number
  readonly actionFailedCount: number
  readonly snapshots: {
    readonly savedCount: number
    readonly droppedCount: number
    readonly failedCount: number
    /** Rows that did not fit the code or could not be read: their actors were replayed. */
    readonly ignoredCount: number
  }
  /** Messages of the mailbox; `openCount` are in work now. */
  readonly messages: InboxCounts & { readonly openCount: number }
  /** Tells of this process that are not of its actors, by the road that they took. */
  readonly tells: Readonly<TellCounts>
  /** What commits carry. */
  readonly outbox: OutboxCounts & {
    /** Items that are being sent, but for those that wait by themselves. */
    readonly pendingCount: number
    /** Messages in the mailbox whose receivers have not taken them yet. */
    readonly waitingInMailboxCount: number
    /** Items that could not be sent so far, each with its reason. They are tried again. */
    readonly owed: ReadonlyArray<OwedItem>
  }
  readonly calls: CallRunner["counts"] & { readonly runningCount: number }
  /** Asks that other nodes were sent. */
  readonly routed: Router["counts"]
  /** Watchers of actors that this node has, and what they were told. */
  readonly watches: Readonly<WatchCounts>
  /** Requests to this node that were refused because their reply subject is no inbox of the namespace. */
  readonly refusedRequestCount: number
  /** What happened in the cluster. */
  readonly cluster: ClusterCounts
  readonly quarantined: ReadonlyArray<ActorQuarantined>
  /** Sagas in memory that are stuck because the code does not have their plan. */
  readonly halted: ReadonlyArray<HaltedActor>
  readonly projections: ReadonlyArray<ProjectionStatus>
  /** Sagas that start with an event have one each, `start-<type>`. */
  readonly reactors: ReadonlyArray<ReactorStatus>
  /** How often sagas started, ended and got stuck, by saga type. */
  readonly sagas: ReadonlyArray<Readonly<SagaCounts>>
  /** The directory of actors, as far as this node fills it. */
  readonly directory: {
    /** Rows that this node has filled in, because their commits did not say enough. */
    readonly filledCount: number
    /** Commits for whose state the definition of the actor could not give its columns. */
    readonly columnsFailedCount: number
  }
  /** Streams, buckets and consumers that the system needs, as they were a few seconds ago at most. */
  readonly needed: ReadonlyArray<Needed>
}

/** The parts of a system that have something to say. */
interface StatusParts {
  readonly isStopping: boolean
  readonly cells: Cells
  readonly inbox: Inbox
  readonly tells: Tells
  readonly outbox: Outbox
  readonly calls: CallRunner
  readonly router: Router
  readonly feeds: ChangeFeeds
  readonly transport: TransportService
  readonly clusterCounts: ClusterCounts
  readonly counted: { readonly counts: ReadonlyArray<SagaCounts> }
  readonly services: Services
  readonly health: HealthService
  readonly fill: DirectoryFill | undefined
}

/** The status now. */
export const statusOf = (parts: StatusParts): SystemStatus => {
  const { cells, inbox, outbox, calls, router, feeds, transport, services, counted, health } = parts
  const { unknownCount, columnsFailedCount, ...counts } = cells.counts
  return {
    isStopping: parts.isStopping,
    residentCount: cells.residentCount(),
    inFlightCount: cells.inFlightCount(),
    ...counts,
    unknownOutcomeCount: unknownCount,
    snapshots: { ...cells.snapshotWriter.counts, ignoredCount: cells.ignoredSnapshots.count },
    messages: {
      ...inbox.counts,
      // The letter of a message that its actor refused is sent by the actor's outbox.
      deadLetterCount: inbox.counts.deadLetterCount + outbox.counts.letterCount,
      openCount: inbox.openCount(),
    },
    tells: { ...parts.tells.counts },
    outbox: {
      ...outbox.counts,
      pendingCount: outbox.pendingCount(),
      waitingInMailboxCount: outbox.waitingInMailboxCount(),
      owed: outbox.owed(),
    },
    calls: { ...calls.counts, runningCount: calls.runningCount() },
    routed: { ...router.counts },
    watches: feeds.counts(),
    refusedRequestCount: transport.refusedCount(),
    cluster: { ...parts.clusterCounts },
    quarantined: cells.quarantined(),
    halted: cells.halted(),
    projections: Array.from(services.projections.values(), (runner) => runner.status()),
    sagas: counted.counts.map((one) => ({ ...one })),
    reactors: Array.from(services.reactors.values(), (runner) => runner.status()),
    directory: { filledCount: parts.fill?.filledCount() ?? 0, columnsFailedCount },
    needed: health.needed(),
  }
}

/**
 * `everstate/operations`: status, cluster, dead letters, history, health, and the catalog of events. Every public name is
 * in this list.
 *
 * @module everstate/operations
 */
export { CheckpointsUnavailable } from "./checkpoint/Checkpoints.ts"
export type { ClientStatus } from "./client/ActorClient.ts"
export type { ClusterEvent } from "./cluster/ClusterEvent.ts"
export { LeasesUnavailable } from "./cluster/Leases.ts"
export type { HostedTypes, MemberRecord, MemberState } from "./cluster/Member.ts"
export {
  type DeadLetter,
  type DeadLetterReason,
  DeadLettersUnavailable,
  type StoredDeadLetter,
} from "./deadletter/DeadLetters.ts"
export type { DirectoryError, QuarantinedActor } from "./directory/ActorDirectory.ts"
export { type ActorRow, ActorsTable } from "./directory/ActorsTable.ts"
export type {
  CorrelatedCommand,
  Correlation,
  CorrelationError,
  CorrelationOptions,
} from "./directory/Correlations.ts"
export type { DirectorySettings } from "./directory/DirectoryTables.ts"
export {
  type ActorCounts,
  type ActorsPage,
  type AnyColumns,
  type ColumnsListed,
  type CountOptions,
  DirectoryOff,
  InvalidListing,
  type ListedActor,
  type ListOptions,
  type Quarantine,
} from "./directory/Listing.ts"
export type { TransitionCount, TransitionCounts } from "./directory/TransitionCounts.ts"
export { readEvent, type StoredEvent } from "./event/Event.ts"
export type { SkipOrder, SkipReport, StoppedRecord } from "./follower/RecordSkip.ts"
export { type HealthProblem, type Needed, Unhealthy } from "./health/Health.ts"
export { type AsyncApiDocument, type AsyncApiInfo, asyncApiOf } from "./integration/AsyncApi.ts"
export { type EventCatalog, eventCatalogOf } from "./integration/EventCatalog.ts"
export { eventCatalogPage } from "./integration/EventCatalogPage.ts"
export type { BulkJob } from "./office/BulkJobs.ts"
export {
  type BulkOptions,
  type BulkReport,
  type BulkTask,
  type BulkVerb,
  DeadLetterNotFound,
  DeadLetterNotRedrivable,
  type DeadLetterOffice,
  type RedriveError,
} from "./office/DeadLetterOffice.ts"
export { type Operation, OperationLogUnavailable, type StoredOperation } from "./operation/OperationLog.ts"
export type { ProjectionPartitionStatus, ProjectionStatus } from "./projection/ProjectionStatus.ts"
export { OffsetMoved, ProjectionFailed, ReadModelUnavailable } from "./projection/ReadModel.ts"
export type { RebuildOrder } from "./projection/Rebuild.ts"
export type { ActorDirectory, ClusterControl, DeadLetters, ProjectionControl } from "./promise/ActorSystem.ts"
export { ReactorRedriveFailed } from "./reactor/Reacting.ts"
export type { ReactorPartitionStatus, ReactorStatus } from "./reactor/ReactorStatus.ts"
export type {
  ClusterError,
  ClusterStatus,
  MemberStanding,
  MemberStatus,
  SlotStatus,
} from "./system/ClusterControl.ts"
export { ClusterVerbFailed } from "./system/ClusterVerbFailed.ts"
export type { DryRun, DryRunItem, DryRunOptions } from "./system/DryRun.ts"
export type { HistoryCursor, HistoryOptions, HistoryPage } from "./system/History.ts"
export type { MemberLoad } from "./system/MemberAnswers.ts"
export { InvalidMoment, type PastMoment, type PastState } from "./system/PastMoment.ts"
export type { PendingWork } from "./system/PendingWork.ts"
export type { RebuildReport } from "./system/ProjectionControl.ts"
export type { SystemStatus } from "./system/SystemStatus.ts"

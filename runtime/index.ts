/**
 * Every public name of the runtime, explicitly. A reader starts here: the definitions, then what they are made of.
 */

export { ACTOR_ID_LENGTH_MAX, InvalidActorId } from "./address/ActorAddress.ts"
export {
  CALL_DEFAULTS,
  type CallArgs,
  type CallError,
  type CallOptions,
  CallRefused,
  defineCall,
} from "./call/Call.ts"
export {
  ActorExists,
  ActorQuarantined,
  ActorUnborn,
  type AskError,
  AskTimeout,
  Busy,
  CommandFailed,
  CommandIdReused,
  CommandRejected,
  InvalidCommand,
  isRejectionOf,
  PayloadTooLarge,
  type ReadError,
  SystemStopped,
  Unavailable,
  UnknownActorType,
  VersionConflict,
} from "./cell/AskError.ts"
export { type Accepted, type CurrentState, QUEUE_ITEMS_MAX } from "./cell/Waiting.ts"
export { CheckpointsUnavailable } from "./checkpoint/Checkpoints.ts"
export type { ClientOptions, ClientStatus } from "./client/ActorClient.ts"
export type { ClusterEvent } from "./cluster/ClusterEvent.ts"
export { LeasesUnavailable } from "./cluster/Leases.ts"
export type { HostedTypes, MemberRecord, MemberState, NodeOptions } from "./cluster/Member.ts"
export type { AskOptions } from "./command/Ask.ts"
export type { Metadata } from "./commit/Commit.ts"
export {
  type DeadLetter,
  type DeadLetterReason,
  DeadLettersUnavailable,
  type StoredDeadLetter,
} from "./deadletter/DeadLetters.ts"
export {
  type ActorDefinition,
  type ActorOptions,
  type AnyActor,
  type BirthInputOf,
  COMMANDS_REMEMBERED_DEFAULT,
  type CommandDefinition,
  type CommandsOf,
  type DecideInput,
  defineActor,
  defineCommand,
  type EventsOf,
  type ReasonsOf,
  type ReplyOf,
  SNAPSHOT_EVERY_EVENTS_DEFAULT,
  type StateOf,
} from "./definition/Actor.ts"
export {
  type Acceptance,
  type AcceptOptions,
  accept,
  type Decided,
  type Rejection,
  reject,
} from "./definition/Decision.ts"
export type { DefinitionOf } from "./definition/DefinitionOf.ts"
export { InvalidDefinition } from "./definition/InvalidDefinition.ts"
export { type MessageTo, send } from "./definition/Send.ts"
export { type ErrorKind, EverstateError, isEverstateError, type Retry } from "./error/EverstateError.ts"
export {
  type AnyEvent,
  defineEvent,
  type EventDefinition,
  type EventOf,
  EventUnreadable,
  readEvent,
  type StoredEvent,
  type Upcaster,
} from "./event/Event.ts"
export { defineIntegrationEvent, type IntegrationEventDefinition } from "./event/IntegrationEvent.ts"
export {
  type AnySchema,
  type InputOf,
  type OutputOf,
  SchemaIssue,
  type Validated,
  validate,
} from "./event/Schema.ts"
export type { SkipOrder, SkipReport, StoppedRecord } from "./follower/RecordSkip.ts"
export { type HealthProblem, type Needed, Unhealthy } from "./health/Health.ts"
export { type AsyncApiDocument, type AsyncApiInfo, asyncApiOf } from "./integration/AsyncApi.ts"
export { type EventCatalog, eventCatalogOf } from "./integration/EventCatalog.ts"
export { eventCatalogPage } from "./integration/EventCatalogPage.ts"
export { type JournalReadError, JournalRefused, JournalUnavailable } from "./journal/Journal.ts"
export { JSON_DEPTH_MAX } from "./json/Json.ts"
export type { MachineState } from "./machine/Machine.ts"
export { MachineFailed } from "./machine/MachineFailed.ts"
export { stateName } from "./machine/StateName.ts"
export { announce } from "./message/Announce.ts"
export {
  type Answer,
  type Answered,
  dispatch,
  type Outgoing,
  RequestRef,
  type ToSend,
} from "./message/Outgoing.ts"
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
export {
  type Column,
  type ColumnType,
  defineProjection,
  type FoldedTable,
  type OnProjectionError,
  type ProjectedEvent,
  type ProjectionDefinition,
  type RowOf,
  type Sql,
} from "./projection/Projection.ts"
export {
  type ProjectionPartitionStatus,
  type ProjectionStatus,
  ProjectionTimeout,
} from "./projection/ProjectionStatus.ts"
export { OffsetMoved, ProjectionFailed, ReadModelUnavailable } from "./projection/ReadModel.ts"
export type { ActorRef } from "./promise/ActorRef.ts"
export type { ClusterControl, DeadLetters } from "./promise/ActorSystem.ts"
export { ReactorRedriveFailed } from "./reactor/Reacting.ts"
export { defineReactor, type Reaction, type ReactorDefinition, type ReactorMeta } from "./reactor/Reactor.ts"
export type { ReactorPartitionStatus, ReactorStatus } from "./reactor/ReactorStatus.ts"
export {
  CHECK_STATES_MAX,
  type CheckChangeOptions,
  type CheckSagaOptions,
  checkSaga,
  type SagaCheck,
  SagaCheckFailed,
} from "./saga/CheckSaga.ts"
export {
  type AnySaga,
  defineSaga,
  type SagaActor,
  type SagaDefinition,
  type SagaInputOf,
  type SagaOptions,
  type SagaResultsOf,
  type SagaStart,
  type SagaState,
  type StartsWhen,
} from "./saga/Saga.ts"
export type { SagaCommand, SagaEvent, SagaInput } from "./saga/SagaEvents.ts"
export type { SagaItem, SagaItemStatus, SagaLedger, SagaStuck } from "./saga/SagaLedger.ts"
export type { SagaPicture } from "./saga/SagaPicture.ts"
export {
  COMPENSATION_RETRY_DEFAULTS,
  REQUEST_RETRY_DEFAULTS,
  type RetryOptions,
  SAGA_ANSWER_WAIT_MS_DEFAULT,
  SAGA_ITEM_KEY_LENGTH_MAX,
  SAGA_ITEMS_MAX,
  type SagaCause,
} from "./saga/SagaPlan.ts"
export type { ItemArgs, SagaBranches, SagaSteps, StepArgs, StepTimes } from "./saga/SagaSteps.ts"
export { defineSingleton, type SingletonDefinition } from "./singleton/Singleton.ts"
export type { BearingOptions, ReadOptions, SpawnArguments, Spawned, SpawnOptions } from "./system/ActorRef.ts"
export {
  type ClusterError,
  type ClusterStatus,
  ClusterVerbFailed,
  type MemberStanding,
  type MemberStatus,
  type SlotStatus,
} from "./system/ClusterControl.ts"
export {
  HISTORY_PAGE_MAX,
  type HistoryBirth,
  type HistoryCursor,
  type HistoryOptions,
  type HistoryPage,
  InvalidMoment,
  type PastMoment,
  type PastState,
} from "./system/History.ts"
export type { MemberLoad } from "./system/MemberAnswers.ts"
export { type Seen, UnknownProjection, type WaitOptions } from "./system/ReadSide.ts"
export type { When } from "./system/Scheduling.ts"
export { SYSTEM_DEFAULTS, type SystemSettings } from "./system/SystemSettings.ts"
export type { SystemStatus } from "./system/SystemStatus.ts"
export type { TellError, TellingOptions, Told } from "./system/Tell.ts"

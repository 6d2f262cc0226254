/**
 * What programs define and ask: actors, events, projections, reactors, singletons, messages, and the errors of asking.
 *
 * Every public name is in this list. Sagas: saga.ts. What operators see and do: operations.ts.
 */
export { InvalidActorId } from "./address/ActorAddress.ts"
export { type CallArgs, type CallError, type CallOptions, CallRefused, defineCall } from "./call/Call.ts"
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
  type NotAcceptedDetail,
  PayloadTooLarge,
  type ReadError,
  SystemStopped,
  Unavailable,
  UnknownActorType,
  VersionConflict,
} from "./cell/AskError.ts"
export type { Accepted, CurrentState } from "./cell/Waiting.ts"
export type { ClientOptions } from "./client/ActorClient.ts"
export type { NodeOptions } from "./cluster/Member.ts"
export type { AskOptions } from "./command/Ask.ts"
export type { Metadata } from "./commit/Commit.ts"
export {
  type ActorDefinition,
  type ActorOptions,
  type AnyActor,
  type BirthInputOf,
  type ColumnsOf,
  type CommandDefinition,
  type CommandsOf,
  type DecideInput,
  defineActor,
  defineCommand,
  type EventsOf,
  type ReasonsOf,
  type ReplyOf,
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
export type {
  ColumnsInput,
  ColumnValue,
  ColumnValues,
  DirectoryColumns,
} from "./definition/DirectoryColumns.ts"
export { InvalidDefinition } from "./definition/InvalidDefinition.ts"
export type { ResultOf } from "./definition/ResultOf.ts"
export { type MessageTo, send } from "./definition/Send.ts"
export { type ErrorKind, EverstateError, isEverstateError, type Retry } from "./error/EverstateError.ts"
export {
  type AnyEvent,
  defineEvent,
  type EventDefinition,
  type EventOf,
  EventUnreadable,
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
export { type JournalReadError, JournalRefused, JournalUnavailable } from "./journal/Journal.ts"
export { DEFAULTS, LIMITS } from "./limits.ts"
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
export { ProjectionTimeout } from "./projection/ProjectionStatus.ts"
export type { ActorRef } from "./promise/ActorRef.ts"
export type { Iteration } from "./promise/Iteration.ts"
export { defineReactor, type Reaction, type ReactorDefinition, type ReactorMeta } from "./reactor/Reactor.ts"
export { defineSingleton, type SingletonDefinition } from "./singleton/Singleton.ts"
export type { BearingOptions, SpawnArguments, Spawned, SpawnOptions } from "./system/ActorRef.ts"
export type { ReadOptions } from "./system/Asker.ts"
export type { HistoryBirth } from "./system/History.ts"
export { type Seen, UnknownProjection, type WaitOptions } from "./system/ReadSide.ts"
export { ActorFailed, type ResultError, type ResultOptions, ResultTimeout } from "./system/Result.ts"
export type { When } from "./system/Scheduling.ts"
export type { SystemSettings } from "./system/SystemSettings.ts"
export type { TellError, TellingOptions, Told } from "./system/Telling.ts"
export type { EventsOptions, WatchOptions } from "./system/Watch.ts"
export type { Change } from "./watch/Change.ts"
export type { WatchError } from "./watch/WatchError.ts"

/**
 * `everstate/adapter`: the ten ports that a system stands on, for adapters to other stores, and the contract of each. Every
 * public name is in this list.
 *
 * Each port is a service of Effect. Its contract is a suite of tests, which a test runner of your choice runs on your
 * adapter: `checkpointsContract({ describe, test }, { name: "Redis", layer })`. `ActorSystem.layer(options)` of
 * `everstate/effect` is a system on any ports.
 *
 * @module everstate/adapter
 */
export {
  Checkpoints,
  type CheckpointsService,
  CheckpointsUnavailable,
} from "./checkpoint/Checkpoints.ts"
export {
  LeaseConflict,
  type LeaseHint,
  type LeaseRecord,
  Leases,
  type LeasesService,
  LeasesUnavailable,
  type LeaseWriteError,
} from "./cluster/Leases.ts"
export { checkpointsContract } from "./contract/CheckpointsContract.ts"
export {
  CONTRACT_SHARD_COUNT,
  type ContractOptions,
  type ContractRunner,
  type PortContractOptions,
} from "./contract/ContractSuite.ts"
export { deadLettersContract } from "./contract/DeadLettersContract.ts"
export { eventPublisherContract, type PublisherUnderTest } from "./contract/EventPublisherContract.ts"
export { ContractBroken } from "./contract/Expectation.ts"
export { journalContract } from "./contract/JournalContract.ts"
export { journalRegisterContract } from "./contract/JournalRegisterContract.ts"
export { type LeasesPair, leasesContract } from "./contract/LeasesContract.ts"
export { type MailboxContractOptions, mailboxContract } from "./contract/MailboxContract.ts"
export { operationLogContract } from "./contract/OperationLogContract.ts"
export { readModelContract } from "./contract/ReadModelContract.ts"
export type { ReadModelUnderTest } from "./contract/ReadModelUnderTest.ts"
export { snapshotStoreContract } from "./contract/SnapshotStoreContract.ts"
export { type TransportPair, transportContract } from "./contract/TransportContract.ts"
export {
  DEAD_LETTER_PAGE_MAX,
  type DeadLetter,
  DeadLetters,
  type DeadLettersService,
  DeadLettersUnavailable,
  type StoredDeadLetter,
} from "./deadletter/DeadLetters.ts"
export {
  EventPublisher,
  type EventPublisherService,
  type PublishedEvent,
  PublisherUnavailable,
} from "./integration/EventPublisher.ts"
export {
  type Append,
  type AppendAnswer,
  type AppendUnderWay,
  AppendUnknown,
  JOURNAL_PAGE_BYTES_MAX,
  JOURNAL_PAGE_RECORDS_MAX,
  Journal,
  type JournalReadError,
  type JournalRecord,
  JournalRefused,
  type JournalService,
  JournalUnavailable,
} from "./journal/Journal.ts"
export {
  type JournalIdentity,
  JournalRegister,
  type JournalRegisterService,
  JournalRegisterUnavailable,
  type JournalStreamIdentity,
} from "./journal/JournalRegister.ts"
export {
  type Acknowledged,
  type Backlog,
  type Delivery,
  Mailbox,
  type MailboxError,
  MailboxRefused,
  type MailboxService,
  MailboxUnavailable,
  type MessageSentinels,
  type OutboundMessage,
  type ReceiverGroup,
  type ScheduledMessage,
  type StoredMessage,
} from "./mailbox/Mailbox.ts"
export {
  type Operation,
  OperationLog,
  type OperationLogService,
  OperationLogUnavailable,
  type StoredOperation,
} from "./operation/OperationLog.ts"
export type { ProjectedEvent, ProjectionDefinition } from "./projection/Projection.ts"
export {
  OffsetMoved,
  type ProjectionBatch,
  type ProjectionDeadLetter,
  ProjectionFailed,
  type ProjectionOffset,
  ReadModel,
  type ReadModelService,
  ReadModelUnavailable,
} from "./projection/ReadModel.ts"
export type {
  Amendment,
  Comparable,
  Condition,
  RowCount,
  RowQuery,
  TableQueries,
} from "./projection/TableQueries.ts"
export {
  SnapshotStore,
  type SnapshotStoreService,
  SnapshotStoreUnavailable,
  type StoredSnapshot,
} from "./snapshot/SnapshotStore.ts"
export {
  RequestFailed,
  type RequestHandler,
  Transport,
  type TransportService,
} from "./transport/Transport.ts"

/**
 * Every public name of the runtime, explicitly. A reader starts here: the definitions, then what they are made of.
 */
export {
  type ActorDefinition,
  type ActorOptions,
  type AnyActor,
  COMMANDS_REMEMBERED_DEFAULT,
  type CommandDefinition,
  type CommandsOf,
  command,
  type DecideInput,
  defineActor,
  type EventsOf,
  type ReasonsOf,
  type ReplyOf,
  SNAPSHOT_EVERY_EVENTS_DEFAULT,
  type StateOf,
} from "./definition/Actor.ts"
export {
  type Acceptance,
  accept,
  type Decided,
  type Rejection,
  reject,
} from "./definition/Decision.ts"
export { DefinitionError } from "./definition/DefinitionError.ts"
export {
  type AnyEvent,
  type EventDefinition,
  type EventOf,
  EventUnreadable,
  event,
  readEvent,
  type StoredEvent,
  type Upcaster,
} from "./definition/Event.ts"
export {
  type AnySchema,
  type InputOf,
  type OutputOf,
  SchemaIssue,
  type Validated,
  validate,
} from "./definition/Schema.ts"
export type { Metadata } from "./journal/Commit.ts"
export { MachineFailed, type MachineState, stateName } from "./machine/Machine.ts"
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

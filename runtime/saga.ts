/**
 * `everstate/saga`: long transactions over several actors, and their check. Every public name is in this list.
 *
 * @module everstate/saga
 */
export {
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
export type { RetryOptions, SagaCause } from "./saga/SagaPlan.ts"
export type { SagaResult } from "./saga/SagaResult.ts"
export type { ItemArgs, SagaBranches, SagaSteps, StepArgs, StepTimes } from "./saga/SagaSteps.ts"

/**
 * `everstate/testing`: what users test their actors with. Every public name is in this list.
 *
 * @module everstate/testing
 */
export { INVARIANTS, type InvariantName } from "./invariant/Invariant.ts"
export {
  type Expected,
  type ExpectedState,
  type Outcomes,
  type Scenario,
  testActor,
  type WhenOptions,
} from "./testing/Scenario.ts"
export type { ExpectedCall, ExpectedPublication, ExpectedTimer } from "./testing/ScenarioEffects.ts"
export { ScenarioFailed } from "./testing/ScenarioFailed.ts"
export type { Request } from "./testing/simulation/Client.ts"
export {
  type CoverageLine,
  type CoverageReport,
  coverageReport,
} from "./testing/simulation/CoverageReport.ts"
export { SimulationEscape } from "./testing/simulation/EscapeTrap.ts"
export { FAULT_KINDS, type FaultKind, type Port } from "./testing/simulation/FaultKind.ts"
export type { FaultRates } from "./testing/simulation/Faults.ts"
export type { ServerName } from "./testing/simulation/Network.ts"
export { Randomness } from "./testing/simulation/Randomness.ts"
export type { Case, Shrunk } from "./testing/simulation/Shrink.ts"
export {
  MarkNeverReached,
  type RegressionCase,
  replayCase,
  type SimulateOptions,
  SimulationDiverged,
  SimulationFailed,
  type SimulationReport,
  simulate,
} from "./testing/simulation/Simulate.ts"
export type { CallStandIn, CallStandIns, StandInArgs } from "./testing/simulation/SimulatedCalls.ts"
export type { PortDoubles } from "./testing/simulation/SimulatedNode.ts"
export { sometimes } from "./testing/simulation/Sometimes.ts"
export {
  playStory,
  type Simulation,
  type StoryOptions,
  type StoryOutcome,
  type VerbOptions,
} from "./testing/simulation/Story.ts"
export type { RunOutcome } from "./testing/simulation/SwarmRun.ts"
export type { ActorSeen, Invariant, SystemUnderTest } from "./testing/simulation/SystemUnderTest.ts"
export type { TraceEntry } from "./testing/simulation/Trace.ts"
export { PROMISES, Violation } from "./testing/simulation/Violation.ts"
export { type Draw, InvalidWorkload, type Workload } from "./testing/simulation/Workload.ts"

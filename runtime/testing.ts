/** `everstate/testing`: what users test their actors with. Every public name is in this list. */
export {
  type Expected,
  type ExpectedState,
  type Outcomes,
  type Scenario,
  ScenarioFailed,
  testActor,
  type WhenOptions,
} from "./testing/Scenario.ts"

/**
 * All constructs of XState that are run plain and durable, in the order in which docs/XSTATE.md has them.
 *
 * Owns the groups. The machines themselves: cases/.
 */
import type { Construct } from "./ConformanceCase.ts"
import { actions } from "./cases/Actions.ts"
import { births } from "./cases/Births.ts"
import { callFailures } from "./cases/CallFailures.ts"
import { calls } from "./cases/Calls.ts"
import { childKinds } from "./cases/ChildKinds.ts"
import { childLives } from "./cases/ChildLives.ts"
import { childTalk } from "./cases/ChildTalk.ts"
import { eventActions } from "./cases/EventActions.ts"
import { forms } from "./cases/Forms.ts"
import { games } from "./cases/Games.ts"
import { guards } from "./cases/Guards.ts"
import { history } from "./cases/History.ts"
import { invokedChildren } from "./cases/InvokedChildren.ts"
import { jobs } from "./cases/Jobs.ts"
import { memory } from "./cases/Memory.ts"
import { promiseSelf } from "./cases/PromiseSelf.ts"
import { setups } from "./cases/Setups.ts"
import { spawnedChildren } from "./cases/SpawnedChildren.ts"
import { states } from "./cases/States.ts"
import { timers } from "./cases/Timers.ts"
import { transitions } from "./cases/Transitions.ts"
import { values } from "./cases/Values.ts"
import { workflows } from "./cases/Workflows.ts"

export const CONSTRUCT_GROUPS: Readonly<Record<string, ReadonlyArray<Construct>>> = {
  States: [...states, ...history],
  Transitions: transitions,
  Guards: guards,
  Actions: [...actions, ...eventActions],
  Timers: timers,
  Calls: [...calls, ...promiseSelf, ...callFailures],
  Children: [
    {
      construct: "`invoke` of machines and `fromTransition`, `onDone`, `onError`, `onSnapshot`",
      cases: invokedChildren,
    },
    {
      construct: "`spawn`, `spawnChild`, `stopChild`, references in a context, `systemId`",
      cases: spawnedChildren,
    },
    {
      construct: "`sendTo`, `sendParent`, `forwardTo` between parents, children and siblings",
      cases: childTalk,
    },
    ...childKinds,
    ...childLives,
  ],
  "Birth and input": births,
  Values: values,
  "How a machine is made": setups,
  "What lives in memory only": memory,
  "Whole machines": [
    { construct: "Forms and sessions", cases: forms },
    { construct: "Games and devices", cases: games },
    { construct: "Workflows of people", cases: workflows },
    { construct: "Workflows of services", cases: jobs },
  ],
}

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
import { childTalk } from "./cases/ChildTalk.ts"
import { eventActions } from "./cases/EventActions.ts"
import { guards } from "./cases/Guards.ts"
import { history } from "./cases/History.ts"
import { invokedChildren } from "./cases/InvokedChildren.ts"
import { memory } from "./cases/Memory.ts"
import { spawnedChildren } from "./cases/SpawnedChildren.ts"
import { states } from "./cases/States.ts"
import { timers } from "./cases/Timers.ts"
import { transitions } from "./cases/Transitions.ts"
import { values } from "./cases/Values.ts"

export const CONSTRUCT_GROUPS: Readonly<Record<string, ReadonlyArray<Construct>>> = {
  States: [...states, ...history],
  Transitions: transitions,
  Guards: guards,
  Actions: [...actions, ...eventActions],
  Timers: timers,
  Calls: [...calls, ...callFailures],
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
  ],
  "Birth and input": births,
  Values: values,
  "What lives in memory only": memory,
}

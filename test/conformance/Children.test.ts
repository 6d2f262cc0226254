/** Machines with children behave as in XState, however often their actor comes back. */
import { describe, it } from "vitest"
import { expectConformance } from "./Conformance.ts"
import { childTalk } from "./cases/ChildTalk.ts"
import { invokedChildren } from "./cases/InvokedChildren.ts"
import { spawnedChildren } from "./cases/SpawnedChildren.ts"

describe("a machine with", () => {
  it.each([...invokedChildren, ...spawnedChildren, ...childTalk])("$name", (given) =>
    expectConformance(given),
  )
})

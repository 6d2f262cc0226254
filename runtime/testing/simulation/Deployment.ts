/**
 * A deployment in the middle of a run: all nodes go down at once, and come back with other code.
 *
 * Owns its time, and which code a node is given that starts now. Nodes that go down and come back before it run the
 * former code again.
 */
import { CHAOS_MS } from "./Chaos.ts"
import type { SimulatedNode } from "./SimulatedNode.ts"
import type { World } from "./World.ts"

/** How long a node takes to start, in virtual milliseconds. */
const START_MS = { min: 10, max: 2_000 }

export class Deployment<Code> {
  readonly former: Code
  /** When it takes place, in virtual milliseconds. */
  readonly atMs: number
  isOver = false

  constructor(world: World, former: Code, nodes: () => ReadonlyArray<SimulatedNode>) {
    const random = world.random.stream("deployment")
    this.former = former
    this.atMs = random.between(0, CHAOS_MS)
    world.after(this.atMs, undefined, () => {
      this.isOver = true
      world.mark("the code changes")
      for (const node of nodes()) {
        node.crash()
        world.after(random.between(START_MS.min, START_MS.max), undefined, () => node.restart())
      }
    })
  }
}

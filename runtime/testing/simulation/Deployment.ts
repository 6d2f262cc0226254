/**
 * A deployment during a run: all nodes stop at once, and start again with other code.
 *
 * Owns its time, and which code a starting node gets. Nodes that restart before the deployment run the former
 * code again.
 */
import { CHAOS_MS } from "./Chaos.ts"
import type { SimulatedNode } from "./SimulatedNode.ts"
import type { World } from "./World.ts"

/** Time that a node takes to start, in virtual milliseconds. */
const START_MS = { min: 10, max: 2_000 }

export class Deployment<Code> {
  readonly former: Code
  /** Time of the deployment, in virtual milliseconds. */
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

/**
 * Marks: proof that a suite reached a case.
 *
 * A check that never meets its case proves nothing. Call `sometimes` in an invariant, a decision or a guard;
 * `simulate({ sometimes: [...] })` fails if a mark was never reached in all its runs.
 */
import type { World } from "./World.ts"

let current: World | undefined

/** Marks `name` as reached if `condition` holds. Outside of a simulated run it does nothing. */
export const sometimes = (name: string, condition = true): void => {
  if (condition) current?.mark(name)
}

/** Marks made by `work` belong to `world`. */
export const duringRun = <A>(world: World, work: () => A): A => {
  const before = current
  current = world
  try {
    return work()
  } finally {
    current = before
  }
}

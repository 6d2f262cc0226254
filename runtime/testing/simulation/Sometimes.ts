/**
 * Marks: proof that something which a suite should reach was reached.
 *
 * A check that never meets the case it is for proves nothing. Call `sometimes` in an invariant, a decision or a guard;
 * `simulate({ sometimes: [...] })` fails when a mark was never reached over all its runs.
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

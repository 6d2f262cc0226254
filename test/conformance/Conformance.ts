/**
 * Runs one machine plain and durable, and compares them after every step, for every way in which the actor comes back.
 *
 * Owns the comparison: state value, context, status, output, error, tags, children, emitted events and what custom actions
 * did. The runs: PlainRun.ts, DurableRun.ts.
 */
import { expect } from "vitest"
import type { ConformanceCase, ConformanceStep } from "./ConformanceCase.ts"
import { DurableRun, RECOVERIES, type Recovery } from "./DurableRun.ts"
import type { Facts } from "./Facts.ts"
import { PlainRun } from "./PlainRun.ts"

interface Run {
  readonly facts: Facts
  readonly emitted: ReadonlyArray<unknown>
  readonly notes: ReadonlyArray<string>
  readonly start: () => Promise<void>
  readonly send: (event: { readonly type: string }) => Promise<void>
  readonly advance: (ms: number) => Promise<void>
}

/** What is there after the start and after each step. */
const story = async (run: Run, steps: ReadonlyArray<ConformanceStep>): Promise<ReadonlyArray<Facts>> => {
  const told: Array<Facts> = []
  const tell = (step: unknown) =>
    told.push({ step, ...run.facts, emitted: [...run.emitted], notes: [...run.notes] })
  await run.start()
  tell("start")
  for (const step of steps) {
    if ("afterMs" in step) await run.advance((step as { afterMs: number }).afterMs)
    else await run.send(step)
    tell(step)
  }
  return told
}

/** The plain run's story, and the durable one's for a recovery. */
export const storiesOf = async (
  given: ConformanceCase,
  recovery: Recovery,
): Promise<{ readonly plain: ReadonlyArray<Facts>; readonly durable: ReadonlyArray<Facts> }> => ({
  plain: await story(new PlainRun(given, "a-1"), given.steps),
  durable: await story(new DurableRun(given, "a-1", recovery), given.steps),
})

/** Fails where a durable run differs from the plain one, or where the plain one does not end as the case says. */
export const expectConformance = async (given: ConformanceCase): Promise<void> => {
  for (const recovery of RECOVERIES) {
    const { plain, durable } = await storiesOf(given, recovery)
    expect(plain.at(-1), given.name).toMatchObject(given.ends)
    expect(durable, `${given.name}: ${recovery}`).toEqual(plain)
  }
}

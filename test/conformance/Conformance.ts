/**
 * Runs one machine plain and durable, and compares them after every step, for every way in which the actor comes back.
 *
 * Owns the comparison: state value, context, status, output, error, tags, meta, children, what is accepted next, emitted
 * events and what custom actions did. The runs: PlainRun.ts, DurableRun.ts.
 */
import { expect } from "vitest"
import { InvalidDefinition } from "../../runtime/definition/InvalidDefinition.ts"
import { type ConformanceCase, durationOf, eventOf, type Refusal } from "./ConformanceCase.ts"
import { DurableRun, RECOVERIES, type Recovery } from "./DurableRun.ts"
import type { Facts } from "./Facts.ts"
import { PlainRun } from "./PlainRun.ts"

interface Run {
  readonly factsAfter: (events: ReadonlyArray<{ readonly type: string }>) => Facts
  readonly emitted: ReadonlyArray<unknown>
  readonly notes: ReadonlyArray<string>
  readonly start: () => Promise<void>
  readonly send: (event: { readonly type: string }) => Promise<void>
  readonly advance: (ms: number) => Promise<void>
}

type Story = ReadonlyArray<Facts>

/** What is there after the start and after each step. */
const story = async (run: Run, { steps }: ConformanceCase): Promise<Story> => {
  const told: Array<Facts> = []
  const events = [
    ...new Map(steps.flatMap((step) => eventOf(step) ?? []).map((event) => [event.type, event])),
  ]
  const tell = (step: unknown) => {
    const facts = run.factsAfter(events.map(([, event]) => event))
    told.push({ step, ...facts, emitted: [...run.emitted], notes: [...run.notes] })
  }
  await run.start()
  tell("start")
  for (const step of steps) {
    const event = eventOf(step)
    if (event === undefined) await run.advance(durationOf(step))
    else await run.send(event)
    tell(step)
  }
  return told
}

const durableStory = (given: ConformanceCase, recovery: Recovery): Promise<Story> =>
  story(new DurableRun(given, "a-1", recovery), given)

/**
 * Fails where a durable run differs from the plain one, or where the plain one does not end as the case says; for cases that
 * are refused or differ, where that is not as the case says.
 */
export const expectConformance = async (given: ConformanceCase): Promise<void> => {
  const plain = await story(new PlainRun(given, "a-1"), given)
  expect(plain.at(-1), given.name).toMatchObject(given.ends)
  if (given.refused !== undefined) return expectRefusal(given, given.refused)
  for (const recovery of RECOVERIES) {
    const durable = await durableStory(given, recovery)
    if (given.differs === undefined) expect(durable, `${given.name}: ${recovery}`).toEqual(plain)
    else {
      expect(durable, `${given.name} is the same by now: ${recovery}`).not.toEqual(plain)
      expect(durable.at(-1), `${given.name}: ${recovery}`).toMatchObject(given.differs.ends)
    }
  }
}

const expectRefusal = async (given: ConformanceCase, { at, says }: Refusal): Promise<void> => {
  if (at === "definition") {
    const define = () => new DurableRun(given, "a-1", "stays in memory")
    expect(define, given.name).toThrow(InvalidDefinition)
    expect(define, given.name).toThrow(says)
    return
  }
  for (const recovery of RECOVERIES) {
    await expect(durableStory(given, recovery), `${given.name}: ${recovery}`).rejects.toThrow(says)
  }
}

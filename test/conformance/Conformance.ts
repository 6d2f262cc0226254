/**
 * Runs one machine plain and durable, and compares them after every step, for every way in which the actor comes back.
 *
 * Owns the comparison: state value, context, status, output, error, tags, meta, children, what is accepted next, emitted
 * events and what custom actions did. Durable runs are also compared with each other: what a snapshot would keep of them is
 * the same text. The runs: PlainRun.ts, DurableRun.ts.
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
  /** What a snapshot would keep; a plain run keeps none. */
  readonly stored?: string
  readonly notes: ReadonlyArray<string>
  readonly start: () => Promise<void>
  readonly send: (event: { readonly type: string }) => Promise<void>
  readonly advance: (ms: number) => Promise<void>
}

interface Story {
  readonly told: ReadonlyArray<Facts>
  readonly stored: ReadonlyArray<string | undefined>
}

/** What is there after the start and after each step. */
const story = async (run: Run, { steps }: ConformanceCase): Promise<Story> => {
  const told: Array<Facts> = []
  const stored: Array<string | undefined> = []
  const events = [
    ...new Map(steps.flatMap((step) => eventOf(step) ?? []).map((event) => [event.type, event])),
  ]
  const tell = (step: unknown) => {
    const facts = run.factsAfter(events.map(([, event]) => event))
    told.push({ step, ...facts, emitted: [...run.emitted], notes: [...run.notes] })
    stored.push(run.stored)
  }
  await run.start()
  tell("start")
  for (const step of steps) {
    const event = eventOf(step)
    if (event === undefined) await run.advance(durationOf(step))
    else await run.send(event)
    tell(step)
  }
  return { told, stored }
}

const durableStory = (given: ConformanceCase, recovery: Recovery): Promise<Story> =>
  story(new DurableRun(given, "a-1", recovery), given)

/**
 * Fails where a durable run differs from the plain one, or keeps something else after another recovery, or where the plain one does not end as the case says; for cases that
 * are refused or differ, where that is not as the case says.
 */
export const expectConformance = async (given: ConformanceCase): Promise<void> => {
  const { told: plain } = await story(new PlainRun(given, "a-1"), given)
  expect(plain.at(-1), given.name).toMatchObject(given.ends)
  if (given.refused !== undefined) return expectRefusal(given, given.refused)
  let inMemory: Story["stored"] | undefined
  for (const recovery of RECOVERIES) {
    const { told: durable, stored } = await durableStory(given, recovery)
    inMemory ??= stored
    expect(stored, `${given.name}: what is stored: ${recovery}`).toEqual(inMemory)
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

/**
 * The simulator finds sagas that wait for ever for silent participants, undo in the wrong order, or obey a saga that is not
 * their parent. As in Mutations.test.ts each test breaks one promise, and says within how many seeds that must be found.
 */
import { describe, expect, it } from "vitest"
import type { AnySaga } from "../../runtime/index.ts"
import { PROMISES, type SimulateOptions, SimulationFailed, simulate } from "../../runtime/testing.ts"
import { ofFirstRelease } from "../fixtures/saga/FirstRelease.ts"
import { silenceScenario, silenceScenarioOf, tripOf, Visit } from "./scenarios/Silence.ts"

/** The failure that is found within `seeds` seeds. */
const found = async (seeds: number, options: SimulateOptions): Promise<SimulationFailed> => {
  const faults = "none" as const
  const outcome = await simulate({
    faults,
    nodes: 1,
    twice: 0,
    ...options,
    runs: seeds,
  }).then(
    () => undefined,
    (error: unknown) => error,
  )
  if (outcome instanceof SimulationFailed) return outcome
  throw outcome ?? new Error(`not found in ${seeds} seeds`)
}

/** A saga that takes a command as the first release did: from anybody. */
const obeying = <S extends AnySaga>(saga: S, command: "Cancel" | "Undo", event: string): S => {
  const { actor } = saga
  const decide = ({ command: given }: never) => ({ ...(given as object), type: event })
  const commands = { ...actor.commands, [command]: { ...actor.commands?.[command], decide } }
  return { ...saga, actor: { ...actor, commands } as never }
}

describe("the simulator finds a runtime", () => {
  it("FAULT 76: whose sagas wait for participants that never answer, in 3 seeds", async () => {
    const visit = ofFirstRelease(Visit)
    const { regression, message } = await found(3, silenceScenarioOf(visit, ofFirstRelease(tripOf(visit))))
    expect([PROMISES.converges, PROMISES.saga]).toContain(regression.promise)
    expect(message).toMatch(/is "(compensating|approval)"|undone in the order/)
  })

  it("FAULT 78: whose nested sagas obey sagas that are not their parents, in 5 seeds", async () => {
    const visit = obeying(Visit, "Cancel", "SagaCancelled")
    const { regression, message } = await found(5, silenceScenarioOf(visit, tripOf(visit)))
    expect(regression.promise).toBe(PROMISES.parent)
    expect(message).toMatch(/SagaCancelled of visit\/v-\d comes from trip\/t-\d+/)
  })
})

describe("silent participants", () => {
  it("leave no saga waiting, and are stepped past where they answer late", async () => {
    await simulate({
      ...silenceScenario,
      runs: 6,
      twice: 1,
      sometimes: [
        "a trip is completed",
        "a trip is compensated",
        "a trip is stuck in silence",
        "a visit is stuck in silence",
      ],
    })
  })
})

/** Sprouts that are watered, or asked for what is refused, from their birth on. */
import { CallRefused } from "../../../runtime/index.ts"
import type { CallStandIns, Invariant, Workload } from "../../../runtime/testing.ts"
import { Sprout } from "../Sprout.ts"

export const sproutWorkload = (sproutCount: number, requestCount: number): Workload =>
  function* ({ random }) {
    for (let index = 0; index < requestCount; index++) {
      const actor = { actor: Sprout, id: `s-${random.index(sproutCount)}` }
      if (random.chance(0.2)) yield actor
      else yield { ...actor, command: { type: "Water", litres: random.index(3) } }
    }
  }

/** How often the soil cannot be tested, and how often the laboratory stumbles. */
const REFUSED_CHANCE = 0.1
const STUMBLES_CHANCE = 0.2

export const sproutCalls: CallStandIns = {
  sprout: {
    testSoil: ({ random }) => {
      if (random.chance(REFUSED_CHANCE)) throw new CallRefused("NoSample")
      if (random.chance(STUMBLES_CHANCE)) throw new Error("the laboratory stumbled")
      return random.pick(["loam", "clay"])
    },
  },
}

export const sproutInvariants: { readonly [name: string]: Invariant } = {
  "a sprout is announced once": ({ type, state }) => {
    if (type !== "meadow") return true
    const { sprouts } = state.context as { readonly sprouts: ReadonlyArray<string> }
    return new Set(sprouts).size === sprouts.length
  },
}

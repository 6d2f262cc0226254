/** Sprouts that are watered, or asked for what is refused, from their birth on. */
import { CallRefused } from "../../../runtime/index.ts"
import type { CallStandIns, Invariant, Workload } from "../../../runtime/testing.ts"
import { Sprout } from "../Sprout.ts"

/** How often a request is a read, a spawn, a told one, and one without input. */
const READ_CHANCE = 0.2
const SPAWN_CHANCE = 0.15
const TELL_CHANCE = 0.2
const BARE_CHANCE = 0.3

/** How often a sprout is taken for one of another kind. */
const MISTAKE_CHANCE = 0.1

export const sproutWorkload = (sproutCount: number, requestCount: number): Workload =>
  function* ({ random }) {
    for (let index = 0; index < requestCount; index++) {
      const number = random.index(sproutCount)
      const sprout = { actor: Sprout, id: `s-${number}` }
      const isOak = (number % 2 === 0) !== random.chance(MISTAKE_CHANCE)
      const input = { kind: isOak ? "oak" : "elm" }
      if (random.chance(READ_CHANCE)) yield sprout
      else if (random.chance(SPAWN_CHANCE)) yield { ...sprout, via: "spawn", input }
      else {
        const via = random.chance(TELL_CHANCE) ? "tell" : "ask"
        const given = random.chance(BARE_CHANCE) ? undefined : { input }
        yield { ...sprout, command: { type: "Water", litres: random.index(3) }, via, ...given }
      }
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

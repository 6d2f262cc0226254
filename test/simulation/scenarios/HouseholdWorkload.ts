/** Households whose boilers heat and burst and whose guests come, eat and go. */
import type { AnyActorRef } from "xstate"
import { type AnyEvent, CallRefused } from "../../../runtime/index.ts"
import type { ActorSeen, CallStandIns, Invariant, Randomness, Workload } from "../../../runtime/testing.ts"
import { Household } from "../Household.ts"

const STEPS: ReadonlyArray<(random: Randomness) => AnyEvent> = [
  () => ({ type: "Heat" }),
  () => ({ type: "Heat" }),
  (random) => ({ type: "Arrive", name: nameOf(random) }),
  (random) => ({ type: "Arrive", name: nameOf(random) }),
  (random) => ({ type: "Feed", name: nameOf(random) }),
  (random) => ({ type: "SendHome", name: nameOf(random) }),
  (random) => (random.chance(0.3) ? { type: "Burst" } : { type: "Heat" }),
]

const nameOf = (random: Randomness): string => random.pick(["ann", "bob", "cem", "dee"])

export const householdWorkload = (householdCount: number, requestCount: number): Workload =>
  function* ({ random }) {
    for (let index = 0; index < requestCount; index++) {
      const household = { actor: Household, id: `h-${random.index(householdCount)}` }
      if (random.chance(0.2)) yield household
      else {
        const via = random.chance(0.2) ? ("tell" as const) : ("ask" as const)
        yield { ...household, command: random.pick(STEPS)(random), via }
      }
    }
  }

/** How often the meter cannot be read, and how often reading it fails for a while. */
const REFUSED_CHANCE = 0.1
const STUMBLES_CHANCE = 0.2

export const householdCalls: CallStandIns = {
  household: {
    "boiler/readMeter": ({ random }) => {
      if (random.chance(REFUSED_CHANCE)) throw new CallRefused("NoMeter")
      if (random.chance(STUMBLES_CHANCE)) throw new Error("the meter stumbled")
      return 18 + random.index(5)
    },
  },
}

export const householdInvariants: { readonly [name: string]: Invariant } = {
  "the ledger has counted what the household told it": ({ type, state }) => {
    if (type !== "household") return true
    const { told, counted } = state.context as { readonly told: number; readonly counted: number }
    return told === counted
  },
}

/** Guests go by themselves, and a boiler that heats comes to its end. */
export const livelyHousehold = ({ type, state }: ActorSeen): string | undefined => {
  if (type !== "household") return undefined
  const { guests } = state.context as { readonly guests: object }
  const names = Object.keys(guests)
  if (names.length > 0) return `${names.join(", ")} stayed`
  const { boiler } = state.children as { readonly [id in string]?: AnyActorRef }
  const { value } = (boiler?.getSnapshot() ?? { value: "cold" }) as { readonly value: unknown }
  return value === "cold" ? undefined : `the boiler is ${String(value)}`
}

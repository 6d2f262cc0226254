/** What keeps desks and clerks busy: messages to one another, requests, timers and calls, asked for in both ways. */
import { type AnyEvent, CallRefused } from "../../../runtime/index.ts"
import type { CallStandIns, Draw, Randomness, Request, Workload } from "../../../runtime/testing.ts"
import { Clerk, Desk } from "../../fixtures/memory/Desk.ts"

/** How many of the requests are told and not asked, and how many only read. */
const TELL_CHANCE = 0.5
const READ_CHANCE = 0.1

/** How often the filing office says no for good, and how often it stumbles. */
const REFUSED_CHANCE = 0.1
const STUMBLES_CHANCE = 0.2

const DESK_STEPS: ReadonlyArray<(random: Randomness, index: number) => AnyEvent> = [
  (_, index) => ({ type: "Open", sheet: `sheet-${index}` }),
  (_, index) => ({ type: "Open", sheet: `file:${index}` }),
  (_, index) => ({ type: "Open", sheet: `file:${index}` }),
  () => ({ type: "Close" }),
  (random, index) => ({
    type: "Tell",
    clerk: clerkOf(random),
    sheets: Array.from({ length: 1 + random.index(4) }, (_, place) => `${index}.${place}`),
  }),
  (random, index) => ({ type: "Ask", clerk: clerkOf(random), sheet: sheetOf(random, index) }),
  (random) => ({ type: "AskToShelve", clerk: clerkOf(random) }),
]

const CLERK_STEPS: ReadonlyArray<(random: Randomness, index: number) => AnyEvent> = [
  (random, index) => ({ type: "Stamp", sheet: sheetOf(random, index) }),
  () => ({ type: "Fetch" }),
]

const clerkOf = (random: Randomness): string => `c-${random.index(2)}`

/** Mostly one that can be stamped. */
const sheetOf = (random: Randomness, index: number): string =>
  random.chance(0.15) ? random.pick(["blank", "broken"]) : `s-${index}`

export const deskWorkload = (deskCount: number, requestCount: number): Workload =>
  function* ({ random }: Draw) {
    for (let index = 0; index < requestCount; index++) {
      const isDesk = random.chance(0.75)
      const actor = isDesk ? Desk : Clerk
      const id = isDesk ? `d-${random.index(deskCount)}` : clerkOf(random)
      if (random.chance(READ_CHANCE)) {
        yield { actor, id }
        continue
      }
      const command = random.pick(isDesk ? DESK_STEPS : CLERK_STEPS)(random, index)
      const via = random.chance(TELL_CHANCE) ? "tell" : "ask"
      const request: Request = { actor, id, command, commandId: `c-${index}`, via }
      yield request
    }
  }

/** The filing office. */
export const deskCalls: CallStandIns = {
  desk: {
    file: ({ input, random }) => {
      if (random.chance(REFUSED_CHANCE)) throw new CallRefused("OfficeClosed", { input })
      if (random.chance(STUMBLES_CHANCE)) throw new Error("the office stumbles")
      return `${input} is filed`
    },
  },
}

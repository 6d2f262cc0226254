/**
 * Machines drawn from seeds, as actors: every construct of XState at once, under every fault. `drawn-*` are machines without
 * children, `parent-*` have children of every kind.
 *
 * Owns their definitions, what their calls reach, and what is asked of them. How they are drawn, and that they do what XState
 * does: ../../conformance/GeneratedMachine.ts.
 */
import { Schema } from "effect"
import { type AnyActor, defineActor, defineIntegrationEvent } from "../../../runtime/index.ts"
import type { CallStandIns, Workload } from "../../../runtime/testing.ts"
import { eventOf } from "../../conformance/ConformanceCase.ts"
import { machineAlone, machineWithChildren } from "../../conformance/GeneratedMachine.ts"

/** Seeds of machines. */
const SEEDS = Array.from({ length: 12 }, (_, index) => index + 1)

const emitted = defineIntegrationEvent({
  type: "e",
  schema: Schema.Any,
  description: "what a drawn machine emits",
})

export const drawnActors: ReadonlyArray<AnyActor> = SEEDS.flatMap((seed) => [
  defineActor({ type: `drawn-${seed}`, machine: machineAlone(seed), publishes: [emitted] }),
  defineActor({
    type: `parent-${seed}`,
    machine: machineWithChildren(seed, () => undefined),
    publishes: [emitted],
  }),
])

const right = ({ input }: { readonly input: unknown }) => ({ got: (input as { readonly n: number }).n })
const wrong = ({ input }: { readonly input: unknown }) => {
  const { n } = input as { readonly n: number }
  throw Object.assign(new Error(`wrong ${n}`), { code: n })
}

/** `never` ends here: a run comes to rest. */
const standIns = {
  right,
  wrong,
  never: right,
  "child/right": right,
  "child/wrong": wrong,
  "child/never": right,
}

export const drawnCalls: CallStandIns = Object.fromEntries(drawnActors.map(({ type }) => [type, standIns]))

const EVENTS = ["A", "B", "C.d", "C.e"].flatMap((type) => eventOf(type) ?? [])

export const drawnWorkload = (requestCount: number): Workload =>
  function* ({ random }) {
    for (let index = 0; index < requestCount; index++) {
      const actor = { actor: random.pick(drawnActors), id: `d-${random.index(2)}` }
      if (random.chance(0.2)) yield actor
      else yield { ...actor, command: random.pick(EVENTS), via: random.chance(0.2) ? "tell" : "ask" }
    }
  }

/** The directory of actors, the index of correlations, and the counts of transitions. */
import type { PlantedBug } from "../PlantedBug.ts"

export const directoryBugs: ReadonlyArray<PlantedBug> = [
  {
    name: "the directory forgets when an actor began",
    file: "runtime/directory/ActorsTable.ts",
    text: 'created: row?.["created"] ?? at,',
    replacement: "created: at,",
    isSeenBySimulation: true,
  },
  {
    name: "the directory counts one version too few",
    file: "runtime/directory/ActorsTable.ts",
    text: "commit.first - 1 + eventCount(commit)",
    replacement: "commit.first - 1",
    isSeenBySimulation: true,
  },
  {
    name: "the directory lists actors that have only refused messages",
    file: "runtime/directory/ActorsTable.ts",
    text: "if (row === undefined && !isBorn) return undefined",
    replacement: "if (row === undefined && isBorn === undefined) return undefined",
    isSeenBySimulation: true,
  },
  {
    name: "a page of the directory begins with the last actor of the page before",
    file: "runtime/directory/ActorDirectory.ts",
    text: '{ column: "id", is: ">", value: textGiven("cursor", cursor) }',
    replacement: '{ column: "id", is: ">=", value: textGiven("cursor", cursor) }',
    isSeenBySimulation: false,
  },
  {
    name: "a part of a state finds states that begin with the same text",
    file: "runtime/machine/StatePattern.ts",
    text: 'typeof whole === "string" ? part === whole : Object.hasOwn(whole, part)',
    replacement: 'typeof whole === "string" ? whole.startsWith(part) : Object.hasOwn(whole, part)',
    isSeenBySimulation: false,
  },
  {
    name: "a command without a correlation belongs to none",
    file: "runtime/directory/CorrelationTable.ts",
    text: "correlationKey(m?.correlationId ?? c)",
    replacement: 'correlationKey(m?.correlationId ?? "")',
    isSeenBySimulation: false,
  },
  {
    name: "old correlations are kept for ever",
    file: "runtime/directory/Correlations.ts",
    text: "(yield* Clock.currentTimeMillis) - keptMs",
    replacement: "keptMs - (yield* Clock.currentTimeMillis)",
    isSeenBySimulation: false,
  },
  {
    name: "an answer to an abandoned request loses its correlation",
    file: "runtime/outbox/Dispatcher.ts",
    text: "...(metadata === undefined ? undefined : { m: metadata }),",
    replacement: "",
    isSeenBySimulation: false,
  },
  {
    name: "a transition that goes on with the next event is counted from its first state",
    file: "runtime/cell/TransitionListener.ts",
    text: "      from = to\n",
    replacement: "      from = before\n",
    isSeenBySimulation: false,
  },
  {
    name: "spans that nothing was counted in keep their old counts",
    file: "runtime/directory/TransitionCounts.ts",
    text: "this.#counts[(span - index) % SPAN_COUNT] = 0",
    replacement: "this.#counts[span % SPAN_COUNT] = 0",
    isSeenBySimulation: false,
  },
]

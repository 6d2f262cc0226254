/**
 * The floors of `runtime/`: its rooms (folders) in the order in which they stand on each other.
 *
 * Owns the order and the import rules that follow from it. `.dependency-cruiser.mjs` checks the rules, RuntimeFloors.test.ts
 * the list. What each room owns: docs/ARCHITECTURE.md.
 */

/** Ground floor first. Rooms of one floor do not import each other. */
export const runtimeFloors: ReadonlyArray<ReadonlyArray<string>> = [
  ["error", "invariant"],
  [
    "address",
    "checkpoint",
    "deadletter",
    "health",
    "json",
    "operation",
    "snapshot",
    "time",
    "trace",
    "transport",
  ],
  ["call", "event", "journal", "log"],
  ["follower", "message"],
  ["commit", "machine"],
  ["definition", "mailbox"],
  ["cluster", "integration", "projection", "schedule", "singleton"],
  ["cell"],
  ["command", "directory", "outbox", "watch"],
  ["inbox", "reactor", "router"],
  ["office", "saga"],
  ["system"],
  ["client"],
  ["contract", "promise", "testing"],
]

/** A rule of dependency-cruiser that forbids imports. Paths are regular expressions; `$1` is the importing room. */
export interface FloorRule {
  readonly name: string
  readonly comment: string
  readonly severity: "error"
  readonly from: { readonly path: string; readonly pathNot?: string }
  readonly to: { readonly path?: string; readonly pathNot?: string }
}

const pathOf = (rooms: ReadonlyArray<string>): string => `^runtime/(${rooms.join("|")})/`

/** One rule for each floor, and one for rooms that are on no floor. */
export const floorRules = (floors: ReadonlyArray<ReadonlyArray<string>>): ReadonlyArray<FloorRule> => [
  ...floors.map((rooms, index): FloorRule => {
    const lower = floors.slice(0, index).flat()
    return {
      name: `floor-${index + 1}-imports-lower-floors-only`,
      comment: `runtime/{${rooms.join(",")}} may import their own room and lower floors only: move what both rooms need down.`,
      severity: "error",
      from: { path: pathOf(rooms) },
      to: { path: "^runtime/", pathNot: ["^runtime/$1/", ...(index === 0 ? [] : [pathOf(lower)])].join("|") },
    }
  }),
  {
    name: "every-room-is-on-a-floor",
    comment: "A room of runtime/ is missing in test/unit/house/RuntimeFloors.ts: give it a floor.",
    severity: "error",
    from: { path: "^runtime/[^/]+/", pathNot: pathOf(floors.flat()) },
    to: {},
  },
]

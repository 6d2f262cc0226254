/** Watchers: what they are told, and when they look for another owner. */
import type { PlantedBug } from "../PlantedBug.ts"

export const watchBugs: ReadonlyArray<PlantedBug> = [
  {
    name: "watchers do not learn of a commit whose acknowledgement was lost",
    file: "runtime/cell/Running.ts",
    text: "            cell.context.changes.caughtUp(cell.address, now)\n",
    replacement: "",
    isSeenBySimulation: true,
  },
  {
    name: "watchers of a node are not told that a shard has left it",
    file: "runtime/system/ShardTenant.ts",
    text: "Effect.sync(() => feeds.release(shardIndex))",
    replacement: "Effect.void",
    isSeenBySimulation: false,
  },
  {
    name: "a watcher of events begins again with the history after each answer",
    file: "runtime/system/Watcher.ts",
    text: "if (event.version > after) items.push(event)",
    replacement: "items.push(event)",
    isSeenBySimulation: true,
  },
  {
    name: "a watcher that skips is not told how much",
    file: "runtime/watch/ChangeFeed.ts",
    text: "versionAt(newest.position) - versionAt(at)\n",
    replacement: "0\n",
    isSeenBySimulation: false,
  },
]

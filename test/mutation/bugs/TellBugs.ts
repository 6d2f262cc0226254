/** Tells from outside: the road that each takes, and their order. */
import type { PlantedBug } from "../PlantedBug.ts"

export const tellBugs: ReadonlyArray<PlantedBug> = [
  {
    name: "a tell that is refused for good goes to the mailbox as well",
    file: "runtime/system/TellOnItsWay.ts",
    text: "    if (refusal !== undefined) {\n",
    replacement: '    if (refusal?.reason === "Malformed") {\n',
    isSeenBySimulation: false,
  },
  {
    name: "a tell is told before its dead letter is stored",
    file: "runtime/system/TellOnItsWay.ts",
    text: "    const storing = storeLetter(",
    replacement: "    this.#stored()\n    const storing = storeLetter(",
    isSeenBySimulation: true,
  },
  {
    name: "a tell that may be in an append is published",
    file: "runtime/cell/CellQueue.ts",
    text: "if (waiting.mayBeStored || this.#inRound.includes(waiting)) return false",
    replacement: "if (waiting.mayBeStored) return false",
    isSeenBySimulation: false,
  },
  {
    name: "a later tell overtakes one that is in the mailbox",
    file: "runtime/inbox/ToldMail.ts",
    text: "return !this.#actors.has(key) && !this.#shards.has(shardIndex)",
    replacement: "return !this.#shards.has(shardIndex)",
    isSeenBySimulation: true,
  },
  {
    name: "a later tell overtakes one that was published while the shard was elsewhere",
    file: "runtime/inbox/ToldMail.ts",
    text: "return !this.#actors.has(key) && !this.#shards.has(shardIndex)",
    replacement: "return !this.#actors.has(key)",
    isSeenBySimulation: true,
  },
  {
    name: "a later tell stays with the cell when an earlier one goes to the mailbox",
    file: "runtime/system/TellLane.ts",
    text: "(isBehind && isWithCell && each.withdraw())",
    replacement: "(!isBehind && isWithCell && each.withdraw())",
    isSeenBySimulation: false,
  },
  {
    name: "a tell goes to the mailbox while an earlier one is with the cell",
    file: "runtime/system/TellLane.ts",
    text: "      if (isWithCell) return\n",
    replacement: "      if (isWithCell) continue\n",
    isSeenBySimulation: false,
  },
  {
    name: "what the mailbox has lost hides what was told since",
    file: "runtime/inbox/ToldMail.ts",
    text: "  noted.highest = Math.min(noted.highest, last)\n",
    replacement: "  if (noted.highest > last) return true\n",
    isSeenBySimulation: true,
  },
  {
    name: "a commit has more commands than its actor remembers",
    file: "runtime/cell/Round.ts",
    text: "Math.min(ROUND_COMMANDS_MAX, this.#definition.commandsRememberedCount)",
    replacement: "ROUND_COMMANDS_MAX",
    isSeenBySimulation: true,
  },
  {
    name: "a repeat waits for a commit that makes its actor forget it",
    file: "runtime/cell/UnknownOutcome.ts",
    text: "  for (const repeat of round.repeats) repeat()\n",
    replacement: "",
    isSeenBySimulation: true,
  },
]

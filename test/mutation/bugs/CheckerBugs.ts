/** The checkers of the simulation: each promise is really checked. */
import type { PlantedBug } from "../PlantedBug.ts"

export const checkerBugs: ReadonlyArray<PlantedBug> = [
  {
    name: "an early timer is no violation",
    file: "runtime/testing/simulation/PendingChecker.ts",
    text: "if (earlyMs > 0) throw",
    replacement: "if (earlyMs > 60_000) throw",
    isSeenBySimulation: true,
  },
  {
    name: "a timer that was cancelled may come",
    file: "runtime/testing/simulation/PendingChecker.ts",
    text: "if (pending !== generation) {",
    replacement: "if (pending !== generation && pending !== undefined) {",
    isSeenBySimulation: true,
  },
  {
    name: "a command that was refused and stored is no violation",
    file: "runtime/testing/simulation/AnswerChecker.ts",
    text: "if (applied !== undefined && REFUSALS.has(error._tag))",
    replacement: "if (applied === undefined && REFUSALS.has(error._tag) && false)",
    isSeenBySimulation: true,
  },
  {
    name: "an append that was under way when its command was refused may land",
    file: "runtime/testing/simulation/AnswerChecker.ts",
    text: "if (applied === undefined || applied.begunAtMs >= atMs) return",
    replacement: "if (applied === undefined || applied.begunAtMs <= atMs) return",
    isSeenBySimulation: false,
  },
  {
    name: "a command may be applied at another version than it expects",
    file: "runtime/testing/simulation/AnswerChecker.ts",
    text: "ifVersion === undefined || ifVersion === before || operation.isRepeated",
    replacement: "ifVersion === undefined || ifVersion <= before || operation.isRepeated",
    isSeenBySimulation: false,
  },
  {
    name: "an acknowledged command need not be there",
    file: "runtime/testing/simulation/AnswerChecker.ts",
    text: "    if (applied === undefined) {\n      const detail = `${describe(operation)} was accepted at version",
    replacement:
      "    if (applied === undefined && version < 0) {\n      const detail = `${describe(operation)} was accepted at version",
    isSeenBySimulation: true,
  },
  {
    name: "an answer may be another than the journal has",
    file: "runtime/testing/simulation/AnswerChecker.ts",
    text: "if (told !== real) {",
    replacement: "if (told.length > real.length + 20) {",
    isSeenBySimulation: true,
  },
  {
    name: "a read may show another state than the fold",
    file: "runtime/testing/simulation/AnswerChecker.ts",
    text: "if (real === undefined || trueFactsOf(real) !== factsOf(state))",
    replacement: "if (real === undefined)",
    isSeenBySimulation: true,
  },
  {
    name: "a process may show an older state than before",
    file: "runtime/testing/simulation/AnswerChecker.ts",
    text: "version < attempt.seenVersion)",
    replacement: "version < attempt.seenVersion - 1_000)",
    isSeenBySimulation: true,
  },
  {
    name: "a message need not arrive",
    file: "runtime/testing/simulation/DeliveryChecker.ts",
    text: "if (sent.appliedCount > 0 || sent.isDead || this.#isWithoutTrace(sent)) continue",
    replacement:
      "if (sent.appliedCount > 0 || sent.isDead || sent.from !== undefined || this.#isWithoutTrace(sent)) continue",
    isSeenBySimulation: true,
  },
  {
    name: "messages of a pair may change their order",
    file: "runtime/testing/simulation/DeliveryChecker.ts",
    text: "if (order < last)",
    replacement: "if (order < 0)",
    isSeenBySimulation: true,
  },
  {
    name: "a message that no commit carries is applied",
    file: "runtime/testing/simulation/DeliveryChecker.ts",
    text: "if (!RUNTIME_ID.test(commandId) || this.#isAnswerOfGiveUp(key, commandId)) return",
    replacement: 'if (commandId !== "" || this.#isAnswerOfGiveUp(key, commandId)) return',
    isSeenBySimulation: true,
  },
  {
    name: "an epoch may go back",
    file: "runtime/testing/simulation/ClusterChecker.ts",
    text: "if (this.#options.isOneOwner)\n        throw",
    replacement: "if (this.#options.isOneOwner && before < 0)\n        throw",
    isSeenBySimulation: true,
  },
  {
    name: "two members may have a slot under one epoch",
    file: "runtime/testing/simulation/ClusterChecker.ts",
    text: "if (e > before.e) return",
    replacement: "if (e >= before.e) return",
    isSeenBySimulation: false,
  },
  {
    name: "an append after the end of a lease is no violation",
    file: "runtime/testing/simulation/ClusterChecker.ts",
    text: "if (this.#world.nowMs <= untilMs) return",
    replacement: "if (this.#world.nowMs <= untilMs + 3_600_000) return",
    isSeenBySimulation: true,
  },
]

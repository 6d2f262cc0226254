/** Sagas: steps forward, undoing, ends. */
import type { PlantedBug } from "../PlantedBug.ts"

export const sagaBugs: ReadonlyArray<PlantedBug> = [
  {
    name: "a late answer of another attempt counts again",
    file: "runtime/saga/SagaForward.ts",
    text: "if (draft.item(itemKey)?.out.includes(attempt) !== true) return",
    replacement: "if (draft.item(itemKey) === undefined) return",
    isSeenBySimulation: true,
  },
  {
    name: "a rejected step is tried again",
    file: "runtime/saga/SagaForward.ts",
    text: "if (given.isRejection) giveUp",
    replacement: "if (given.isRejection && item.left === 0) giveUp",
    isSeenBySimulation: false,
  },
  {
    name: "a step is given up while another attempt is out",
    file: "runtime/saga/SagaForward.ts",
    text: "item.out.length === 0 && isOpen(item.status)",
    replacement: "isOpen(item.status)",
    isSeenBySimulation: false,
  },
  {
    name: "the next stage begins before this one is over",
    file: "runtime/saga/SagaForward.ts",
    text: "if (wasOpen && --ledger.openCount === 0)",
    replacement: "if (wasOpen && --ledger.openCount >= 0)",
    isSeenBySimulation: true,
  },
  {
    name: "a retry of an earlier attempt asks again",
    file: "runtime/saga/SagaForward.ts",
    text: 'item?.status === "pausing" && item.attempt === attempt',
    replacement: 'item?.status === "pausing"',
    isSeenBySimulation: false,
  },
  {
    name: "a completed saga keeps its deadline",
    file: "runtime/saga/SagaForward.ts",
    text: '  draft.cancelDeadline()\n  ledger.at = "completed"',
    replacement: '  ledger.at = "completed"',
    isSeenBySimulation: false,
  },
  {
    name: "a step that is skipped is asked",
    file: "runtime/saga/SagaForward.ts",
    text: "work.when !== undefined && !work.when(args)",
    replacement: "work.when !== undefined && work.when(args) === undefined",
    isSeenBySimulation: false,
  },
  {
    name: "the first completed step is undone first",
    file: "runtime/saga/SagaBackward.ts",
    text: "const isLater = item.order > (last?.order ?? 0)",
    replacement: "const isLater = item.order > 0 && item.order < (last?.order ?? Number.POSITIVE_INFINITY)",
    isSeenBySimulation: false,
  },
  {
    name: "a compensation that is rejected counts as done",
    file: "runtime/saga/SagaBackward.ts",
    text: "if (given.isRejection || item.left === 0) return getStuck",
    replacement:
      "if (given.isRejection) return undone(draft, itemKey)\n  if (item.left === 0) return getStuck",
    isSeenBySimulation: false,
  },
  {
    name: "a saga ends while requests are out",
    file: "runtime/saga/SagaBackward.ts",
    text: "if (ledger.outCount === 0) finish(draft)",
    replacement: "if (ledger.outCount >= 0) finish(draft)",
    isSeenBySimulation: true,
  },
  {
    name: "a step without a compensation keeps the saga waiting",
    file: "runtime/saga/SagaBackward.ts",
    text: "if (target === undefined) return undone(draft, itemKey)",
    replacement: "if (target === undefined) return",
    isSeenBySimulation: true,
  },
  {
    name: "a parent is not told that its part was compensated",
    file: "runtime/saga/SagaBackward.ts",
    text: '  draft.ledger.at = "compensated"\n  draft.answerParent({',
    replacement: '  draft.ledger.at = "compensated"\n  if (draft.ledger.cause === null) draft.answerParent({',
    isSeenBySimulation: false,
  },
  {
    name: "a saga that failed after its end is undone without a word of the parent",
    file: "runtime/saga/SagaBackward.ts",
    text: '  else if (ledger.at !== "completed") return\n',
    replacement: "",
    isSeenBySimulation: false,
  },
  {
    name: "a settled step is undone once more",
    file: "runtime/saga/SagaBackward.ts",
    text: "  if (resolution !== undefined) draft.edit(itemKey).resolution = resolution\n  undone(draft, itemKey)",
    replacement:
      "  if (resolution !== undefined) draft.edit(itemKey).resolution = resolution\n  undo(draft, itemKey)",
    isSeenBySimulation: false,
  },
]

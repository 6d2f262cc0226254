/** Values of states, errors of calls, and machines that end in an error. */
import type { PlantedBug } from "../PlantedBug.ts"

export const valueBugs: ReadonlyArray<PlantedBug> = [
  {
    name: "undefined is stored as null",
    file: "runtime/json/StoredValue.ts",
    text: '    case "undefined":\n      return UNDEFINED\n',
    replacement: '    case "undefined":\n      return null\n',
    isSeenBySimulation: true,
  },
  {
    name: "a field that is undefined is left out of a snapshot",
    file: "runtime/json/StoredValue.ts",
    text: "    fields[key] = encodeField(value, key, depth)\n",
    replacement:
      "    if ((value as Fields)[key] !== undefined) fields[key] = encodeField(value, key, depth)\n",
    isSeenBySimulation: true,
  },
  {
    name: "an error comes back as an object",
    file: "runtime/json/StoredValue.ts",
    text: "      return decodeError(String(data), more, last)\n",
    replacement: "      return filled(filled({}, more), last)\n",
    isSeenBySimulation: false,
  },
  {
    name: "a user's key that looks like a tag is taken for one",
    file: "runtime/json/StoredValue.ts",
    text: 'Object.hasOwn(value, TAG) || Object.hasOwn(value, "__proto__")',
    replacement: 'Object.hasOwn(value, "__proto__")',
    isSeenBySimulation: false,
  },
  {
    name: "a tagged state is written as a plain one",
    file: "runtime/cell/Snapshot.ts",
    text: "hasTags(stored) ? TAGGED_FORMAT_VERSION : PLAIN_FORMAT_VERSION",
    replacement: "PLAIN_FORMAT_VERSION",
    isSeenBySimulation: true,
  },
  {
    name: "what a command would put into the context is not looked at",
    file: "runtime/cell/Decide.ts",
    text: "    requireStorable(base.state, state)\n",
    replacement: "",
    isSeenBySimulation: false,
  },
  {
    name: "what a call or timer would put into the context is not looked at",
    file: "runtime/cell/Signal.ts",
    text: "  requireStorable(base.state, state)\n",
    replacement: "",
    isSeenBySimulation: false,
  },
  {
    name: "a map in a context is proven without a look inside",
    file: "runtime/json/Frozen.ts",
    text: "value instanceof Date || value instanceof RegExp ||",
    replacement: "value instanceof Date || value instanceof Map || value instanceof RegExp ||",
    isSeenBySimulation: false,
  },
  {
    name: "an assign that changes a map changes the state of before",
    file: "runtime/machine/Machine.ts",
    text: "const from = forTransition(state)",
    replacement: "const from = { ...state }",
    isSeenBySimulation: false,
  },
  {
    name: "a timer takes the place of an earlier one under its id",
    file: "runtime/cell/Intents.ts",
    text: "        keepNameless(draft, n, generation)\n",
    replacement: "",
    isSeenBySimulation: false,
  },
  {
    name: "a plain promise is tried again",
    file: "runtime/call/PromiseLogic.ts",
    text: "  attemptsMax: 1,\n",
    replacement: "  attemptsMax: 2,\n",
    isSeenBySimulation: false,
  },
  {
    name: "the error of a plain promise is what a call would say",
    file: "runtime/call/CallRunner.ts",
    text: "if (logic?.isPlain === true) return",
    replacement: "if (logic?.isPlain === false) return",
    isSeenBySimulation: false,
  },
  {
    name: "a machine that ended in an error is not restored",
    file: "runtime/machine/Machine.ts",
    text: 'new Set(["active", "done", "error"])',
    replacement: 'new Set(["active", "done"])',
    isSeenBySimulation: false,
  },
  {
    name: "a commit does not say that the machine has ended in an error",
    file: "runtime/cell/RoundCommit.ts",
    text: 'const failed = state.status === "error"',
    replacement: "const failed = false",
    isSeenBySimulation: false,
  },
]

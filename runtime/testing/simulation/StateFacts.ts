/**
 * A state in words, for comparison: where the machine is, how it ended and what it remembers.
 *
 * Owns a separate text form for values that JSON lacks. With the runtime's stored form
 * (../../json/StoredValue.ts) the checkers would miss what that form loses. Equal states have equal texts if
 * their keys have the same order.
 */
import { isFamilyState } from "../../machine/FamilyPlace.ts"
import { isFamilyRecord } from "../../machine/FamilyRecord.ts"
import type { MachineState } from "../../machine/Machine.ts"
import { persistFamily } from "../../machine/MachineFamily.ts"

/** The compared parts of a state or a snapshot, including all children. */
export const factsOf = (state: Pick<MachineState, "value" | "context" | "status" | "error">): string => {
  if (isFamilyRecord(state)) return textOf(state)
  if (isFamilyState(state)) return textOf(persistFamily(state as MachineState))
  return textOf({ value: state.value, context: state.context, status: state.status, error: state.error })
}

/** The facts of a reference state. Such states never change, so each text is made once. */
export const trueFactsOf = (state: MachineState): string => {
  const known = trueFacts.get(state)
  if (known !== undefined) return known
  const facts = factsOf(state)
  trueFacts.set(state, facts)
  return facts
}

const trueFacts = new WeakMap<MachineState, string>()

const textOf = (value: unknown): string => {
  switch (typeof value) {
    case "string":
      return JSON.stringify(value)
    case "number":
      return Object.is(value, -0) ? "-0" : String(value)
    case "bigint":
      return `${value}n`
    case "object":
      return value === null ? "null" : textOfObject(value)
    default:
      return String(value)
  }
}

const textOfObject = (value: object): string => {
  if (Array.isArray(value)) return `[${value.map(textOf).join()}]`
  if (value instanceof Date) return `Date ${value.getTime()}`
  if (value instanceof RegExp) return String(value)
  if (value instanceof Map)
    return `Map {${[...value].map(([key, inner]) => `${textOf(key)}=>${textOf(inner)}`)}}`
  if (value instanceof Set) return `Set {${[...value].map(textOf)}}`
  if (value instanceof Uint8Array) return `bytes ${value.join()}`
  const fields = Object.entries(value).map(([key, inner]) => `${JSON.stringify(key)}:${textOf(inner)}`)
  if (value instanceof Error) return `${value.name}(${value.message}, ${textOf(value.cause)}) {${fields}}`
  return `{${fields}}`
}

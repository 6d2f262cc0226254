/**
 * The kinds of logic that a child of a machine may run, and where that logic is found.
 *
 * Owns the kinds of logic that can be part of a state, the stand-in for promises, and the names of logic in a
 * family. Such a name is the path of names from the root machine; calls are stored with it. Who runs
 * children: Family.ts.
 */
import type { AnyStateMachine } from "xstate"
import type { CallLogic } from "../call/Call.ts"
import { callLogicOf, logicOf } from "./InvokedLogic.ts"
import type { AnySnapshot, LiveLogic } from "./LiveActor.ts"
import { nodesOf } from "./StateNodes.ts"

export type ChildKind = "machine" | "transition" | "promise"

export const isMachine = (logic: unknown): logic is AnyStateMachine => {
  const { root, implementations } = (logic ?? {}) as { root?: unknown; implementations?: unknown }
  return typeof root === "object" && typeof implementations === "object"
}

/**
 * The kind of the logic; `undefined` for logic that lives in memory only: callbacks, observables, and users'
 * own kinds.
 */
export const kindOf = (logic: unknown): ChildKind | undefined => {
  if (isMachine(logic)) return "machine"
  if (callLogicOf(logic) !== undefined) return "promise"
  const { config, transition, start } = (logic ?? {}) as Partial<LiveLogic>
  const isTransition = typeof config === "function" && typeof transition === "function" && start === undefined
  return isTransition ? "transition" : undefined
}

/** Kind of logic without a {@link ChildKind}, for an error. */
export const memoryKindOf = (logic: unknown): "callback" | "observable" | "other" => {
  const { config, start, getInitialSnapshot } = (logic ?? {}) as Partial<LiveLogic>
  if (typeof config !== "function" || start === undefined || getInitialSnapshot === undefined) return "other"
  try {
    const snapshot = getInitialSnapshot({} as never, undefined as never)
    // XState keeps the last value of an observable in `context`.
    return typeof snapshot === "object" && snapshot !== null && "context" in snapshot
      ? "observable"
      : "callback"
  } catch {
    return "other"
  }
}

/** The name of logic in the machine that invokes or spawns it; `undefined` for logic without one. */
export const srcNameOf = (machine: AnyStateMachine, src: unknown): string | undefined => {
  if (typeof src === "string") return src
  const named = Object.entries(machine.implementations.actors).find(([, logic]) => logic === src)
  return named?.[0]
}

/** The machine and all machines below it, each with whether it is a child. */
export const machinesIn = (machine: AnyStateMachine): ReadonlyMap<AnyStateMachine, boolean> => {
  const found = new Map<AnyStateMachine, boolean>([[machine, false]])
  // The loop also visits machines that it adds to the map.
  for (const inner of found.keys()) {
    for (const logic of logicsOf(inner)) if (isMachine(logic) && !found.has(logic)) found.set(logic, true)
  }
  return found
}

/** All logic that a machine names or contains. */
export const logicsOf = (machine: AnyStateMachine): ReadonlyArray<unknown> => {
  const invoked = nodesOf(machine.root).flatMap(({ invoke }) =>
    invoke.map(({ src }) => logicOf(machine, src as string)),
  )
  return [...new Set([...Object.values(machine.implementations.actors), ...invoked])]
}

/** The events that end a promise. */
export const RESOLVED = "everstate.resolved"
export const REJECTED = "everstate.rejected"

interface PromiseSnapshot extends AnySnapshot {
  readonly input: unknown
}

/** Promise logic that calls nothing: the shard's owner makes the call, and its end comes as an event. */
export const promiseLogic = (started: (snapshot: PromiseSnapshot) => void): LiveLogic => ({
  getInitialSnapshot: (_scope: never, input: never): PromiseSnapshot => ({
    status: "active",
    output: undefined,
    error: undefined,
    input,
  }),
  transition: (snapshot: PromiseSnapshot, event: { type: string; data?: unknown }): PromiseSnapshot => {
    if (snapshot.status !== "active") return snapshot
    switch (event.type) {
      case RESOLVED:
        return { ...snapshot, status: "done", output: event.data, input: undefined }
      case REJECTED:
        return { ...snapshot, status: "error", error: event.data, input: undefined }
      case "xstate.stop":
        return { ...snapshot, status: "stopped", input: undefined }
      default:
        return snapshot
    }
  },
  start: (snapshot: PromiseSnapshot) => {
    if (snapshot.status === "active") started(snapshot)
  },
})

/** A name of logic as part of a path, escaped as in JSON Pointer. */
export const pathPart = (src: string): string => src.replaceAll("~", "~0").replaceAll("/", "~1")

const nameIn = (part: string): string => part.replaceAll("~1", "/").replaceAll("~0", "~")

/** The call that a machine or one of its children names by `src`. */
export const callIn = (machine: AnyStateMachine, src: string): CallLogic | undefined => {
  const own = callLogicOf(logicOf(machine, src))
  if (own !== undefined || !src.includes("/")) return own
  let logic: unknown = machine
  for (const part of src.split("/")) {
    if (!isMachine(logic)) return undefined
    logic = logicOf(logic, nameIn(part))
  }
  return callLogicOf(logic)
}

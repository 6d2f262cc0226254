/**
 * What is compared of a snapshot: everything that XState documents of it, as plain data.
 *
 * Owns that list. References to actors are told by their ids.
 */
import type { AnyActorRef, AnyEventObject, AnyMachineSnapshot } from "xstate"

export type Facts = { readonly [fact: string]: unknown }

export const factsOf = (snapshot: AnyMachineSnapshot): Facts => ({
  value: snapshot.value,
  context: plain(snapshot.context),
  status: snapshot.status,
  output: plain(snapshot.output),
  error: plain(snapshot.error),
  tags: [...snapshot.tags].toSorted(),
  meta: snapshot.getMeta(),
  children: childrenOf(snapshot),
})

/** What a snapshot says of what comes next: which of the events it accepts, and that it matches its own state. */
export const outlookOf = (snapshot: AnyMachineSnapshot, events: ReadonlyArray<AnyEventObject>): Facts => ({
  can: snapshot.status === "active" ? events.flatMap((event) => canOf(snapshot, event)) : [],
  matches: snapshot.matches(snapshot.value),
  hasTags: [...snapshot.tags].every((tag) => snapshot.hasTag(tag)),
})

const canOf = (snapshot: AnyMachineSnapshot, event: AnyEventObject): ReadonlyArray<string> => {
  try {
    return snapshot.can(event) ? [event.type] : []
  } catch {
    return [`${event.type}: its guard throws`]
  }
}

/** A call's snapshot says nothing beyond what its parent gets of it, and a machine without other children keeps none. */
const childrenOf = (snapshot: AnyMachineSnapshot): Facts => {
  const children = Object.entries(snapshot.children as Record<string, AnyActorRef>)
  return Object.fromEntries(
    children.flatMap(([key, child]) => {
      const inner = child.getSnapshot() as Partial<AnyMachineSnapshot> | undefined
      if (inner === undefined || !("context" in inner)) return []
      const facts =
        inner.tags === undefined
          ? { status: inner.status, context: plain(inner.context), output: plain(inner.output) }
          : factsOf(inner as AnyMachineSnapshot)
      return [[key, facts]]
    }),
  )
}

const plain = (value: unknown, depth = 0): unknown => {
  if (typeof value !== "object" || value === null) return value
  if (depth > 20) return "too deep"
  if (isRef(value)) return { ref: value.id, status: (value.getSnapshot() as { status?: unknown })?.status }
  if (value instanceof Error) return { name: value.name, message: value.message, fields: plain({ ...value }) }
  if (value instanceof Date) return { date: value.getTime() }
  if (value instanceof Map) return { map: [...value].map((entry) => plain(entry, depth + 1)) }
  if (value instanceof Set) return { set: [...value].map((entry) => plain(entry, depth + 1)) }
  if (Array.isArray(value)) return value.map((part) => plain(part, depth + 1))
  const entries = Object.entries(value).filter(([key]) => key !== "firedAtMs")
  return Object.fromEntries(entries.map(([key, part]) => [key, plain(part, depth + 1)]))
}

const isRef = (value: object): value is AnyActorRef => "getSnapshot" in value && "send" in value

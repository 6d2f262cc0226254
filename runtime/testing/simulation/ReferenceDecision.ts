/** The decision of a definition on a true state: the checkers' own answer to a command. */
import { type AnyEvent, payloadOf } from "../../event/Event.ts"
import type { MachineState } from "../../machine/Machine.ts"
import type { TrueActor } from "./Reference.ts"

/** `refused` also stands for commands that fail. */
export const decidedBy = (
  command: AnyEvent | undefined,
  actor: TrueActor,
  state: MachineState,
  nowMs: number,
): "events" | "nothing" | "refused" => {
  const { machine } = actor.definition
  const events = eventsDecided(command, actor, state, nowMs)
  if (events === undefined) return "refused"
  if (events.length === 0) return "nothing"
  try {
    let next: MachineState | undefined = state
    for (const event of events)
      next = next === undefined ? undefined : machine.transition(next, event, actor.address.id)
    return next === undefined ? "refused" : "events"
  } finally {
    machine.takeIntents()
  }
}

/** The decided events; `undefined` for a rejection. */
export const eventsDecided = (
  command: AnyEvent | undefined,
  { definition, states, address }: TrueActor,
  state: MachineState,
  nowMs: number,
): ReadonlyArray<AnyEvent> | undefined => {
  if (command === undefined) return []
  const version = states.indexOf(state)
  const decide = definition.commands?.[command.type]?.decide
  let decided: unknown = command
  try {
    const payload = payloadOf(command)
    decided =
      decide?.({
        command,
        payload,
        state,
        id: address.id,
        version,
        nowMs,
        metadata: {},
        replyTo: undefined,
      }) ?? command
  } catch {
    // The runtime treats this as CommandFailed, so there are no events.
    return undefined
  }
  const tagged = decided as { readonly _tag?: string; readonly events?: ReadonlyArray<AnyEvent> } | undefined
  if (tagged?._tag === "Rejection") return undefined
  return (tagged?._tag === "Acceptance" ? (tagged.events ?? []) : [decided].flat()) as ReadonlyArray<AnyEvent>
}

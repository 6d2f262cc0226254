/**
 * The reactor that starts a saga: it turns each starting event into a message to the saga's actor.
 *
 * Owns that translation. `startsWhen` is in Saga.ts; ../reactor/ReactorRunner.ts runs the reactor.
 */
import { actorOf } from "../definition/DefinitionOf.ts"
import { send } from "../definition/Send.ts"
import type { ReactorDefinition } from "../reactor/Reactor.ts"
import type { AnySaga } from "./Saga.ts"

/** The reactor of a saga; `undefined` for a saga that is started by command only. */
export const starterOf = ({ type, actor, startsWhen }: AnySaga): ReactorDefinition | undefined => {
  if (startsWhen === undefined) return undefined
  const { from, event: eventType, saga, start: startsAt = "beginning" } = startsWhen
  return {
    name: `start-${type}`,
    from: [actorOf(from)],
    start: startsAt,
    on: new Map([
      [
        eventType,
        (event, { id }) => {
          const start = saga({ event, id })
          return start === undefined
            ? undefined
            : send.tell({ actor, id: start.id, command: { type: "Start", input: start.input } })
        },
      ],
    ]),
    publishes: {},
  }
}

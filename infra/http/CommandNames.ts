/**
 * The names of a type's commands.
 *
 * Owns which names a definition has. Which of them callers may send: ../gateway/Exposure.ts.
 */
import type { AnyActor } from "../../runtime/definition/Actor.ts"
import { isInternal } from "../../runtime/event/Event.ts"
import type { ChartState } from "../../runtime/machine/Chart.ts"

/**
 * Names of the type's commands: those of the definition, or the events of its machine. A machine with a wildcard
 * transition takes other events, too.
 */
export const commandNamesOf = ({ commands, machine }: AnyActor): ReadonlyArray<string> =>
  commands === undefined ? [...new Set(eventsIn(machine.chart()))] : Object.keys(commands)

const eventsIn = ({ transitions, states }: ChartState): ReadonlyArray<string> => [
  ...transitions.flatMap(({ event }) =>
    event === undefined || event === "*" || event === "" || isInternal(event) ? [] : [event],
  ),
  ...states.flatMap(eventsIn),
]

/**
 * Which actor types and commands a gateway shows to its callers.
 *
 * Owns the check. A type or command that is not exposed is answered as if it did not exist.
 */
import { Context, Effect } from "effect"
import type { AnyActor } from "../../runtime/definition/Actor.ts"
import type { AnySaga } from "../../runtime/saga/AnySaga.ts"
import type { Given } from "../../runtime/system/Definitions.ts"
import { problem } from "../http/Problem.ts"
import { type Refused, refuse } from "../http/Refused.ts"

/**
 * `"all"` (the default), the names of the exposed types, or for each exposed type `true` or the names of its
 * exposed commands. Types of actors and of sagas.
 */
export type Expose = "all" | ReadonlyArray<string> | { readonly [type: string]: true | ReadonlyArray<string> }

/** An exposed type. */
export interface ExposedType {
  readonly actor: AnyActor
  /** The saga whose actor it is. */
  readonly saga: AnySaga | undefined
  /** True if the gateway sends the command. */
  readonly hasCommand: (command: string) => boolean
}

/** Command of a saga that callers send; all others are operators' verbs, and signed. */
const SAGA_START = "Start"

/** True for the commands of a saga that only operators send. */
export const isOperatorsCommand = (exposed: ExposedType | undefined, command: string | undefined): boolean =>
  exposed?.saga !== undefined && command !== SAGA_START

/** What routes ask about types. */
export class Exposed extends Context.Service<
  Exposed,
  {
    readonly types: ReadonlyArray<ExposedType>
    readonly typeNamed: (type: string) => Effect.Effect<ExposedType, Refused>
    readonly commandNamed: (type: string, command: string) => Effect.Effect<ExposedType, Refused>
  }
>()("everstate/gateway/Exposed") {
  static readonly make = (exposure: Exposure): Exposed["Service"] => {
    const typeNamed = (type: string) => {
      const found = exposure.get(type)
      return found === undefined
        ? refuse(problem("unknownType", `There is no type "${type}"${choice([...exposure.keys()])}.`))
        : Effect.succeed(found)
    }
    return {
      types: [...exposure.values()],
      typeNamed,
      commandNamed: (type, command) =>
        Effect.flatMap(typeNamed(type), (found) =>
          found.hasCommand(command)
            ? Effect.succeed(found)
            : refuse(
                problem(
                  "unknownCommand",
                  `The type "${type}" has no command "${command}"${choice(commandsOf(found))}.`,
                ),
              ),
        ),
    }
  }
}

/** Names in the detail of a problem at most. */
const CHOICE_MAX = 20

/** What there is in place of a name that there is not; empty if there is nothing. */
const choice = (names: ReadonlyArray<string>): string => {
  if (names.length === 0) return ""
  const further = names.length > CHOICE_MAX ? `, and ${names.length - CHOICE_MAX} more` : ""
  return `; there are ${names.slice(0, CHOICE_MAX).join(", ")}${further}`
}

/** The exposed commands of a type; none where its machine's events are its commands. */
const commandsOf = ({ actor, hasCommand }: ExposedType): ReadonlyArray<string> =>
  Object.keys(actor.commands ?? {}).filter(hasCommand)

/** The exposed types by name, in the order of the definitions. */
export type Exposure = ReadonlyMap<string, ExposedType>

/** The exposure of a system. Names in `expose` that the system does not know expose nothing: see {@link unknownTypes}. */
export const exposureOf = (given: Given, expose: Expose = "all"): Exposure => {
  const wanted = wantedOf(expose)
  const all: ReadonlyArray<readonly [AnyActor, AnySaga | undefined]> = [
    ...given.actors.map((actor) => [actor, undefined] as const),
    ...given.sagas.map((saga) => [saga.actor, saga] as const),
  ]
  const exposed = new Map<string, ExposedType>()
  for (const [actor, saga] of all) {
    const commands = wanted === undefined ? true : wanted.get(actor.type)
    if (commands === undefined) continue
    const names = commands === true ? undefined : new Set(commands)
    exposed.set(actor.type, {
      actor,
      saga,
      hasCommand: (command) =>
        (names?.has(command) ?? true) &&
        (actor.commands === undefined || Object.hasOwn(actor.commands, command)),
    })
  }
  return exposed
}

/** Names in `expose` that the system has no type for. */
export const unknownTypes = (given: Given, expose: Expose = "all"): ReadonlyArray<string> => {
  const known = new Set([...given.actors, ...given.sagas].map(({ type }) => type))
  return [...(wantedOf(expose)?.keys() ?? [])].filter((type) => !known.has(type))
}

const wantedOf = (expose: Expose): ReadonlyMap<string, true | ReadonlyArray<string>> | undefined => {
  if (expose === "all") return undefined
  return Array.isArray(expose)
    ? new Map(expose.map((type: string) => [type, true as const]))
    : new Map(Object.entries(expose as { readonly [type: string]: true | ReadonlyArray<string> }))
}

/** What cannot be done without definitions, straight on NATS and Postgres: why, and what to give instead. */
import type { Query } from "./Remote.ts"
import { type VerbFailed, wrongUse } from "./VerbFailed.ts"

const MODULE_OR_GATEWAY = "Give the definitions with --module, or a gateway with --url."
const GATEWAY = "Give a gateway with --url."

interface Need {
  readonly path: RegExp
  readonly why: string
}

const NEEDS: ReadonlyArray<Need> = [
  {
    path: /^\/actors\/[^/]+\/[^/]+\/at$/,
    why: "A past state needs the actor's definition, because only its machine makes states of events.",
  },
  {
    path: /^\/actors\/[^/]+\/[^/]+\/[^/]+\/dry-run$/,
    why: "A dry run needs the actor's definition, because the command is decided here and not by a node.",
  },
  {
    path: /^\/reactors$/,
    why: "How far reactors are needs their definitions, which name the events that they read.",
  },
  {
    path: /^\/cluster\/events$/,
    why: "Events of the cluster need a member of it, and without definitions this command is none.",
  },
]

/** Why a request cannot be answered without definitions; `undefined` if it can. */
export const needsDefinitions = (path: string, query: Query): VerbFailed | undefined => {
  const need =
    NEEDS.find((one) => one.path.test(path))?.why ?? (query["tag"] === undefined ? undefined : TAGS)
  return need === undefined ? undefined : wrongUse(need, MODULE_OR_GATEWAY)
}

const TAGS = "Tags need the actor's definition, because they are in its machine and are not stored."

/** Why a letter of this reason cannot be redriven by a process that runs no reactors; `undefined` if it can. */
export const needsReactor = (reason: string | undefined): VerbFailed | undefined =>
  reason === "ReactorFailed"
    ? wrongUse("A dead letter of a reactor is redriven where the reactor runs, which is not here.", GATEWAY)
    : undefined

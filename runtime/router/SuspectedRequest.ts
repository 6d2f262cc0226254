/** The log line of a command whose former nodes went silent. Owns its text. AskServer.ts takes the request. */
import { Effect } from "effect"
import { about } from "../log/LogSubject.ts"
import { logSampled } from "../log/SampledLog.ts"
import type { AskRequest } from "./AskWire.ts"

/** Logs that the command is tried once more; nothing for requests that no node was lost with. */
export const logSuspected = (request: AskRequest): Effect.Effect<void> => {
  if (request.k === "read" || request.k === "watch" || request.lost === undefined) return Effect.void
  const { id: commandId, m: metadata } = request.k === "deliver" ? request.msg : request
  const line = `Command ${commandId} to ${request.to} is tried once more: a node that had it went silent and lost its shard.`
  return logSampled("command that nodes were lost with", line).pipe(
    about({ actor: request.to, commandId, metadata }),
  )
}

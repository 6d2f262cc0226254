/**
 * Records what operators do through a gateway: begun before, with its outcome after.
 *
 * Owns what is recorded, and that a log which cannot be written does not keep an operator from working: then
 * the operation is written to the process's log, and the answer says so. Verbs of actors and sagas are in their
 * own history.
 */
import { Clock, Effect } from "effect"
import type { OperationLogService } from "../../runtime/operation/OperationLog.ts"
import { userIn } from "../http/Caller.ts"
import { utf8Text } from "../http/HeaderText.ts"
import type { FoundRoute } from "./RouteTable.ts"

/** Header with the reason of an operation, for verbs without a body. */
export const NOTE_HEADER = "everstate-note"

/** Header of an answer: the number of the operation in the log, or `unrecorded`. */
export const OPERATION_HEADER = "everstate-operation"

/** Longest wait for the log, in milliseconds. */
const RECORD_MS = 2_000

/** Longest note and target that are kept, in characters. */
const TEXT_LENGTH_MAX = 2_000

type Run = <A>(effect: Effect.Effect<A>) => Promise<A>

/** Whether the operation is recorded here. */
export const isRecorded = ({ verb, operation }: FoundRoute): boolean =>
  verb === "operate" && !operation.startsWith("sagas.") && operation !== "actors.ask"

/** Runs the operation between the two entries. */
export const recorded = async (
  { operations: log, run }: { readonly operations: OperationLogService; readonly run: Run },
  request: Request,
  route: FoundRoute,
  answer: (request: Request) => Promise<Response>,
): Promise<Response> => {
  const { pathname, search } = new URL(request.url)
  const signature = await signatureOf(request)
  const operation = {
    ...signature,
    verb: route.operation,
    target: storable(pathname + search),
  }
  const number = await run(
    Clock.currentTimeMillis.pipe(
      Effect.flatMap((atMs) => log.begin({ ...operation, atMs })),
      Effect.timeout(RECORD_MS),
      Effect.catch((error) =>
        Effect.as(
          Effect.logWarning("An operation is not in the log of operations").pipe(
            Effect.annotateLogs({ ...operation, why: error.message }),
          ),
          undefined,
        ),
      ),
    ),
  )
  const response = await answer(request)
  if (number !== undefined) {
    await run(
      log.end(number, await outcomeOf(response)).pipe(
        Effect.timeout(RECORD_MS),
        Effect.catch((error) =>
          Effect.logWarning("The outcome of an operation is not in the log", error.message),
        ),
      ),
    )
  }
  response.headers.set(OPERATION_HEADER, number === undefined ? "unrecorded" : String(number))
  return response
}

/** Text that Postgres can store, of a bounded length. */
const storable = (text: string): string => text.replaceAll("\0", "").toWellFormed().slice(0, TEXT_LENGTH_MAX)

/** Who does it, and why: from the headers, else from the body. */
const signatureOf = async (
  request: Request,
): Promise<{ readonly by: string | undefined; readonly note: string }> => {
  const body = await bodyOf(request)
  const user = userIn(request.headers)
  const note = request.headers.get(NOTE_HEADER)
  const by = user ?? body["by"]
  const why = note === null ? body["note"] : utf8Text(note)
  return {
    by: typeof by === "string" ? storable(by) : undefined,
    note: typeof why === "string" ? storable(why) : "",
  }
}

const bodyOf = async (request: Request): Promise<{ readonly [field: string]: unknown }> => {
  try {
    return Object(await request.clone().json())
  } catch {
    return {} // no JSON: the route refuses it
  }
}

/** `done`, or the status and kind of the problem. */
const outcomeOf = async (response: Response): Promise<string> => {
  if (response.ok) return "done"
  try {
    const { detail } = Object(await response.clone().json())
    return storable(`${response.status} ${detail}`)
  } catch {
    return String(response.status)
  }
}

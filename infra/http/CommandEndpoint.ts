/**
 * The parts that endpoints share: ids in a path, the headers of a command, the parameters of a list, and the
 * line that describes an endpoint.
 *
 * Owns their schemas. What headers do: CommandRequest.ts.
 */
import { Schema } from "effect"
import { OpenApi } from "effect/http-api"
import { addressOf, InvalidActorId } from "../../runtime/address/ActorAddress.ts"

const described = (description: string) => ({ description })

export const optionalText = (description: string) =>
  Schema.optionalKey(Schema.String.annotate(described(description)))

/**
 * True for an id that an actor may have, else the reason. Ids of all kinds are checked so, before a route
 * runs.
 */
const refusalOfId = (text: string): true | string => {
  try {
    addressOf("any", text, 1)
    return true
  } catch (error) {
    if (error instanceof InvalidActorId) return error.hint
    throw error
  }
}

/** An id in a path. */
export const pathId = Schema.String.check(Schema.makeFilter(refusalOfId))

/** A whole number in a path or a query. */
export const wholeNumber = (minimum: number, maximum: number) =>
  Schema.FiniteFromString.check(Schema.isInt(), Schema.isBetween({ minimum, maximum }))

/** Items on a page, with a default and a maximum. */
export const pageSize = (bounds: { readonly default: number; readonly max: number }) =>
  Schema.optionalKey(
    wholeNumber(1, bounds.max).annotate(described(`1 to ${bounds.max}, default ${bounds.default}`)),
  )

export const afterSequence = Schema.optionalKey(
  wholeNumber(0, Number.MAX_SAFE_INTEGER).annotate(
    described("`sequence` of a command's answer: the request waits until the list has the command's change"),
  ),
)

export const cursor = optionalText("`next` of the previous page")

const callerHeaders = {
  "x-user": optionalText("Name of the caller, where the gateway does not know it; stored with the events"),
  "x-correlation-id": optionalText(
    "Id of the business transaction; generated if missing, returned, and stored with the events",
  ),
  traceparent: optionalText("W3C trace context; stored with the events"),
}

/** Who signs an operator's verb. */
export const operatorHeader = {
  "x-user": optionalText("Name of the operator, where the gateway does not know it"),
}

export const commandHeaders = {
  "idempotency-key": optionalText(
    "Id of this command. After a time-out send the command again with the same key: it is applied once.",
  ),
  "if-match": Schema.optionalKey(
    Schema.String.check(
      Schema.isPattern(/^("\d{1,15}"|\*)$/, { expected: 'one strong ETag, as in "3"' }),
    ).annotate(described("Apply the command at this version only, else 412")),
  ),
  ...callerHeaders,
}

/** Summary and description of the endpoint in the OpenAPI document. */
export const about = (summary: string, description?: string) =>
  OpenApi.annotations({ summary, ...(description === undefined ? {} : { description }) })

/** Headers of every answer to a command. */
export const versionHeaders = { etag: Schema.String, "everstate-sequence": Schema.String }

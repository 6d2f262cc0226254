/**
 * What endpoints have in common: ids in a path, the headers of a command, the parameters of a list, a line that
 * describes them.
 *
 * Owns their schemas. What headers do: CommandRequest.ts.
 */
import { Schema } from "effect"
import { OpenApi } from "effect/http-api"
import { addressOf, InvalidActorId } from "../../runtime/address/ActorAddress.ts"

const described = (description: string) => ({ description })

export const optionalText = (description: string) =>
  Schema.optionalKey(Schema.String.annotate(described(description)))

/** What every actor may be called, and so every other thing that a path names. Checked before any route does anything. */
const refusalOfId = (text: string): true | string => {
  try {
    addressOf("any", text, 1)
    return true
  } catch (error) {
    if (error instanceof InvalidActorId) return error.hint
    throw error
  }
}

/** The id of something in a path. */
export const pathId = Schema.String.check(Schema.makeFilter(refusalOfId))

/** A whole number in a path or a query. */
export const wholeNumber = (minimum: number, maximum: number) =>
  Schema.FiniteFromString.check(Schema.isInt(), Schema.isBetween({ minimum, maximum }))

/** Items on a page: the default where it is missing. */
export const pageSize = (bounds: { readonly default: number; readonly max: number }) =>
  Schema.optionalKey(
    wholeNumber(1, bounds.max).annotate(described(`1 to ${bounds.max}, default ${bounds.default}`)),
  )

export const afterSequence = Schema.optionalKey(
  wholeNumber(0, Number.MAX_SAFE_INTEGER).annotate(
    described("`sequence` of a command's answer: waits until its change is in the list"),
  ),
)

export const cursor = optionalText("`next` of the page before")

const callerHeaders = {
  "x-user": optionalText("Who asks; stored with the events"),
  "x-correlation-id": optionalText("The business transaction; made up where missing, echoed, stored"),
  traceparent: optionalText("W3C trace context; stored with the events"),
}

export const commandHeaders = {
  "idempotency-key": optionalText(
    "Names this command for ever. After a time-out send it again with the same key: it is applied once.",
  ),
  "if-match": Schema.optionalKey(
    Schema.String.check(
      Schema.isPattern(/^("\d{1,15}"|\*)$/, { expected: 'one strong ETag, as in "3"' }),
    ).annotate(described("Apply only at this version, else 412")),
  ),
  ...callerHeaders,
}

/** How the endpoint is called in the documentation. */
export const about = (summary: string, description?: string) =>
  OpenApi.annotations({ summary, ...(description === undefined ? {} : { description }) })

/** Headers of every answer to a command. */
export const versionHeaders = { etag: Schema.String, "everstate-sequence": Schema.String }

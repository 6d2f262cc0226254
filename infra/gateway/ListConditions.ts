/**
 * Conditions of a list that are more than one text: names of states, and values of columns.
 *
 * Owns how both are written in a query. What they mean: runtime/directory/Listing.ts.
 */
import { Effect } from "effect"
import type { AnyColumns } from "../../runtime/directory/Listing.ts"
import { type Refused, refuseInvalid } from "../http/Refused.ts"

/** A comma between two names. The commas of `{payment:due,stock:held}` are inside of one name. */
const BETWEEN_NAMES = /,(?![^{]*\})/

/** The names of states in a text that has commas between them. */
export const statesOf = (text: string): ReadonlyArray<string> =>
  text.split(BETWEEN_NAMES).filter((name) => name !== "")

/** The columns in a JSON object. Which values a column may have is checked by the directory. */
export const columnsOf = (text: string): Effect.Effect<AnyColumns, Refused> => {
  const value = parsed(text)
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? Effect.succeed(value as AnyColumns)
    : refuseInvalid(
        "`where` is no JSON object.",
        'Give columns with their values, as in where={"customerId":"c-1"}, escaped for a URL.',
      )
}

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined // a text that is no JSON is refused like JSON that is no object
  }
}

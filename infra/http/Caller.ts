/**
 * The name of a request's caller, and who signs an operator's verb.
 *
 * Owns the header `X-User`. Where `authorize` or tokens decide who asks, the header holds their answer and never
 * what the client sent: infra/gateway/Gateway.ts sees to that.
 */
import { utf8Header, utf8Text } from "./HeaderText.ts"

const USER_HEADER = "x-user"

/** Name under which a verb is kept if the operator is not known. */
const UNKNOWN_OPERATOR = "unknown"

/** Headers of a route as its handler gets them. */
interface CallerHeaders {
  readonly [USER_HEADER]?: string
}

/** Name of the caller; `undefined` without the header, and if it is empty. */
export const userOf = ({ [USER_HEADER]: user = "" }: CallerHeaders): string | undefined =>
  user === "" ? undefined : utf8Text(user)

/** The same from the headers of a web-standard request. */
export const userIn = (headers: Headers): string | undefined =>
  userOf({ [USER_HEADER]: headers.get(USER_HEADER) ?? "" })

/** Replaces the name in the headers. `undefined` removes it. */
export const setUser = (headers: Headers, user: string | undefined): void => {
  if (user === undefined) headers.delete(USER_HEADER)
  else headers.set(USER_HEADER, utf8Header(user))
}

/** Who signs an operator's verb: the named caller, else the name `by` in the body. */
export const signerOf = (headers: CallerHeaders, by?: string): string =>
  userOf(headers) ?? by ?? UNKNOWN_OPERATOR

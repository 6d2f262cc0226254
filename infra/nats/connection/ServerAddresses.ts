/**
 * Addresses of nats-servers as users write them, with or without credentials.
 *
 * Owns taking the credentials out of them, for connecting and for showing. Options that are no addresses at all are
 * refused before: infra/system/InvalidStartOption.ts.
 */

/** Addresses, separated by commas if they are one text. */
export type ServerAddresses = string | ReadonlyArray<string>

interface Login {
  readonly user?: string
  readonly pass?: string
  readonly token?: string
}

/** The path of a WebSocket may have an `@`, too, so credentials end before the first slash. */
const WITH_USER = /^(?<scheme>[a-z]+:\/\/)?(?<user>[^/]*)@(?<host>.+)$/i

/** Whatever comes before the last `@`, because a password may be written with characters that need an escape. */
const CREDENTIALS = /^([a-z]+:\/\/)?.*@/is

/** What stands for a port and is none: the begin of a password that a comma cuts in two. */
const NO_PORT = /^((?:[a-z]+:\/\/)?[^:/[\]]*:)(?!\d*(?:\/|$)).*$/is

const listOf = (servers: ServerAddresses): ReadonlyArray<string> =>
  (typeof servers === "string" ? servers.split(",") : servers).map((server) => server.trim())

/** The text without its escapes, or as it is if it has a `%` that begins none. */
const unescaped = (text: string): string => {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

const loginOf = (user: string): Login => {
  const end = user.indexOf(":")
  return end === -1
    ? { token: unescaped(user) }
    : { user: unescaped(user.slice(0, end)), pass: unescaped(user.slice(end + 1)) }
}

/** Addresses without credentials, to connect to, and the first credentials among them. */
export const serversOf = (
  servers: ServerAddresses,
): { readonly list: Array<string>; readonly login: Login } => {
  let login: Login | undefined
  const list = listOf(servers).map((server) => {
    const { scheme = "", user = "", host } = WITH_USER.exec(server)?.groups ?? {}
    if (host === undefined) return server
    login ??= loginOf(user)
    return scheme + host
  })
  return { list, login: login ?? {} }
}

/** Addresses that are fit to be shown: also those that nobody can connect to have no password in them. */
export const shownServers = (servers: ServerAddresses): Array<string> =>
  listOf(servers).map((server) => server.replace(CREDENTIALS, "$1").replace(NO_PORT, "$1…"))

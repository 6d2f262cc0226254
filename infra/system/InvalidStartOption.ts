/**
 * Checks the options of a start or connect before anything is connected, and names the mistake in the
 * caller's terms.
 *
 * Owns the checks of mistakes that types cannot prevent: an unset environment variable, an address without
 * its scheme, a definition that a circular import left undefined. Refusals of the servers come later.
 */
import { Schema } from "effect"
import { errorClass } from "../../runtime/error/EverstateError.ts"

/** An option is missing or unusable. `option` names it: `postgres`, `actors[1]`. */
export class InvalidStartOption extends errorClass<InvalidStartOption>()(
  "InvalidStartOption",
  {
    option: Schema.String,
    detail: Schema.String,
    hint: Schema.String,
  },
  { kind: "terminal", retry: "never" },
) {
  override get message(): string {
    return `${this.option} is ${this.detail}: ${this.hint}`
  }
}

type Fields = { readonly [option: string]: unknown }

const NATS_HINT =
  'give the address of a nats-server, like "nats://127.0.0.1:4222", or connection options. Is an environment variable (NATS_URL) unset?'
const POSTGRES_HINT =
  'give the address of a database, like "postgres://user:password@127.0.0.1:5432/database", or pool options. Is an environment variable (DATABASE_URL) unset?'

/** The first mistake in the options of `ActorSystem.start`; `undefined` if there is none. */
export const invalidStartOption = (options: unknown): InvalidStartOption | undefined => {
  const fields = fieldsOf(options)
  if (fields instanceof InvalidStartOption) return fields
  const { postgres } = fields
  return natsInvalid(fields["nats"]) ?? postgresInvalid(postgres) ?? listsInvalid(fields)
}

/** The same for `ActorClient.connect`. */
export const invalidConnectOption = (options: unknown): InvalidStartOption | undefined => {
  const fields = fieldsOf(options)
  if (fields instanceof InvalidStartOption) return fields
  return natsInvalid(fields["nats"]) ?? listsInvalid(fields)
}

const invalid = (option: string, detail: string, hint: string): InvalidStartOption =>
  new InvalidStartOption({ option, detail, hint })

const fieldsOf = (options: unknown): Fields | InvalidStartOption =>
  typeof options === "object" && options !== null
    ? (options as Fields)
    : invalid("options", kindOf(options), "give { nats, postgres, actors }.")

const kindOf = (value: unknown): string => (value === null ? "null" : value === "" ? "empty" : typeof value)

const natsInvalid = (nats: unknown): InvalidStartOption | undefined => {
  const servers = typeof nats === "object" && nats !== null ? (nats as Fields)["servers"] : nats
  const option = servers === nats ? "nats" : "nats.servers"
  const list = typeof servers === "string" ? servers.split(",") : servers
  if (!Array.isArray(list) || list.length === 0) return invalid(option, kindOf(servers), NATS_HINT)
  for (const server of list) {
    if (typeof server !== "string" || server.trim() === "") return invalid(option, kindOf(server), NATS_HINT)
    const address = server.trim()
    const scheme = schemeOf(address)
    if (scheme !== undefined && !NATS_SCHEMES.has(scheme)) {
      return invalid(option, `an address of another kind ("${scheme}://")`, NATS_HINT)
    }
    const port = portInvalid(option, scheme === undefined ? `nats://${address}` : address)
    if (port !== undefined) return port
  }
  return undefined
}

const NATS_SCHEMES: ReadonlySet<string> = new Set(["nats", "tls", "ws", "wss"])

const postgresInvalid = (postgres: unknown): InvalidStartOption | undefined => {
  if (typeof postgres === "object" && postgres !== null) {
    const { url } = postgres as Fields
    return url === undefined ? undefined : addressInvalid("postgres.url", url)
  }
  return addressInvalid("postgres", postgres)
}

const addressInvalid = (option: string, address: unknown): InvalidStartOption | undefined => {
  if (typeof address !== "string" || address === "") return invalid(option, kindOf(address), POSTGRES_HINT)
  // The driver also takes the path of a socket.
  if (address.startsWith("/") || address.startsWith("socket:")) return undefined
  const scheme = schemeOf(address)
  if (scheme === undefined) return invalid(option, `an address without "postgres://"`, POSTGRES_HINT)
  if (scheme !== "postgres" && scheme !== "postgresql") {
    return invalid(option, `an address of another kind ("${scheme}://")`, POSTGRES_HINT)
  }
  return portInvalid(option, address)
}

const schemeOf = (address: string): string | undefined =>
  /^([a-z][a-z0-9+.-]*):\/\//i.exec(address)?.[1]?.toLowerCase()

/** Checks the text after the last colon of the host's part. It may hold a password, so it is not shown. */
const portInvalid = (option: string, address: string): InvalidStartOption | undefined => {
  const host =
    address
      .slice(address.indexOf("://") + 3)
      .split(/[/?#]/)[0]
      ?.split("@")
      .at(-1) ?? ""
  const port = /:([^:\]]*)$/.exec(host)?.[1]
  if (
    port === undefined ||
    port === "" ||
    (/^\d+$/.test(port) && Number(port) > 0 && Number(port) <= PORT_MAX)
  ) {
    return undefined
  }
  return invalid(option, `an address with the port "${port}"`, `give a port from 1 to ${PORT_MAX}.`)
}

const PORT_MAX = 65_535

/** Options that are lists of definitions, and the function that makes such a definition. */
const LISTS: { readonly [option: string]: string } = {
  actors: "defineActor",
  sagas: "defineSaga",
  reactors: "defineReactor",
  projections: "defineProjection",
  singletons: "defineSingleton",
}

const listsInvalid = (fields: Fields): InvalidStartOption | undefined => {
  for (const [option, maker] of Object.entries(LISTS)) {
    const list = fields[option]
    if (list === undefined && option !== "actors") continue
    if (!Array.isArray(list)) {
      return invalid(option, kindOf(list), `give a list of what ${maker}(...) returned; it may be empty.`)
    }
    const index = list.findIndex((definition) => typeof definition !== "object" || definition === null)
    if (index >= 0) {
      const hint = `give what ${maker}(...) returned. Do its file and this one import each other?`
      return invalid(`${option}[${index}]`, kindOf(list[index]), hint)
    }
  }
  return undefined
}

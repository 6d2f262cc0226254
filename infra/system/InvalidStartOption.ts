/**
 * Checks the options of a start or connect before anything is connected, and names the mistake in the
 * caller's terms.
 *
 * Owns the checks of mistakes that types cannot prevent: an unset environment variable, an address without
 * its scheme, a definition that a circular import left undefined. Refusals of the servers come later.
 */
import { Schema } from "effect"
import { errorClass } from "../../runtime/error/EverstateError.ts"
import { invalidSetting, kindOf } from "./InvalidSetting.ts"

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
  'set NATS_URL, or give the address of a nats-server, like "nats://127.0.0.1:4222", or connection options.'
const POSTGRES_HINT =
  'set DATABASE_URL, or give the address of a database, like "postgres://user:password@127.0.0.1:5432/database", or pool options.'

/** The first mistake in the options of `ActorSystem.start`; `undefined` if there is none. */
export const invalidStartOption = (options: unknown): InvalidStartOption | undefined => {
  const fields = fieldsOf(options)
  if (fields instanceof InvalidStartOption) return fields
  const { postgres } = fields
  return (
    natsInvalid(fields["nats"]) ??
    postgresInvalid(postgres) ??
    listsInvalid(fields) ??
    invalidSetting(fields, invalid)
  )
}

/** The same for `ActorClient.connect`. */
export const invalidConnectOption = (options: unknown): InvalidStartOption | undefined => {
  const fields = fieldsOf(options)
  if (fields instanceof InvalidStartOption) return fields
  return natsInvalid(fields["nats"]) ?? listsInvalid(fields) ?? invalidSetting(fields, invalid)
}

const invalid = (option: string, detail: string, hint: string): InvalidStartOption =>
  new InvalidStartOption({ option, detail, hint })

const fieldsOf = (options: unknown): Fields | InvalidStartOption =>
  typeof options === "object" && options !== null
    ? (options as Fields)
    : invalid("options", kindOf(options), "give { nats, postgres, actors }.")

const natsInvalid = (nats: unknown): InvalidStartOption | undefined => {
  if (Array.isArray(nats) || nats instanceof URL) return invalid("nats", kindOf(nats), NATS_HINT)
  const servers = typeof nats === "object" && nats !== null ? (nats as Fields)["servers"] : nats
  const option = servers === nats ? "nats" : "nats.servers"
  const list = typeof servers === "string" ? servers.split(",") : servers
  if (!Array.isArray(list) || list.length === 0) return invalid(option, kindOf(servers), NATS_HINT)
  for (const server of list) {
    const wrong = natsServerInvalid(option, server)
    if (wrong !== undefined) return wrong
  }
  return undefined
}

const natsServerInvalid = (option: string, server: unknown): InvalidStartOption | undefined => {
  if (typeof server !== "string" || server.trim() === "") return invalid(option, kindOf(server), NATS_HINT)
  const address = server.trim()
  const scheme = schemeOf(address)
  if (scheme !== undefined && !NATS_SCHEMES.has(scheme)) {
    return invalid(option, `an address of another kind ("${scheme}://")`, NATS_HINT)
  }
  const whole = scheme === undefined ? `nats://${address}` : address
  if (hostOf(whole) === "") return invalid(option, "an address without a host", NATS_HINT)
  return hostInvalid(option, whole, NATS_HINT)
}

const NATS_SCHEMES: ReadonlySet<string> = new Set(["nats", "tls", "ws", "wss"])

const postgresInvalid = (postgres: unknown): InvalidStartOption | undefined => {
  if (Array.isArray(postgres) || postgres instanceof URL) {
    return invalid("postgres", kindOf(postgres), POSTGRES_HINT)
  }
  if (typeof postgres === "object" && postgres !== null) {
    const { url, config } = postgres as Fields
    // The driver's own settings may name the server, or leave it to PGHOST and its like.
    if (url === undefined && typeof config === "object" && config !== null) return undefined
    return addressInvalid("postgres.url", url)
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
  if (address.slice(address.indexOf("://") + 3) === "") {
    return invalid(option, "an address without a host", POSTGRES_HINT)
  }
  return hostInvalid(option, address, POSTGRES_HINT)
}

const schemeOf = (address: string): string | undefined =>
  /^([a-z][a-z0-9+.-]*):\/\//i.exec(address)?.[1]?.toLowerCase()

/** The part of an address that names hosts, with the credentials before them. */
const authorityOf = (address: string): string =>
  address.slice(address.indexOf("://") + 3).split(/[/?#]/)[0] ?? ""

/** Host and port of an address; the text before them may hold a password and is never shown. */
const hostOf = (address: string): string => authorityOf(address).split("@").at(-1) ?? ""

const hostInvalid = (option: string, address: string, hint: string): InvalidStartOption | undefined => {
  for (const host of hostOf(address).split(",")) {
    const port = /:([^:\]]*)$/.exec(host)?.[1]
    const name = port === undefined ? host : host.slice(0, -port.length - 1)
    // What a template makes of a variable that is not set.
    if (name === "undefined" || name === "null") {
      return invalid(option, `an address with the host "${name}"`, hint)
    }
    if (port === "undefined" || port === "null")
      return invalid(option, `an address with the port "${port}"`, hint)
    const isPort = !port || (/^\d+$/.test(port) && Number(port) > 0 && Number(port) <= PORT_MAX)
    if (!isPort) return portInvalid(option, port, authorityOf(address).includes("@"))
  }
  return undefined
}

const PORT_MAX = 65_535

/** Without credentials before it, what stands for a port may be the begin of a password. */
const portInvalid = (option: string, port: string, isAfterCredentials: boolean): InvalidStartOption =>
  isAfterCredentials || /^\d+$/.test(port)
    ? invalid(option, `an address with the port "${port}"`, `give a port from 1 to ${PORT_MAX}.`)
    : invalid(
        option,
        "an address with a port that is no number",
        `give a port from 1 to ${PORT_MAX}. In a password write "/" as %2F and "," as %2C.`,
      )

/** Lists of definitions, what one of them is given by, and a field that only such a definition has. */
const LISTS: { readonly [option: string]: readonly [maker: string, field: string] } = {
  actors: ["defineActor", "machine"],
  sagas: ["defineSaga", "plan"],
  reactors: ["defineReactor", "on"],
  projections: ["defineProjection", "form"],
  singletons: ["defineSingleton", "run"],
}

const listsInvalid = (fields: Fields): InvalidStartOption | undefined => {
  for (const [option, [maker, field]] of Object.entries(LISTS)) {
    const list = fields[option]
    if (list === undefined && option !== "actors") continue
    if (!Array.isArray(list)) {
      return invalid(option, kindOf(list), `give a list of what ${maker}(...) returned; it may be empty.`)
    }
    for (const [index, definition] of list.entries()) {
      if (typeof definition !== "object" || definition === null) {
        const hint = `give what ${maker}(...) returned. Do its file and this one import each other?`
        return invalid(`${option}[${index}]`, kindOf(definition), hint)
      }
      if (field in definition) continue
      const [other] = Object.entries(LISTS).find(([, [, mark]]) => mark in definition) ?? []
      const hint = other === undefined ? "" : ` This one belongs to \`${other}\`.`
      return invalid(`${option}[${index}]`, "no such definition", `give what ${maker}(...) returned.${hint}`)
    }
  }
  return undefined
}

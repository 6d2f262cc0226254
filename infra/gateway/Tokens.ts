/**
 * Bearer tokens with roles, for services without an identity provider: from a file or from the environment.
 *
 * Owns the form of the list, the comparison in constant time, and what the roles may do. Tokens are kept as
 * digests. A token in a URL is not looked at, because URLs are in logs. A browser's session: Session.ts.
 */
import { createHash, timingSafeEqual } from "node:crypto"
import { readFileSync } from "node:fs"
import type { GatewayVerb } from "./Access.ts"
import { InvalidGatewayOption } from "./InvalidGatewayOption.ts"

/** `viewer` reads everything and changes nothing; `operator` may do everything. */
export const ROLES = ["viewer", "operator"] as const
export type Role = (typeof ROLES)[number]

/**
 * Where the tokens are: a file, or a variable of the environment. One token on each line: role, name of the
 * caller, token, with spaces between, as in `operator ann 9f2c...`. Lines that begin with `#` are comments.
 */
export type TokensOptions = { readonly file: string } | { readonly env: string }

/** Shortest token, in characters: shorter ones can be guessed. */
export const TOKEN_LENGTH_MIN = 24

/** Verbs of a viewer. */
const VIEWERS_VERBS: ReadonlySet<GatewayVerb> = new Set([
  "describe",
  "read",
  "list",
  "watch",
  "dryRun",
  "inspect",
])

/** A token's caller. */
export interface Holder {
  readonly name: string
  readonly role: Role
  /** SHA-256 of the token. */
  readonly digest: Buffer
}

/** Whether the role may do this. */
export const mayDo = (role: Role, verb: GatewayVerb): boolean =>
  role === "operator" || VIEWERS_VERBS.has(verb)

const digestOf = (token: string): Buffer => createHash("sha256").update(token, "utf8").digest()

/** The known tokens. */
export class Tokens {
  readonly #holders: ReadonlyArray<Holder>

  private constructor(holders: ReadonlyArray<Holder>) {
    this.#holders = holders
  }

  /** Throws `InvalidGatewayOption` for a list that is missing, empty or malformed. Never names a token. */
  static read(options: TokensOptions): Tokens {
    const where = "file" in options ? options.file : `$${options.env}`
    const lines = textOf(options)
      .split(/[\r\n]+/)
      .map((line) => line.trim())
      .filter((line) => line !== "" && !line.startsWith("#"))
    if (lines.length === 0) throw invalid(`${where} has no tokens`)
    return new Tokens(lines.map((line, index) => holderOf(line, `line ${index + 1} of ${where}`)))
  }

  /** The holder of the token. Compares with all tokens, each in constant time. */
  holderOf(token: string): Holder | undefined {
    const digest = digestOf(token)
    return this.#holders.filter((holder) => timingSafeEqual(holder.digest, digest))[0]
  }

  /** Holders of the name: one may have several tokens. */
  named(name: string): ReadonlyArray<Holder> {
    return this.#holders.filter((holder) => holder.name === name)
  }
}

const textOf = (options: TokensOptions): string => {
  if ("env" in options) return process.env[options.env] ?? ""
  try {
    return readFileSync(options.file, "utf8")
  } catch (cause) {
    throw invalid(`${options.file} cannot be read: ${(cause as Error).message}`)
  }
}

const holderOf = (line: string, where: string): Holder => {
  const [role, name, token, ...rest] = line.split(/\s+/)
  const known = ROLES.find((one) => one === role)
  if (known === undefined) throw invalid(`${where} does not begin with ${ROLES.join(" or ")}`)
  if (name === undefined || token === undefined || rest.length > 0) {
    throw invalid(`${where} is not a role, a name and a token`)
  }
  if (token.length < TOKEN_LENGTH_MIN) throw invalid(`the token on ${where} is too short`)
  return { name, role: known, digest: digestOf(token) }
}

const invalid = (detail: string): InvalidGatewayOption =>
  new InvalidGatewayOption({
    option: "tokens",
    detail,
    hint: `Write one token on each line, as in "operator ann <token>"; a token has ${TOKEN_LENGTH_MIN} characters or more: openssl rand -hex 32.`,
  })

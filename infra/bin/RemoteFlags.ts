/**
 * Where the system is that a verb works on: a gateway, or NATS and Postgres.
 *
 * Owns the flags, their environment variables, and the choice of the remote. With a module of definitions, a
 * gateway of this process works on NATS and Postgres (RemoteSystem.ts); without one, what they hold is read as it
 * is stored (RemoteStores.ts).
 */
import { existsSync, readFileSync } from "node:fs"
import { Config, Effect, Option, type Scope } from "effect"
import { Command, Flag } from "effect/cli"
import { MODULES_DEFAULT } from "./DefinitionModule.ts"
import type { Remote } from "./Remote.ts"
import { remoteHttp } from "./RemoteHttp.ts"
import { type VerbFailed, wrongUse } from "./VerbFailed.ts"

/** Gateway of `npm start` of a new service. */
const URL_DEFAULT = "http://127.0.0.1:3000"

const optionalText = (name: string, metavar: string, description: string) =>
  Flag.String(name).pipe(
    Flag.withMetavar(metavar),
    Flag.withDescription(description),
    Flag.optional,
    Flag.map(Option.getOrUndefined),
  )

/** Flags of NATS and Postgres, for verbs that work on them. */
export const serverFlags = {
  nats: optionalText("nats", "URL", "NATS of the system (default: NATS_URL)"),
  postgres: optionalText("postgres", "URL", "Postgres of the system (default: DATABASE_URL)"),
  namespace: Flag.String("namespace").pipe(
    Flag.withDescription("Namespace of the system (default everstate)"),
    Flag.withDefault("everstate"),
  ),
}

/** Flags of every verb that works on a running system. */
export const remoteFlags = {
  url: optionalText(
    "url",
    "URL",
    `Gateway of the system, base path included (default: EVERSTATE_URL, or ${URL_DEFAULT})`,
  ),
  tokenFile: optionalText("token-file", "FILE", "File with the token for the gateway (or: EVERSTATE_TOKEN)"),
  ...serverFlags,
  module: optionalText(
    "module",
    "FILE",
    `Module of the definitions, for --nats and --postgres (default: ${MODULES_DEFAULT[0]})`,
  ),
}

export interface RemoteInput {
  readonly url: string | undefined
  readonly tokenFile: string | undefined
  readonly nats: string | undefined
  readonly postgres: string | undefined
  readonly namespace: string
  readonly module: string | undefined
}

const environment = Config.all({
  url: Config.option(Config.NonEmptyString("EVERSTATE_URL")),
  token: Config.option(Config.NonEmptyString("EVERSTATE_TOKEN")),
  nats: Config.option(Config.NonEmptyString("NATS_URL")),
  postgres: Config.option(Config.NonEmptyString("DATABASE_URL")),
})

/**
 * The remote of the flags. Without flags: the gateway of EVERSTATE_URL, then the servers of NATS_URL and
 * DATABASE_URL, then the default gateway.
 */
export const acquireRemote = Effect.fnUntraced(function* (
  input: RemoteInput,
): Effect.fn.Return<Remote, VerbFailed, Scope.Scope> {
  const env = yield* Effect.orDie(environment)
  const known = Option.getOrUndefined
  const isStraight = input.nats !== undefined || input.postgres !== undefined || input.module !== undefined
  if (input.url !== undefined && isStraight) {
    return yield* wrongUse(
      "--url excludes --nats, --postgres and --module.",
      "Give the gateway, or the servers.",
    )
  }
  const nats = input.nats ?? known(env.nats)
  const postgres = input.postgres ?? known(env.postgres)
  const url = input.url ?? (isStraight ? undefined : known(env.url))
  if (url === undefined && nats !== undefined && postgres !== undefined) {
    const place = { nats, postgres, namespace: input.namespace }
    // Loaded here alone: they bring the runtime and the drivers, which the other verbs would wait for.
    if (input.module === undefined && !MODULES_DEFAULT.some((file) => existsSync(file))) {
      const { remoteStores } = yield* Effect.promise(() => import("./RemoteStores.ts"))
      return yield* remoteStores(place)
    }
    const { remoteSystem } = yield* Effect.promise(() => import("./RemoteSystem.ts"))
    return yield* remoteSystem({ ...place, module: input.module })
  }
  if (isStraight) {
    return yield* wrongUse(
      `${nats === undefined ? "NATS" : "Postgres"} is not given.`,
      "Give both: --nats and --postgres, or NATS_URL and DATABASE_URL.",
    )
  }
  return remoteHttp({
    url: (yield* urlOf(url ?? URL_DEFAULT)).replace(/\/+$/, ""),
    token: yield* tokenOf(input.tokenFile, known(env.token)),
  })
})

const urlOf = (given: string): Effect.Effect<string, VerbFailed> => {
  // Nothing of it is shown, because it may hold a password.
  if (given.includes("@")) {
    return Effect.fail(
      wrongUse(
        "The address of the gateway has an `@` in it.",
        "Give it without a user. A token goes in a file: --token-file.",
      ),
    )
  }
  return /^https?:\/\/[^\s?#]+$/.test(given) && URL.canParse(given)
    ? Effect.succeed(given)
    : Effect.fail(
        wrongUse(`${given} is no address of a gateway.`, "Give one as in http://127.0.0.1:3000/api."),
      )
}

const tokenOf = Effect.fnUntraced(function* (
  file: string | undefined,
  fromEnv: string | undefined,
): Effect.fn.Return<string | undefined, VerbFailed> {
  if (file !== undefined && !existsSync(file)) {
    return yield* wrongUse(`There is no file ${file}.`, TOKEN_FILE_HINT)
  }
  const token = file === undefined ? fromEnv : readFileSync(file, "utf8").trim()
  // A header that cannot be made is shown in the error of `fetch`.
  if (token !== undefined && !/^[ -~]*$/.test(token)) {
    return yield* wrongUse("The token has a line break, or a character that is not ASCII.", TOKEN_FILE_HINT)
  }
  return token
})

const TOKEN_FILE_HINT = "Give a file that holds the token alone."

type InputOf<C extends Command.Command.Config> = Command.Command.Config.Infer<C>

/** A verb on a running system: adds the flags, and gives the remote that they name. */
export const remoteVerb = <const Name extends string, const C extends Command.Command.Config, R = never>(
  name: Name,
  config: C,
  run: (remote: Remote, input: InputOf<C>) => Effect.Effect<void, VerbFailed, R>,
) =>
  Command.make(name, { given: config, remote: remoteFlags }, ({ given, remote }) =>
    Effect.scoped(Effect.flatMap(acquireRemote(remote), (acquired) => run(acquired, given as InputOf<C>))),
  )

/**
 * A user's module: what it exports of actors, sagas, projections, reactors and singletons.
 *
 * Owns finding and importing the module, and telling the definitions apart by their shape. The verbs `dev`
 * and `sim`, and those that work straight on NATS and Postgres, take such a module.
 */
import { existsSync } from "node:fs"
import { extname, resolve } from "node:path"
import { pathToFileURL } from "node:url"
import { Effect } from "effect"
import type {
  AnyActor,
  ProjectionDefinition,
  ReactorDefinition,
  SingletonDefinition,
} from "../../runtime/index.ts"
import type { AnySaga } from "../../runtime/saga.ts"
import { NODE_VERSION_MIN, nodeVersionComplaint } from "../cli/NodeVersion.ts"
import { VerbFailed, wrongUse } from "./VerbFailed.ts"

/** Definitions of a module, in the order of its exports. */
export interface Definitions {
  readonly actors: ReadonlyArray<AnyActor>
  readonly sagas: ReadonlyArray<AnySaga>
  readonly projections: ReadonlyArray<ProjectionDefinition>
  readonly reactors: ReadonlyArray<ReactorDefinition>
  readonly singletons: ReadonlyArray<SingletonDefinition>
}

/** Files that are looked for, in this order, where the user names no module. */
export const MODULES_DEFAULT = [
  "src/definitions.ts",
  "src/definitions.js",
  "definitions.ts",
  "definitions.js",
]

type Exports = { readonly [name: string]: unknown }

/** The file that the user named, or the first of `candidates` that exists. */
export const moduleFile = (
  given: string | undefined,
  candidates: ReadonlyArray<string>,
  what: string,
): Effect.Effect<string, VerbFailed> => {
  if (given !== undefined) {
    const file = resolve(given)
    return existsSync(file)
      ? Effect.succeed(file)
      : Effect.fail(wrongUse(`There is no file ${given}.`, `Give the path of a module that exports ${what}.`))
  }
  const found = candidates.find((candidate) => existsSync(candidate))
  return found !== undefined
    ? Effect.succeed(resolve(found))
    : Effect.fail(
        wrongUse(
          `No module is given, and there is none of ${candidates.join(", ")}.`,
          `Give the path of a module that exports ${what}.`,
        ),
      )
}

/** Imports a module of the user. An older Node that cannot read TypeScript is told so. */
export const importModule = (file: string): Effect.Effect<Exports, VerbFailed> => {
  const isTypeScript = [".ts", ".mts"].includes(extname(file))
  if (isTypeScript && nodeVersionComplaint(process.versions.node) !== undefined) {
    return Effect.fail(
      new VerbFailed({
        exit: "failed",
        what: `${file} is TypeScript, and Node ${process.versions.node} reads JavaScript alone.`,
        hint: `Use Node ${NODE_VERSION_MIN} or later, or compile the module and give its .js file.`,
      }),
    )
  }
  return Effect.tryPromise({
    try: () => import(pathToFileURL(file).href) as Promise<Exports>,
    catch: (error) =>
      new VerbFailed({
        exit: "failed",
        what: `${file} cannot be imported: ${traceOf(error)}`,
        hint: importHint(error),
      }),
  })
}

/** The error with the lines of the user's code; those of Node itself help nobody. */
export const traceOf = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error)
  const lines = (error.stack ?? error.message).split("\n")
  return lines.filter((line) => !/^\s+at .*node:internal|^\s+at ModuleJob/.test(line)).join("\n")
}

/** What to do about an error of Node's loader; empty for one of the module itself. */
const importHint = (error: unknown): string => {
  const { code, message = "" } = Object(error) as { readonly code?: string; readonly message?: string }
  if (code === "ERR_MODULE_NOT_FOUND" || code === "ERR_UNSUPPORTED_DIR_IMPORT") {
    return "A relative import names the file with its ending, as in ./Account.ts; a package has to be installed."
  }
  if (code === "ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX") {
    return "Node takes types away and does no more: no enums, namespaces and parameter properties."
  }
  return message.includes("does not provide an export") ? "A type is imported with `import type`." : ""
}

/** The definitions among the exports of a module, which may be single or in arrays; each counts once. */
export const definitionsIn = (exports: Exports): Definitions => {
  const all = [
    ...new Set(Object.values(exports).flatMap((value) => (Array.isArray(value) ? value : [value]))),
  ]
  const ofShape = <A>(isOne: (value: Shape) => boolean): ReadonlyArray<A> =>
    all.filter((value) => isShape(value) && isOne(value)) as ReadonlyArray<A>
  return {
    actors: ofShape(
      ({ type, machine, snapshotVersion }) => isText(type) && !!machine && isSet(snapshotVersion),
    ),
    sagas: ofShape(({ type, actor, plan }) => isText(type) && isSet(actor) && isSet(plan)),
    projections: ofShape(({ name, form, from }) => isText(name) && isSet(form) && Array.isArray(from)),
    reactors: ofShape(({ name, on, from }) => isText(name) && on instanceof Map && Array.isArray(from)),
    singletons: ofShape(({ name, run, form }) => isText(name) && typeof run === "function" && !isSet(form)),
  }
}

/** Finds, imports and reads the module. Fails if it exports no actor and no saga. */
export const loadDefinitions = Effect.fnUntraced(function* (given: string | undefined) {
  const file = yield* moduleFile(given, MODULES_DEFAULT, "your definitions")
  const definitions = definitionsIn(yield* importModule(file))
  if (definitions.actors.length + definitions.sagas.length === 0) {
    return yield* wrongUse(
      `${file} exports no actor and no saga.`,
      "Export what defineActor(...) and defineSaga(...) return, each by a name or all in an array.",
    )
  }
  return { file, definitions }
})

type Shape = { readonly [key: string]: unknown }

const isShape = (value: unknown): value is Shape => typeof value === "object" && value !== null

const isText = (value: unknown): boolean => typeof value === "string"

const isSet = (value: unknown): boolean => value !== undefined

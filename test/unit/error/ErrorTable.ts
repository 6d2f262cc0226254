/** The table of all public errors, made from the code: docs/ERRORS.md is its text. */
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { EverstateError, type RetryByReason } from "../../../runtime/error/EverstateError.ts"

const root = join(import.meta.dirname, "../../..")

export interface PublicError {
  readonly name: string
  readonly entries: ReadonlyArray<string>
  readonly made: EverstateError
  readonly traits: { readonly retry: string | RetryByReason; readonly hint?: string } | undefined
}

type ErrorConstructor = (new (
  ...given: Array<unknown>
) => EverstateError) & {
  readonly traits?: PublicError["traits"]
  readonly fields?: Fields
}

type Fields = Record<string, { readonly ast: SampledAst }>

/** What is looked at of a schema's tree. */
interface SampledAst {
  readonly _tag: string
  readonly context?: { readonly isOptional: boolean }
  readonly literal?: unknown
  readonly types?: ReadonlyArray<SampledAst>
  readonly propertySignatures?: ReadonlyArray<{ readonly name: string; readonly type: SampledAst }>
}

const sampleOf = (ast: SampledAst): unknown => {
  if (ast._tag === "String") return "what"
  if (ast._tag === "Number") return 1
  if (ast._tag === "Literal") return ast.literal
  if (ast._tag === "Arrays") return []
  if (ast._tag === "Union" && ast.types?.[0] !== undefined) return sampleOf(ast.types[0])
  if (ast._tag !== "Objects") return undefined
  return Object.fromEntries((ast.propertySignatures ?? []).map(({ name, type }) => [name, sampleOf(type)]))
}

const valuesOf = (fields: Fields): object =>
  Object.fromEntries(
    Object.entries(fields)
      .filter(([, { ast }]) => ast.context?.isOptional !== true)
      .map(([name, { ast }]) => [name, sampleOf(ast)]),
  )

const isErrorClass = (value: unknown): value is ErrorConstructor =>
  typeof value === "function" && value.prototype instanceof Error && value !== EverstateError

/** Every class of errors that the modules export, with one error of it whose fields say nothing. */
export const publicErrors = (modules: { readonly [entry: string]: object }): ReadonlyArray<PublicError> => {
  const entries = new Map<ErrorConstructor, Array<string>>()
  for (const [entry, module] of Object.entries(modules)) {
    for (const value of Object.values(module)) {
      if (isErrorClass(value)) entries.set(value, [...(entries.get(value) ?? []), entry])
    }
  }
  return [...entries]
    .map(([Class, from]) => {
      const made = Class.fields === undefined ? new Class("what", "why") : new Class(valuesOf(Class.fields))
      return { name: made._tag, entries: from, made, traits: Class.traits }
    })
    .sort((left, right) => left.name.localeCompare(right.name, "en"))
}

const sources = ["runtime", "infra"].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts"))
    .map((file) => readFileSync(join(root, folder, file), "utf8")),
)

/** The first sentence of the doc comment over the class; `undefined` where it has none. */
export const documentedAs = (tag: string): string | undefined => {
  const declared = new RegExp(
    `/\\*\\*((?:(?!\\*/)[\\s\\S])*)\\*/\\n(?:export )?class \\w+[^\\n]* extends (?:EverstateError|errorClass<\\w+>\\(\\)\\(\\s*"${tag}")`,
    "g",
  )
  for (const source of sources) {
    for (const [whole, comment = ""] of source.matchAll(declared)) {
      if (!whole.includes(`"${tag}"`) && !whole.includes(`class ${tag} `)) continue
      const text = comment
        .replace(/^\s*\* ?/gm, " ")
        .replace(/\s+/g, " ")
        .trim()
      return /^.*?[.:](?= |$)/.exec(text)?.[0].replace(/:$/, ".") ?? text
    }
  }
  return undefined
}

const retryText = ({ made, traits }: PublicError): string => {
  const retry = traits?.retry ?? made.retry
  if (typeof retry === "string") return retry
  const { otherwise, later = [], sameCommandId = [], never = [] } = retry
  const cases = Object.entries({ later, "same command id": sameCommandId, never }).flatMap(
    ([how, reasons]) => (reasons.length === 0 ? [] : [`${how} (${reasons.join(", ")})`]),
  )
  return [...cases, `else ${otherwise}`].join(", ")
}

const escaped = (text: string): string => text.replaceAll("|", "\\|").replace(/\{@link (\w+)\}/g, "`$1`")

/** The page. */
export const errorPage = (errors: ReadonlyArray<PublicError>): string => {
  const rows = errors.map((error) => {
    const hint = error.traits === undefined ? error.made.hint : error.traits.hint
    const cells = [
      `\`${error.name}\``,
      error.entries.join(", "),
      documentedAs(error.name) ?? "",
      error.made.kind,
      retryText(error),
      hint ?? "says the case",
    ]
    return `| ${cells.map(escaped).join(" | ")} |`
  })
  return `${HEAD}\n${rows.join("\n")}\n`
}

const HEAD = `# Errors

Every error of the package is a plain \`Error\` and a tagged error of Effect. \`error instanceof EverstateError\` holds for each of them,
and \`isEverstateError(error)\` narrows. \`_tag\` is the name in this table. \`kind\` says what happened:

| kind | meaning |
|---|---|
| rejection | the domain says no |
| conflict | read again, and decide anew |
| transient | it passes by itself |
| terminal | the same request fails every time |
| defect | a promise was broken, in the code of an actor, in data, or in the package |

\`retry\` says what a program may do by itself:

| retry | meaning |
|---|---|
| same command id | send the same command again with the same \`commandId\`: it may be stored already, and is applied once |
| later | make the same call again after a pause |
| never | the same call fails again until somebody changes something |

\`hint\` says what the reader can do. A test makes this table from the code and compares it.

| error | entry points | meaning | kind | retry | hint |
|---|---|---|---|---|---|`

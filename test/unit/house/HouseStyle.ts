/**
 * Owns the rules of the house that no linter states: what each room of the tree may name, how files are
 * called, how long they grow, and what no tracked file may contain. Sources are parsed, so a comment or a
 * string never trips a rule about code. Import rules live in `.dependency-cruiser.mjs`, the rest in `biome.json`.
 */
import { parseSync, visitorKeys } from "oxc-parser"

/** One breach: where it is (line from 1), which rule, and what to do instead. */
export interface Breach {
  readonly path: string
  readonly line: number
  readonly rule: Rule
  readonly hint: string
}

export type Rule =
  | "determinism"
  | "file name"
  | "file length"
  | "export star"
  | "import type expression"
  | "unfinished work"
  | "machine path"
  | "registry host"
  | "date of a test"
  | "syntax"

/** A file longer than this holds two nouns. About 300 is where that usually begins. */
export const fileLineCountMax = 400

/** A list of words in one language is one noun, however long. */
const wordLists = /^infra\/console\/text\//

/** A clock that starts in 1970, where a moment and a delay are the same number. */
const testClock = /TestClock\.layer\(/

/** Rooms whose code must give the same result twice: time, randomness and settings come as services. */
const deterministicRoom = /^(runtime|actors|sagas)\//

/** The simulator's trap names the globals that lead outside in order to catch them. */
const determinismAllowance = new Set([
  "runtime/machine/BirthWatch.ts",
  "runtime/testing/simulation/EscapeTrap.ts",
])

/** The two faces of the package re-export the runtime's list of public names. */
const exportStarAllowance = new Set(["infra/everstate.ts", "infra/effect.ts", "runtime/index.ts"])

const namelessFolder = /^(utils?|helpers?|common|misc)$/i
const namelessFile = /^(utils?|helpers?|common|misc|types)(\.d)?\.[cm]?[jt]sx?$|Manager\.[cm]?tsx?$/i

/** Globals that may not be named at all in a deterministic room, and what stands in for them. */
const bannedGlobals: ReadonlyMap<string, string> = new Map([
  ["setTimeout", "sleep through Effect's Clock"],
  ["setInterval", "schedule through Effect's Clock"],
  ["setImmediate", "yield through Effect's Scheduler"],
  ["queueMicrotask", "yield through Effect's Scheduler"],
  ["randomUUID", "take ids from Effect's Random or from the caller"],
  ["performance", "read Effect's Clock"],
  ["crypto", "take randomness from Effect's Random"],
  ["process", "take settings as arguments or from a service"],
  ["console", "log through Effect"],
  ["globalThis", "name the global itself, so that this rule sees it"],
  ["global", "name the global itself, so that this rule sees it"],
])

/** Members of otherwise harmless globals; a star stands for any owner. */
const bannedMembers: ReadonlyMap<string, string> = new Map([
  ["Date.now", "read Effect's Clock"],
  ["Math.random", "take randomness from Effect's Random"],
  ["*.randomUUID", "take ids from Effect's Random or from the caller"],
  ["*.getRandomValues", "take randomness from Effect's Random"],
])

// Assembled from halves, so that this file passes its own rule.
const unfinishedWork = new RegExp(
  `\\b(${["TO", "FIX"].map((head, i) => head + ["DO", "ME"][i]).join("|")})\\b`,
)

const machinePath =
  /(?<![\w.$}/-])(\/(home|Users|root|work|tmp|private\/tmp|var\/folders)\/[\w.@-]|[A-Z]:\\Users\\)/
const registryHost =
  /https?:\/\/([\w-]+\.)*(registry|npm)\.[\w.-]+|\b(registry\.(npmjs\.org|yarnpkg\.com)|npm\.pkg\.github\.com)\b/

interface SyntaxNode {
  readonly type: string
  readonly start: number
  readonly [key: string]: unknown
}

/** Every breach of one file; `path` is relative to the root, with forward slashes. */
export function breachesOf(path: string, source: string): ReadonlyArray<Breach> {
  const breaches = [...breachesOfName(path), ...breachesOfText(path, source)]
  return /\.[cm]?tsx?$/.test(path) ? [...breaches, ...breachesOfSyntax(path, source)] : breaches
}

function breachesOfName(path: string): ReadonlyArray<Breach> {
  const segments = path.split("/")
  const file = segments.at(-1) ?? path
  const nameless =
    namelessFile.test(file) || segments.slice(0, -1).some((folder) => namelessFolder.test(folder))
  return nameless
    ? [{ path, line: 1, rule: "file name", hint: "name the file after the one noun it holds" }]
    : []
}

function breachesOfText(path: string, source: string): ReadonlyArray<Breach> {
  const breaches: Array<Breach> = []
  const lines = source.split("\n")
  lines.forEach((text, index) => {
    const line = index + 1
    if (unfinishedWork.test(text)) {
      breaches.push({
        path,
        line,
        rule: "unfinished work",
        hint: "finish it, or say in a sentence why it is so",
      })
    }
    if (machinePath.test(text)) {
      breaches.push({ path, line, rule: "machine path", hint: "derive the path at run time" })
    }
    if (testClock.test(text) && path !== "test/fixtures/time/RealDate.ts") {
      breaches.push({ path, line, rule: "date of a test", hint: "take realDate of test/fixtures/time" })
    }
    if (registryHost.test(text)) {
      breaches.push({
        path,
        line,
        rule: "registry host",
        hint: "leave the registry to the user's npm settings",
      })
    }
  })
  const lineCount = source.endsWith("\n") ? lines.length - 1 : lines.length
  if (/\.[cm]?[jt]sx?$/.test(path) && lineCount > fileLineCountMax && !wordLists.test(path)) {
    const hint = `${lineCount} lines, at most ${fileLineCountMax}: find the second noun and give it a file`
    breaches.push({ path, line: lineCount, rule: "file length", hint })
  }
  return breaches
}

function breachesOfSyntax(path: string, source: string): ReadonlyArray<Breach> {
  const { program, errors } = parseSync(path, source)
  if (errors.length > 0) {
    return [{ path, line: 1, rule: "syntax", hint: errors[0]?.message ?? "does not parse" }]
  }
  const breaches: Array<Breach> = []
  const deterministic = deterministicRoom.test(path) && !determinismAllowance.has(path)
  const visit = (node: SyntaxNode, parents: ReadonlyArray<SyntaxNode>): void => {
    const found = structuralBreach(path, node) ?? (deterministic ? impurity(node, parents) : undefined)
    if (found !== undefined) breaches.push({ path, line: lineAt(source, node.start), ...found })
    const inner = [node, ...parents]
    for (const child of childrenOf(node)) visit(child, inner)
  }
  visit(program as unknown as SyntaxNode, [])
  return breaches
}

function structuralBreach(path: string, node: SyntaxNode): Pick<Breach, "rule" | "hint"> | undefined {
  if (node.type === "ExportAllDeclaration" && node.exported === null && !exportStarAllowance.has(path)) {
    return { rule: "export star", hint: "list the exported names" }
  }
  if (node.type === "TSImportType") {
    return {
      rule: "import type expression",
      hint: "write `import type` at the top, where import rules see it",
    }
  }
  return undefined
}

/** A value that differs between two runs, named anywhere but as a key, a type or a binding's foreign name. */
function impurity(
  node: SyntaxNode,
  parents: ReadonlyArray<SyntaxNode>,
): Pick<Breach, "rule" | "hint"> | undefined {
  if (node.type === "MemberExpression") return memberImpurity(node)
  if (node.type !== "Identifier" || !isValueReference(node, parents)) return undefined
  const name = nameOf(node)
  const hint = bannedGlobals.get(name)
  if (hint !== undefined) return { rule: "determinism", hint: `${name}: ${hint}` }
  if (name === "Date" && !isPureUseOfDate(parents[0])) {
    return {
      rule: "determinism",
      hint: "Date: read Effect's Clock; only new Date(value) and Date's parsers are pure",
    }
  }
  if (name === "Math" && parents[0]?.type !== "MemberExpression") {
    return { rule: "determinism", hint: "Math: name its members one by one, so that random is seen" }
  }
  return undefined
}

function memberImpurity(node: SyntaxNode): Pick<Breach, "rule" | "hint"> | undefined {
  const owner = nameOf(node.object)
  const property = nameOf(node.property)
  const hint = bannedMembers.get(`${owner}.${property}`) ?? bannedMembers.get(`*.${property}`)
  if (hint !== undefined) return { rule: "determinism", hint: `${owner}.${property}: ${hint}` }
  const hidden = node.computed === true && !isLiteral(node.property) && (owner === "Math" || owner === "Date")
  return hidden ? { rule: "determinism", hint: `${owner}[…]: name the member` } : undefined
}

function isPureUseOfDate(parent: SyntaxNode | undefined): boolean {
  if (parent === undefined) return false
  if (parent.type === "NewExpression") return (parent.arguments as ReadonlyArray<unknown>).length > 0
  // Date.now is reported by its member expression, a member that is not named likewise.
  if (parent.type === "MemberExpression") return true
  return parent.type === "BinaryExpression" && parent.operator === "instanceof"
}

function isValueReference(node: SyntaxNode, parents: ReadonlyArray<SyntaxNode>): boolean {
  const parent = parents[0]
  if (parent === undefined) return false
  if (parent.type === "MemberExpression") return parent.object === node || parent.computed === true
  if (parent.type === "ImportSpecifier") return parent.imported === node
  if (parent.type === "ExportSpecifier") return parent.local === node
  const isKey = parent.key === node && parent.computed !== true
  if (isKey) return parent.shorthand === true && parents[1]?.type === "ObjectExpression"
  const isTypeSyntax = parent.type.startsWith("TS") && !valueWrappers.has(parent.type)
  return !isTypeSyntax
}

/** TypeScript nodes around a value: `x as T`, `x satisfies T`, `x!`. */
const valueWrappers = new Set([
  "TSAsExpression",
  "TSSatisfiesExpression",
  "TSNonNullExpression",
  "TSTypeAssertion",
])

const isLiteral = (node: unknown): boolean => isSyntaxNode(node) && node.type === "Literal"

function nameOf(node: unknown): string {
  if (!isSyntaxNode(node)) return ""
  if (node.type === "Identifier") return String(node.name)
  if (node.type === "Literal") return String(node.value)
  return ""
}

function* childrenOf(node: SyntaxNode): Iterable<SyntaxNode> {
  for (const key of visitorKeys[node.type] ?? []) {
    const value = node[key]
    for (const child of Array.isArray(value) ? value : [value]) if (isSyntaxNode(child)) yield child
  }
}

const isSyntaxNode = (value: unknown): value is SyntaxNode =>
  typeof value === "object" && value !== null && "type" in value && "start" in value

const lineAt = (source: string, offset: number): number => source.slice(0, offset).split("\n").length

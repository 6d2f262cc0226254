/**
 * The public names of the package, and whether each has a docstring. The API reference is made from these docstrings.
 *
 * Owns the walk from an entry point through its lists of exports to the declarations. Sources are parsed, not compiled.
 */
import { readFileSync } from "node:fs"
import path from "node:path"
import { parseSync } from "oxc-parser"

/** A declaration that an entry point exports. */
export interface PublicName {
  readonly name: string
  /** File of the declaration, relative to the root. */
  readonly file: string
  readonly hasDocstring: boolean
  /** Declared as a function. The overloads of one share a docstring. */
  readonly isFunction: boolean
}

interface SyntaxNode {
  readonly type: string
  readonly start: number
  readonly [key: string]: unknown
}

interface Specifier {
  readonly local: { readonly name: string }
  readonly exported: { readonly name: string }
}

interface Source {
  readonly file: string
  readonly text: string
  readonly body: ReadonlyArray<SyntaxNode>
  /** Ends of the docstrings, where nothing but white space follows before a statement. */
  readonly docstrings: ReadonlyArray<number>
}

/** Every name that the entry point exports, with each of its declarations. */
export const publicNamesOf = (root: string, entry: string): ReadonlyArray<PublicName> => {
  const sources = new Map<string, Source>()
  const sourceOf = (file: string): Source => {
    const known = sources.get(file)
    if (known !== undefined) return known
    const parsed = parsedSource(root, file)
    sources.set(file, parsed)
    return parsed
  }

  /** The declarations that a module exports, under `wanted` or under any name. */
  const exportsOf = (file: string, wanted?: string): ReadonlyArray<PublicName> => {
    const source = sourceOf(file)
    return source.body.flatMap((node) => {
      if (node.type === "ExportAllDeclaration") return exportsOf(importedFrom(source, node), wanted)
      if (node.type !== "ExportNamedDeclaration") return []
      if (node["declaration"]) return declared(source, node, node["declaration"] as SyntaxNode, wanted)
      const specifiers = (node["specifiers"] as ReadonlyArray<Specifier>).filter(
        ({ exported }) => wanted === undefined || exported.name === wanted,
      )
      return specifiers.flatMap(({ local, exported }) => {
        const found =
          node["source"] === null
            ? ownOf(source, local.name)
            : exportsOf(importedFrom(source, node), local.name)
        return found.map((each) => ({ ...each, name: exported.name }))
      })
    })
  }

  /** Declarations of a name that the module exports by a list without a source: its own, or what it imports. */
  const ownOf = (source: Source, name: string): ReadonlyArray<PublicName> =>
    source.body.flatMap((node) => {
      if (node.type !== "ImportDeclaration") return declared(source, node, node, name)
      const specifier = (
        node["specifiers"] as ReadonlyArray<{ local: { name: string }; imported?: { name: string } }>
      ).find(({ local }) => local.name === name)
      return specifier === undefined
        ? []
        : exportsOf(importedFrom(source, node), specifier.imported?.name ?? name)
    })

  return withoutOverloads(exportsOf(entry))
}

/** Leaves out overloads of a function that is documented by another one. */
const withoutOverloads = (names: ReadonlyArray<PublicName>): ReadonlyArray<PublicName> =>
  names.filter(
    (each) =>
      each.hasDocstring ||
      !each.isFunction ||
      !names.some(
        ({ name, file, isFunction, hasDocstring }) =>
          name === each.name && file === each.file && isFunction && hasDocstring,
      ),
  )

const parsedSource = (root: string, file: string): Source => {
  const text = readFileSync(path.join(root, file), "utf8")
  const { program, comments, errors } = parseSync(file, text)
  if (errors[0] !== undefined) throw new Error(`${file}: ${errors[0].message}`)
  return {
    file,
    text,
    body: program.body as unknown as ReadonlyArray<SyntaxNode>,
    docstrings: comments
      .filter(({ type, value }) => type === "Block" && value.startsWith("*"))
      .map(({ end }) => end),
  }
}

const importedFrom = ({ file }: Source, node: SyntaxNode): string =>
  path.join(path.dirname(file), (node["source"] as { readonly value: string }).value)

/** Names that a declaration declares, if they are wanted. `statement` is what a docstring stands before. */
const declared = (
  source: Source,
  statement: SyntaxNode,
  declaration: SyntaxNode,
  wanted: string | undefined,
): ReadonlyArray<PublicName> =>
  namesIn(declaration)
    .filter((name) => wanted === undefined || name === wanted)
    .map((name) => ({
      name,
      file: source.file,
      isFunction: /Function/.test(declaration.type),
      hasDocstring: source.docstrings.some(
        (end) => end <= statement.start && source.text.slice(end, statement.start).trim() === "",
      ),
    }))

const namesIn = (declaration: SyntaxNode): ReadonlyArray<string> => {
  const all = (declaration["declarations"] as ReadonlyArray<SyntaxNode> | undefined) ?? [declaration]
  return all.flatMap(({ id }) => (id as { readonly name?: string } | undefined)?.name ?? [])
}

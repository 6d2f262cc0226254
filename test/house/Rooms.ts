/**
 * The rooms of the house, that is the folders of sources, and which room imports from which.
 *
 * Owns the graph of rooms and its circles: rooms that reach each other. A circle of rooms cannot be read, tested or moved
 * one room at a time, even where no two files import each other. Type-only imports count like any other. Circles of files
 * and the floors of runtime/ are checked by dependency-cruiser.
 */
import { readdirSync, readFileSync } from "node:fs"
import { dirname, join, relative, sep } from "node:path"
import { parseSync } from "oxc-parser"

/** One import from a room into another one. Paths are relative to the root, with forward slashes. */
export interface RoomImport {
  readonly from: string
  readonly to: string
  readonly file: string
  readonly imported: string
}

export interface Circle {
  readonly rooms: ReadonlyArray<string>
  /** The imports among these rooms. */
  readonly imports: ReadonlyArray<RoomImport>
}

/** Tops of the trees whose rooms are looked at. */
export const HOUSES = ["runtime", "infra"] as const

/** Specifiers of all imports and re-exports of a source, without a duplicate. */
export const importsOf = (file: string, source: string): ReadonlyArray<string> => {
  const { staticImports, staticExports, dynamicImports } = parseSync(file, source).module
  const reExported = staticExports.flatMap(({ entries }) =>
    entries.flatMap(({ moduleRequest }) => (moduleRequest === null ? [] : [moduleRequest.value])),
  )
  const dynamic = dynamicImports.flatMap(({ moduleRequest: { start, end } }) => {
    const literal = /^["'](.*)["']$/.exec(source.slice(start, end))?.[1]
    return literal === undefined ? [] : [literal]
  })
  return [
    ...new Set([...staticImports.map(({ moduleRequest }) => moduleRequest.value), ...reExported, ...dynamic]),
  ]
}

/** Every import between two rooms below the given tops. */
export const roomImports = (
  root: string,
  tops: ReadonlyArray<string> = HOUSES,
): ReadonlyArray<RoomImport> => {
  const slashed = (path: string): string => relative(root, path).split(sep).join("/")
  const files = tops
    .flatMap((top) => readdirSync(join(root, top), { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
  const known = new Set(files)
  return files.flatMap((file) =>
    importsOf(file, readFileSync(file, "utf8"))
      .filter((specifier) => specifier.startsWith("."))
      .map((specifier) => join(dirname(file), specifier))
      .filter((target) => known.has(target) && dirname(target) !== dirname(file))
      .map((target) => ({
        from: slashed(dirname(file)),
        to: slashed(dirname(target)),
        file: slashed(file),
        imported: slashed(target),
      })),
  )
}

/** Groups of rooms that all reach each other, of two rooms or more. */
export const circlesOf = (imports: ReadonlyArray<RoomImport>): ReadonlyArray<Circle> => {
  const next = new Map<string, Set<string>>()
  for (const { from, to } of imports) {
    next.set(from, (next.get(from) ?? new Set<string>()).add(to))
    if (!next.has(to)) next.set(to, new Set())
  }
  return stronglyConnected(next)
    .filter((rooms) => rooms.length > 1)
    .map((rooms) => ({
      rooms: rooms.toSorted(),
      imports: imports.filter(({ from, to }) => rooms.includes(from) && rooms.includes(to)),
    }))
}

/** Components of a graph by Tarjan's algorithm (1972): each node is visited once. */
const stronglyConnected = (
  next: ReadonlyMap<string, ReadonlySet<string>>,
): ReadonlyArray<ReadonlyArray<string>> => {
  const components: Array<ReadonlyArray<string>> = []
  const visitOrder = new Map<string, number>()
  const stack: Array<string> = []

  const visit = (room: string): number => {
    const order = visitOrder.size
    visitOrder.set(room, order)
    stack.push(room)
    let low = order
    for (const other of next.get(room) ?? []) {
      if (!visitOrder.has(other)) low = Math.min(low, visit(other))
      else if (stack.includes(other)) low = Math.min(low, visitOrder.get(other) ?? low)
    }
    if (low === order) components.push(stack.splice(stack.indexOf(room)))
    return low
  }

  for (const room of next.keys()) {
    if (!visitOrder.has(room)) visit(room)
  }
  return components
}

/**
 * JSON Schemas of many sources in one OpenAPI document.
 *
 * Owns the way of a schema's own definitions into the document's components, and of the references to them.
 */
import type { JsonObject } from "../../runtime/integration/PayloadSchema.ts"

type Schemas = Record<string, unknown>

/** Keywords under which a schema of a library keeps its definitions. */
const DEFINITIONS = ["$defs", "definitions"] as const

/** A name that a component may have. */
const componentName = (text: string): string => text.replaceAll(/[^\w.-]/g, "_")

/** A copy in which every reference is replaced. */
const withReferences = (value: unknown, replaced: (reference: string) => string): unknown => {
  if (Array.isArray(value)) return value.map((item) => withReferences(item, replaced))
  if (typeof value !== "object" || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, field]) => [
      key,
      key === "$ref" && typeof field === "string" ? replaced(field) : withReferences(field, replaced),
    ]),
  )
}

/**
 * Adds the schema to the components under a name, with its definitions under names that begin with it. Returns
 * the reference to it.
 */
export const addSchema = (components: Schemas, name: string, schema: JsonObject): JsonObject => {
  const own = componentName(name)
  const toComponent = (reference: string): string => {
    if (reference === "#") return `#/components/schemas/${own}`
    const local = /^#\/(?:\$defs|definitions)\/(.+)$/.exec(reference)?.[1]
    return local === undefined
      ? reference
      : `#/components/schemas/${own}.${componentName(decodeURIComponent(local))}`
  }
  const { $schema: _, $id: __, ...rest } = schema as Record<string, unknown>
  for (const keyword of DEFINITIONS) {
    for (const [inner, definition] of Object.entries(Object(rest[keyword]))) {
      components[`${own}.${componentName(inner)}`] = withReferences(definition, toComponent)
    }
    delete rest[keyword]
  }
  components[own] = withReferences(rest, toComponent)
  return { $ref: `#/components/schemas/${own}` }
}

interface Document extends JsonObject {
  readonly paths?: Record<string, unknown>
  readonly components?: Record<string, Record<string, unknown>>
  readonly tags?: ReadonlyArray<unknown>
}

/**
 * The two documents as one, under the title of the second if it has one. Where both have a path or a component of
 * the same name, the first one's stays; a component of the second that differs gets another name.
 */
export const merged = (first: Document, second: JsonObject): JsonObject => {
  const other = second as Document
  const schemas = { ...first.components?.["schemas"] }
  const renamed = new Map<string, string>()
  for (const [name, schema] of Object.entries(other.components?.["schemas"] ?? {})) {
    const differs = name in schemas && JSON.stringify(schemas[name]) !== JSON.stringify(schema)
    if (differs) renamed.set(`#/components/schemas/${name}`, `#/components/schemas/app.${name}`)
  }
  const rename = (value: unknown) => withReferences(value, (reference) => renamed.get(reference) ?? reference)
  for (const [name, schema] of Object.entries(other.components?.["schemas"] ?? {})) {
    const key = renamed.has(`#/components/schemas/${name}`) ? `app.${name}` : name
    schemas[key] = rename(schema)
  }
  return {
    ...first,
    info: other["info"] ?? first["info"],
    paths: { ...(rename(other.paths ?? {}) as object), ...first.paths },
    components: { ...first.components, schemas },
    tags: [...(other.tags ?? []), ...(first.tags ?? [])],
  }
}

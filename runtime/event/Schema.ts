// biome-ignore-all lint/suspicious/noExplicitAny: erased type parameters; what users write is inferred and checked
/**
 * Synchronous validation: Effect schemas as they are, others through Standard Schema (Zod, Valibot, ArkType).
 *
 * Owns how a schema of any vendor is run, and the form of its refusal. Durable code is synchronous, so an
 * asynchronous schema is refused.
 */
import { Schema } from "effect"
import type { StandardSchemaV1 } from "effect/StandardSchema"
import { thrownText } from "../json/Thrown.ts"

/** A schema of any vendor that implements Standard Schema v1. */
type StandardSchema = StandardSchemaV1<any, any>

/** An Effect schema that needs no services. */
type EffectSchema = Schema.Codec<any, any>

/** An Effect schema, or one of any vendor that implements Standard Schema v1. Its output must be plain JSON. */
export type AnySchema = StandardSchema | EffectSchema

/** Type of a schema's input. */
export type InputOf<S> =
  S extends StandardSchemaV1<infer Input, unknown>
    ? Input
    : S extends { readonly Encoded: infer Encoded }
      ? Encoded
      : unknown

/** Type of a schema's output. */
export type OutputOf<S> =
  S extends StandardSchemaV1<unknown, infer Output>
    ? Output
    : S extends { readonly Type: infer Type }
      ? Type
      : unknown

/** One problem that a schema found: its path (`lines.0.sku`, empty for the whole value) and its text. */
export class SchemaIssue extends Schema.Class<SchemaIssue>("SchemaIssue")({
  path: Schema.String,
  message: Schema.String,
}) {}

/** What a schema makes of a value: the value as the schema gives it, or what is wrong with it. */
export type Validated = { readonly value: unknown } | { readonly issues: ReadonlyArray<SchemaIssue> }

const pathText = (path: ReadonlyArray<PropertyKey | { readonly key: PropertyKey }> | undefined): string =>
  (path ?? []).map((segment) => String(typeof segment === "object" ? segment.key : segment)).join(".")

type Validate = (value: unknown) => Validated

const compiled = new WeakMap<object, Validate>()

/** Runs the schema on an unknown value. Never throws: if the schema throws, it has refused the value. */
export const validate = (schema: AnySchema, value: unknown): Validated => {
  let run = compiled.get(schema)
  if (run === undefined) {
    run = "~standard" in schema ? standard(schema) : effect(schema)
    compiled.set(schema, run)
  }
  try {
    return run(value)
  } catch (cause) {
    return { issues: [new SchemaIssue({ path: "", message: `the schema threw: ${thrownText(cause)}` })] }
  }
}

const standard =
  (schema: StandardSchema): Validate =>
  (value) => {
    const result = schema["~standard"].validate(value)
    if (result instanceof Promise) {
      const message = "the schema is asynchronous; use a synchronous one"
      return { issues: [new SchemaIssue({ path: "", message })] }
    }
    if (result.issues === undefined) return { value: result.value }
    return {
      issues: result.issues.map(
        (issue) => new SchemaIssue({ path: pathText(issue.path), message: issue.message }),
      ),
    }
  }

/**
 * Runs Effect's own decoder, which takes a third of the time of its Standard Schema. After a refusal the
 * latter tells the problems.
 */
const effect = (schema: EffectSchema): Validate => {
  const decode = Schema.decodeUnknownExit(schema)
  const explain = standard(Schema.toStandardSchemaV1(schema))
  return (value) => {
    const exit = decode(value)
    return exit._tag === "Success" ? { value: exit.value } : explain(value)
  }
}

/** Whether a schema's output has fields that can stand beside `type`. */
export const isFields = (output: unknown): boolean =>
  typeof output === "object" &&
  output !== null &&
  !(Array.isArray(output) || output instanceof Date || output instanceof Map || output instanceof Set)

/** Why an output that is no {@link isFields} is refused. */
export const NOT_FIELDS =
  "the schema's output is no object with fields; a command or event is one, with `type` beside them"

/** The issues on one line, for messages. */
export const issuesText = (
  issues: ReadonlyArray<{ readonly path: string; readonly message: string }>,
): string => issues.map(({ path, message }) => (path === "" ? message : `${path}: ${message}`)).join("; ")

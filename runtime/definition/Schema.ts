// biome-ignore-all lint/suspicious/noExplicitAny: erased type parameters; what users write is inferred and checked
/**
 * Synchronous validation through Standard Schema, the common face of Effect Schema, Zod, Valibot and ArkType.
 *
 * Owns how a schema of any vendor is asked and what its refusal looks like. Durable code is synchronous, so an
 * asynchronous schema is refused.
 */
import { Schema } from "effect"
import type { StandardSchemaV1 } from "effect/StandardSchema"

/** A schema of any vendor that implements Standard Schema v1. Its output must be plain JSON. */
export type AnySchema = StandardSchemaV1<any, any>

/** What a schema accepts. */
export type InputOf<S> = S extends StandardSchemaV1<infer Input, unknown> ? Input : never

/** What a schema yields. */
export type OutputOf<S> = S extends StandardSchemaV1<unknown, infer Output> ? Output : never

/** One complaint of a schema: where (`lines.0.sku`, empty for the whole value) and what. */
export class SchemaIssue extends Schema.Class<SchemaIssue>("SchemaIssue")({
  path: Schema.String,
  message: Schema.String,
}) {}

export type Validated = { readonly value: unknown } | { readonly issues: ReadonlyArray<SchemaIssue> }

const pathText = (path: ReadonlyArray<PropertyKey | { readonly key: PropertyKey }> | undefined): string =>
  (path ?? []).map((segment) => String(typeof segment === "object" ? segment.key : segment)).join(".")

/** Runs the schema on a value of unknown origin. Never throws: a schema that does has refused the value. */
export const validate = (schema: AnySchema, value: unknown): Validated => {
  let result: ReturnType<AnySchema["~standard"]["validate"]>
  try {
    result = schema["~standard"].validate(value)
  } catch (cause) {
    return { issues: [new SchemaIssue({ path: "", message: `the schema threw: ${String(cause)}` })] }
  }
  if (result instanceof Promise) {
    return {
      issues: [new SchemaIssue({ path: "", message: "the schema is asynchronous; use a synchronous one" })],
    }
  }
  if (result.issues === undefined) return { value: result.value }
  return {
    issues: result.issues.map(
      (issue) => new SchemaIssue({ path: pathText(issue.path), message: issue.message }),
    ),
  }
}

/** The issues on one line, for messages. */
export const issuesText = (
  issues: ReadonlyArray<{ readonly path: string; readonly message: string }>,
): string => issues.map(({ path, message }) => (path === "" ? message : `${path}: ${message}`)).join("; ")

/**
 * What differs between two values, field by field.
 *
 * Owns the comparison. Lists are compared by place.
 */
import type { Json } from "../api/Documents.ts"

export interface Difference {
  /** Names of the fields down to the one that differs: `lines.0.quantity`. */
  readonly path: string
  /** Undefined: the field was not there. */
  readonly before: Json | undefined
  /** Undefined: the field is gone. */
  readonly after: Json | undefined
}

export const differences = (
  before: Json | undefined,
  after: Json | undefined,
  path = "",
): ReadonlyArray<Difference> => {
  if (!isNested(before) || !isNested(after) || Array.isArray(before) !== Array.isArray(after)) {
    return JSON.stringify(before) === JSON.stringify(after) ? [] : [{ path, before, after }]
  }
  const left = before as { readonly [field: string]: Json }
  const right = after as { readonly [field: string]: Json }
  return [...new Set([...Object.keys(left), ...Object.keys(right)])].flatMap((key) =>
    differences(left[key], right[key], path === "" ? key : `${path}.${key}`),
  )
}

const isNested = (value: Json | undefined): boolean => typeof value === "object" && value !== null

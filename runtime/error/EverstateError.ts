// biome-ignore-all lint/suspicious/noExplicitAny: the base of classes whose fields are not known here
/**
 * The base of every public error: what kind it is, whether to try again, and what the reader can do.
 *
 * Owns the shape and how error classes are made. Errors are tagged errors of Effect and plain `Error`s at once. Each room
 * declares its own; docs/ERRORS.md lists all of them, and a test compares the list with the code.
 */
import { type Cause, Schema } from "effect"

/**
 * `rejection`: the domain says no. `conflict`: read again and decide anew. `transient`: it passes. `terminal`: the same
 * request fails every time. `defect`: a promise was broken, in the code of an actor, in data, or here.
 */
export type ErrorKind = "rejection" | "conflict" | "transient" | "terminal" | "defect"

/**
 * What a program may do by itself. `same command id`: send the same command again with the same `commandId`; it may be
 * stored already. `later`: make the same call again after a pause. `never`: the same call fails again until somebody
 * changes something.
 */
export type Retry = "same command id" | "later" | "never"

/** What every public error says. */
export interface ErrorFacts<Kind extends ErrorKind = ErrorKind> {
  readonly kind: Kind
  readonly retry: Retry
  /** What the reader can do. */
  readonly hint: string
}

const BRAND = Symbol.for("everstate/EverstateError")

/**
 * Base of every error of this package: `error instanceof EverstateError` holds for each of them, also where two copies of
 * the package are installed.
 */
export abstract class EverstateError extends Error implements ErrorFacts {
  abstract readonly _tag: string
  abstract readonly kind: ErrorKind
  abstract readonly retry: Retry
  abstract readonly hint: string

  static {
    Object.defineProperty(EverstateError.prototype, BRAND, { value: true })
  }

  /**
   * Of this class: true of every error of this package, also where two copies of the package are installed. Classes that
   * extend it mean themselves.
   */
  static override [Symbol.hasInstance](value: unknown): boolean {
    // biome-ignore lint/complexity/noThisInStatic: the class that was asked for
    const { prototype } = this
    return prototype === EverstateError.prototype
      ? isEverstateError(value)
      : Object.prototype.isPrototypeOf.call(prototype, value as object)
  }
}

/** True of every error of this package. */
export const isEverstateError = (value: unknown): value is EverstateError =>
  typeof value === "object" && value !== null && BRAND in value

/** `retry` by the error's `reason`; other reasons have `otherwise`. */
export interface RetryByReason {
  readonly otherwise: Retry
  readonly sameCommandId?: ReadonlyArray<string>
  readonly later?: ReadonlyArray<string>
  readonly never?: ReadonlyArray<string>
}

/** What a class says of its errors. */
export interface ErrorTraits<Kind extends ErrorKind = ErrorKind> {
  readonly kind: Kind
  readonly retry: Retry | RetryByReason
  /** The hint of errors that have no other. */
  readonly hint?: string
}

type Fields = Schema.Struct.Fields

/** A class without a field `hint` has one hint for all its errors. */
type HintIn<F extends Fields> = F extends { readonly hint: Fields[string] }
  ? unknown
  : { readonly hint: string }

/** A class of tagged errors, with what it says of them. */
export type ErrorClass<Self, Tag extends string, F extends Fields, Kind extends ErrorKind> = Schema.Class<
  Self,
  Schema.TaggedStruct<Tag, F>,
  Cause.YieldableError & ErrorFacts<Kind>
> & { readonly traits: ErrorTraits<Kind> }

/**
 * Makes a class of errors, as `Schema.TaggedError` does.
 *
 * @example class OutOfStock extends errorClass<OutOfStock>()("OutOfStock", { sku: Schema.String }, { kind: "rejection", retry: "never", hint: "Order less." }) {}
 */
export const errorClass =
  <Self>() =>
  <const Tag extends string, const F extends Fields, const Kind extends ErrorKind>(
    tag: Tag,
    fields: F,
    traits: ErrorTraits<Kind> & HintIn<F>,
  ): ErrorClass<Self, Tag, F, Kind> => {
    const Tagged = Schema.TaggedError<any>()(tag, fields) as unknown as new (...given: Array<any>) => any
    class WithTraits extends Tagged {
      static readonly traits = traits
      readonly kind = traits.kind
      readonly retry: Retry
      constructor(...given: Array<any>) {
        super(...given)
        this.retry = retryOf(traits.retry, this["reason"])
        if (!this["hint"] && traits.hint !== undefined) this["hint"] = traits.hint
      }
    }
    Object.defineProperty(WithTraits.prototype, BRAND, { value: true })
    return WithTraits as any
  }

const retryOf = (retry: Retry | RetryByReason, reason: unknown): Retry => {
  if (typeof retry === "string") return retry
  const { otherwise, sameCommandId = [], later = [], never = [] } = retry
  if (typeof reason !== "string") return otherwise
  if (sameCommandId.includes(reason)) return "same command id"
  if (later.includes(reason)) return "later"
  return never.includes(reason) ? "never" : otherwise
}

/**
 * Values that user code threw. They may be anything: a proxy, an object without a prototype, an error whose
 * message throws.
 *
 * Owns how such a value is looked at without throwing again.
 */

/** As `String(thrown)`. */
export const thrownText = (thrown: unknown): string => {
  try {
    return String(thrown)
  } catch {
    return UNREADABLE
  }
}

/** The message of an error; for any other value its {@link thrownText}. */
export const thrownMessage = (thrown: unknown): string => {
  if (!isThrown(thrown, Error)) return thrownText(thrown)
  try {
    const message: unknown = thrown.message
    return typeof message === "string" ? message : thrownText(message)
  } catch {
    return UNREADABLE
  }
}

/** The tag of an error, else the name of its class; `_OTHER` for any other value. */
export const thrownType = (thrown: unknown): string => {
  try {
    const { _tag, name } = Object(thrown) as { readonly _tag?: unknown; readonly name?: unknown }
    const type = _tag ?? name
    return typeof type === "string" && type !== "" ? type : OTHER_TYPE
  } catch {
    return OTHER_TYPE
  }
}

/** As OpenTelemetry names what has no type. */
const OTHER_TYPE = "_OTHER"

/** Like `thrown instanceof Kind`; false for a proxy that throws at the question. */
export const isThrown = <Kind>(
  thrown: unknown,
  Kind: abstract new (...given: never) => Kind,
): thrown is Kind => {
  try {
    return thrown instanceof Kind
  } catch {
    return false
  }
}

const UNREADABLE = "(what was thrown cannot be read)"

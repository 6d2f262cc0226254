/**
 * What user code threw, which may be anything: a proxy, an object without a prototype, an error whose message throws.
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

/** The message of an error; of anything else what {@link thrownText} says. */
export const thrownMessage = (thrown: unknown): string => {
  if (!isThrown(thrown, Error)) return thrownText(thrown)
  try {
    const message: unknown = thrown.message
    return typeof message === "string" ? message : thrownText(message)
  } catch {
    return UNREADABLE
  }
}

/** `thrown instanceof Kind`, which a proxy may refuse to tell. */
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

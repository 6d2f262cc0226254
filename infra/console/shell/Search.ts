/** Parameters of an address after `?`, all texts. A number or a flag that somebody typed is a text, too. */
export type Search = { readonly [name: string]: string | undefined }

/** The parameters that say something. */
export const searchOf = (search: Record<string, unknown>): Search =>
  Object.fromEntries(
    Object.entries(search)
      .filter(([, value]) => value !== undefined && value !== null && value !== "")
      .map(([name, value]) => [name, typeof value === "object" ? JSON.stringify(value) : String(value)]),
  )

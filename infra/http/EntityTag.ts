/** Versions as entity tags: `"3"` is version 3. */

/** The entity tag of a version. */
export const etagOf = (version: number): string => `"${version}"`

/** True if `If-None-Match` has the version's tag, such as `"3"`. Weak tags compare equal, too. */
export const matchesVersion = (ifNoneMatch: string | undefined, version: number): boolean =>
  ifNoneMatch !== undefined &&
  (ifNoneMatch.trim() === "*" ||
    ifNoneMatch.split(",").some((tag) => tag.trim().replace(/^W\//, "") === etagOf(version)))

/**
 * Lists that are empty or have one element in most actors. A node has a million of them, so an empty one costs nothing, and
 * one element reserves no room for more.
 */

/** The empty list that all owners share. It is frozen, so that nothing can be added to it by mistake. */
export const NONE = Object.freeze([]) as unknown as Array<never>

/**
 * The list with one more element at `place`, by default at its end. It is changed itself unless it is empty: the literal has
 * room for one element, where an insertion would reserve 17.
 */
export const inserted = <Element>(
  list: Array<Element>,
  element: Element,
  place = list.length,
): Array<Element> => {
  if (list.length === 0) return [element]
  list.splice(place, 0, element)
  return list
}

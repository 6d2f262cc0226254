/**
 * The letters that a person has selected: their numbers in the address, and the lines of a shell that handle them.
 *
 * Owns both. The service has verbs for one letter and for all of a reason, and none for a selection.
 */

/** Letters that a selection may have: their numbers have to fit into an address. */
export const SELECTED_MAX = 500

/** The numbers in the parameter `select` of the address. */
export const selectedOf = (text: string | undefined): ReadonlyArray<number> => {
  const numbers = (text ?? "").split(",").map(Number)
  return [...new Set(numbers)].filter((one) => Number.isSafeInteger(one) && one > 0).slice(0, SELECTED_MAX)
}

/** The parameter of the address; undefined if none is selected. */
export const selectionText = (numbers: ReadonlyArray<number>): string | undefined =>
  numbers.length === 0 ? undefined : numbers.slice(0, SELECTED_MAX).join(",")

/** The selection with a letter added, or taken from it. */
export const toggled = (numbers: ReadonlyArray<number>, number: number): ReadonlyArray<number> =>
  numbers.includes(number) ? numbers.filter((one) => one !== number) : [...numbers, number]

/** Stands for the number of a letter in a line. */
export const NUMBER = "LETTER_NUMBER"

/** A loop of the shell that runs the line for each number. */
export const loopLine = (numbers: ReadonlyArray<number>, line: string): string =>
  `for number in ${numbers.join(" ")}; do ${line.replaceAll(NUMBER, "$number")}; done`

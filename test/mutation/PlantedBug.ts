/**
 * One realistic bug that can be planted into the sources: a text that is there exactly once, and what it becomes.
 *
 * Owns planting into a tree that is a copy. The lists are in bugs/, who runs the tests on them is MutationRun.ts.
 */
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"

export interface PlantedBug {
  /** What goes wrong, in the present tense. */
  readonly name: string
  /** The source file, from the repository's root. */
  readonly file: string
  /** Text of the file that is there exactly once. */
  readonly text: string
  readonly replacement: string
  /** The simulation runs this code and checks a promise that the bug breaks. */
  readonly isSeenBySimulation: boolean
}

/** Why the bug cannot be planted into this source; undefined where it can. */
export const staleness = (bug: PlantedBug, source: string): string | undefined => {
  const count = source.split(bug.text).length - 1
  if (count !== 1) return `its text is ${count} times in ${bug.file}`
  return bug.text === bug.replacement ? "it changes nothing" : undefined
}

/** Plants the bug into the tree at `root`; returns how to take it out again. Throws where it is stale. */
export const plant = (root: string, bug: PlantedBug): (() => void) => {
  const path = join(root, bug.file)
  const source = readFileSync(path, "utf8")
  const reason = staleness(bug, source)
  if (reason !== undefined) throw new Error(`"${bug.name}" is stale: ${reason}`)
  writeFileSync(
    path,
    source.replace(bug.text, () => bug.replacement),
  )
  return () => writeFileSync(path, source)
}

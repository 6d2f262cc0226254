/** Projections and reactors as a table: how far each is, and where one is stopped. Owns what both have in common. */
import type { Paint } from "./Output.ts"
import type { Document } from "./Remote.ts"
import { type Column, textTable } from "./TextTable.ts"

/** Where partitions are stopped, and why; empty if none is. */
export const stops = (owners: ReadonlyArray<Document>): string =>
  owners
    .filter(({ stopped }) => stopped !== undefined)
    .map(({ slot, stopped }) => `${slot} at ${stopped.sequence}: ${stopped.reason}`)
    .join("; ")

/** A column of numbers, empty where a follower has none. */
export const numberColumn = (heading: string, field = heading): Column<Document> => ({
  heading,
  cell: (follower) => String(follower[field] ?? ""),
  align: "right",
})

interface FollowerColumns {
  /** Columns beside the name. */
  readonly beside?: ReadonlyArray<Column<Document>>
  /** Columns after the lag. */
  readonly progress: ReadonlyArray<Column<Document>>
  /** What is shown where there are none. */
  readonly none: string
}

/** The table. */
export const followersText = (
  followers: ReadonlyArray<Document>,
  paint: Paint,
  { beside = [], progress, none }: FollowerColumns,
): string =>
  textTable(
    followers,
    [
      { heading: "name", cell: ({ name }) => String(name) },
      ...beside,
      { heading: "state", cell: ({ state }) => paint(state === "stalled" ? "red" : "cyan", String(state)) },
      numberColumn("lag"),
      ...progress,
      {
        heading: "stopped at",
        cell: ({ owners = [], lastError = "" }) => paint("red", stops(owners) || lastError),
      },
    ],
    { paint, none },
  )

/** Tables and facts as text. Widths count what a terminal shows, so wide characters line up. */
import { CliOutput } from "effect/cli"
import type { Paint } from "./Output.ts"

const GAP = "  "

/** One column: its heading and the text of a row's cell. */
export interface Column<Row> {
  readonly heading: string
  readonly cell: (row: Row, paint: Paint) => string
  readonly align?: "right"
}

/** A line of headings and a line for each row; `none` if there are no rows. */
export const textTable = <Row>(
  rows: ReadonlyArray<Row>,
  columns: ReadonlyArray<Column<Row>>,
  { paint, none }: { readonly paint: Paint; readonly none: string },
): string => {
  if (rows.length === 0) return none
  const cells = rows.map((row) => columns.map(({ cell }) => cell(row, paint)))
  const lines = [columns.map(({ heading }) => paint("dim", heading)), ...cells]
  const widths = columns.map((_, index) => Math.max(...lines.map((line) => widthOf(line[index] ?? ""))))
  return lines
    .map((line) =>
      line
        .map((text, index) => padded(text, widths[index] ?? 0, columns[index]?.align))
        .join(GAP)
        .trimEnd(),
    )
    .join("\n")
}

/** Lines of a name and its value; values without text are left out. */
export const factLines = (
  facts: ReadonlyArray<readonly [name: string, value: string | number | undefined]>,
  paint: Paint,
): string => {
  const known = facts.filter(([, value]) => value !== undefined && value !== "")
  const width = Math.max(0, ...known.map(([name]) => widthOf(name)))
  return known.map(([name, value]) => `${paint("dim", padded(name, width))}${GAP}${value}`).join("\n")
}

const padded = (text: string, width: number, align?: "right"): string => {
  const space = " ".repeat(Math.max(0, width - widthOf(text)))
  return align === "right" ? space + text : text + space
}

const widthOf = (text: string): number => CliOutput.displayWidth(text)

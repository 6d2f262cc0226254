/** Tables and facts as text. Widths count what a terminal shows, so wide characters line up. */
import { stripVTControlCharacters } from "node:util"
import { CliOutput } from "effect/cli"
import type { Paint } from "./Output.ts"

const GAP = "  "

/** Narrowest last column that goes on below itself; a narrower one is left to the terminal. */
const LAST_WIDTH_MIN = 16

interface TableOptions {
  readonly paint: Paint
  readonly none: string
  /** Width to keep to; the terminal's by default. */
  readonly width?: number | undefined
}

/** One column: its heading and the text of a row's cell. */
export interface Column<Row> {
  readonly heading: string
  readonly cell: (row: Row, paint: Paint) => string
  readonly align?: "right"
}

/**
 * A line of headings and a line for each row; `none` if there are no rows. A column without any text is left
 * out. On a terminal the last column goes on below itself where it would not fit.
 */
export const textTable = <Row>(
  rows: ReadonlyArray<Row>,
  columns: ReadonlyArray<Column<Row>>,
  { paint, none, width = terminalWidth() }: TableOptions,
): string => {
  if (rows.length === 0) return none
  const cellsOf = columns.map(({ cell }) => rows.map((row) => cell(row, paint)))
  const used = columns
    .map((column, index) => ({ column, cells: cellsOf[index] ?? [] }))
    .filter(({ cells }) => cells.some((text) => text !== ""))
    .map(({ column, cells }) => {
      const all = [paint("dim", column.heading), ...cells]
      return { all, align: column.align, width: Math.max(...all.map(widthOf)) }
    })
  const before = used.slice(0, -1).reduce((sum, each) => sum + each.width + GAP.length, 0)
  const room = width === undefined || width - before < LAST_WIDTH_MIN ? undefined : width - before
  const lineAt = (index: number): string => {
    const texts = used.map(({ all, width, align }, place) => {
      const text = all[index] ?? ""
      return place === used.length - 1 && room !== undefined && align === undefined
        ? wrapped(text, room, before)
        : padded(text, width, align)
    })
    return texts.join(GAP).trimEnd()
  }
  return [undefined, ...rows].map((_, index) => lineAt(index)).join("\n")
}

/** Columns of the terminal; undefined where the output goes into a file or a pipe, which has no edge. */
const terminalWidth = (): number | undefined => (process.stdout.isTTY ? process.stdout.columns : undefined)

/** The text in lines of the given width, at spaces where there are some. Each further line is indented. */
const wrapped = (text: string, width: number, indent: number): string => {
  if (widthOf(text) <= width || stripVTControlCharacters(text) !== text) return text
  const lines: Array<string> = []
  let line = ""
  for (const word of text.split(/(?<= )/).flatMap((each) => piecesOf(each, width))) {
    if (line !== "" && widthOf(`${line}${word}`.trimEnd()) > width) {
      lines.push(line.trimEnd())
      line = ""
    }
    line += word
  }
  return [...lines, line].join(`\n${" ".repeat(indent)}`)
}

/** A word that is longer than a line, in pieces. */
const piecesOf = (word: string, width: number): ReadonlyArray<string> =>
  widthOf(word.trimEnd()) <= width
    ? [word]
    : (word.match(new RegExp(`.{1,${Math.floor(width / 2)}}`, "gsu")) ?? [])

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

/**
 * Widths of texts, and how a text is broken into lines.
 *
 * Owns the sizes of the chart's type. The browser measures with its fonts (CanvasMeasure.ts); without a browser
 * `estimatedWidth` is wide enough for any usual font.
 */

export interface TextStyle {
  readonly sizePx: number
  readonly weight: number
}

export const NAME_STYLE: TextStyle = { sizePx: 14, weight: 600 }
export const LINE_STYLE: TextStyle = { sizePx: 12, weight: 400 }
export const LABEL_STYLE: TextStyle = { sizePx: 12, weight: 400 }

/** Distance from one line of text to the next, in pixels. */
export const NAME_HEIGHT_PX = 20
export const LINE_HEIGHT_PX = 16

/** Width of the text in pixels. */
export type MeasureText = (text: string, style: TextStyle) => number

const EM_PER_CHARACTER = 0.62

export const estimatedWidth: MeasureText = (text, { sizePx }) =>
  Math.ceil([...text].length * sizePx * EM_PER_CHARACTER)

/** Lines that are not wider than `widthPx`. A word that does not fit is broken at a dot, a capital, or anywhere. */
export const wrapText = (
  text: string,
  widthPx: number,
  style: TextStyle,
  measure: MeasureText,
): ReadonlyArray<string> => {
  const fits = (line: string): boolean => measure(line, style) <= widthPx
  const lines: Array<string> = []
  let line = ""
  for (const word of text.split(" ")) {
    const longer = line === "" ? word : `${line} ${word}`
    if (fits(longer)) {
      line = longer
      continue
    }
    if (line !== "") lines.push(line)
    const pieces = piecesOf(word, fits)
    lines.push(...pieces.slice(0, -1))
    line = pieces.at(-1) ?? ""
  }
  return line === "" ? lines : [...lines, line]
}

/** Where a long name may be broken: after a separator, or before a capital. */
const SEAM = /(?<=[._:/|,-])|(?<=[a-z0-9])(?=[A-Z])/

const piecesOf = (word: string, fits: (line: string) => boolean): ReadonlyArray<string> => {
  const pieces: Array<string> = []
  let piece = ""
  const parts = word.split(SEAM).flatMap((part) => (fits(part) ? [part] : [...part]))
  for (const part of parts) {
    if (piece === "" || fits(piece + part)) piece += part
    else {
      pieces.push(piece)
      piece = part
    }
  }
  return [...pieces, piece]
}

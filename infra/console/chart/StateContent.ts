/**
 * The content of a state's box and of an edge's label: lines of text with their places, and the size around them.
 *
 * Owns sizes and paddings in pixels. Where boxes stand: ChartGeometry.ts.
 */
import type { ChartEdge, ChartNode, EdgeLabel, StateLine } from "./ChartModel.ts"
import {
  LABEL_STYLE,
  LINE_HEIGHT_PX,
  LINE_STYLE,
  type MeasureText,
  NAME_HEIGHT_PX,
  NAME_STYLE,
  wrapText,
} from "./TextMeasure.ts"

export interface Size {
  readonly width: number
  readonly height: number
}

/** One line of text; `dy` is the top of the line in its block. */
export interface TextLine {
  readonly text: string
  readonly dy: number
  /** The line of the state, or label of the edge, that the text belongs to; absent for the name. */
  readonly of?: StateLine | EdgeLabel
  /** Index of the first character of the guard, which is quieter than the event. */
  readonly guardFrom?: number
  /** True on the last of the lines that `of` was broken into: numbers stand behind it. */
  readonly isLast: boolean
}

/** Name and lines of a state. */
export interface StateContent extends Size {
  readonly names: ReadonlyArray<string>
  readonly lines: ReadonlyArray<TextLine>
}

/** What numbers the drawing shows: their places are kept free. */
export interface Numbers {
  readonly counts: boolean
  readonly traffic: boolean
}

export const BOX_PADDING_PX = 10
/** Height of the rule between the name and the lines. */
export const RULE_HEIGHT_PX = 6
export const HISTORY_SIZE_PX = 30
/** Width of the marks before a name: the dot of a current state, the ring of a final one. */
export const MARK_WIDTH_PX = 18
export const COUNT_WIDTH_PX = 52
/** Width of the sign that opens or collapses a state. */
export const TOGGLE_WIDTH_PX = 22
export const TRAFFIC_WIDTH_PX = 46
const NAME_WIDTH_MAX_PX = 200
const LINE_WIDTH_MAX_PX = 230
const LABEL_WIDTH_MAX_PX = 190
const BOX_WIDTH_MIN_PX = 72

export const stateContent = (node: ChartNode, numbers: Numbers, measure: MeasureText): StateContent => {
  if (node.type === "history") {
    return { names: [], lines: [], width: HISTORY_SIZE_PX, height: HISTORY_SIZE_PX }
  }
  const names = wrapText(node.name, NAME_WIDTH_MAX_PX, NAME_STYLE, measure)
  const lines: Array<TextLine> = []
  let bottom = 0
  for (const of of node.lines) {
    const texts = wrapText(of.text, LINE_WIDTH_MAX_PX, LINE_STYLE, measure)
    for (const [index, text] of texts.entries()) {
      lines.push({ text, dy: bottom, of, isLast: index === texts.length - 1 })
      bottom += LINE_HEIGHT_PX
    }
  }
  const nameWidth = Math.max(...names.map((name) => measure(name, NAME_STYLE)))
  // The root has neither a mark nor a way to close it.
  const look = node.parent === undefined ? 0 : MARK_WIDTH_PX + (node.hasInside ? TOGGLE_WIDTH_PX : 0)
  const side = look + (numbers.counts ? COUNT_WIDTH_PX : 0)
  // The head of a state with states inside is as wide as its words: its number stands beside its name.
  const least = node.children.length > 0 ? 0 : BOX_WIDTH_MIN_PX
  const lineWidth = Math.max(
    0,
    ...lines.map(
      ({ text, of }) =>
        measure(text, LINE_STYLE) + (numbers.traffic && of?.key !== undefined ? TRAFFIC_WIDTH_PX : 0),
    ),
  )
  return {
    names,
    lines,
    width: Math.ceil(Math.max(least, nameWidth + side, lineWidth) + 2 * BOX_PADDING_PX),
    height:
      names.length * NAME_HEIGHT_PX +
      (lines.length === 0 ? 0 : RULE_HEIGHT_PX + bottom) +
      2 * (lines.length === 0 ? BOX_PADDING_PX : BOX_PADDING_PX - 2),
  }
}

export interface LabelContent extends Size {
  readonly lines: ReadonlyArray<TextLine>
}

/** Absent for an edge without labels. */
export const labelContent = (
  { labels }: ChartEdge,
  numbers: Numbers,
  measure: MeasureText,
): LabelContent | undefined => {
  if (labels.length === 0) return undefined
  const lines: Array<TextLine> = []
  for (const of of labels) {
    const texts = labelTexts(of, measure)
    for (const [index, one] of texts.entries()) {
      lines.push({ ...one, dy: lines.length * LINE_HEIGHT_PX, of, isLast: index === texts.length - 1 })
    }
  }
  const width = Math.max(
    ...lines.map(
      ({ text, isLast }) => measure(text, LABEL_STYLE) + (numbers.traffic && isLast ? TRAFFIC_WIDTH_PX : 0),
    ),
  )
  return { lines, width: Math.ceil(width) + 2, height: lines.length * LINE_HEIGHT_PX }
}

/** The guard stands on a line of its own if the label is too long. */
const labelTexts = (
  { trigger, guard }: EdgeLabel,
  measure: MeasureText,
): ReadonlyArray<Pick<TextLine, "text" | "guardFrom">> => {
  if (guard === "") return broken(trigger, measure).map((text) => ({ text }))
  const whole = `${trigger} ${guard}`
  if (measure(whole, LABEL_STYLE) <= LABEL_WIDTH_MAX_PX)
    return [{ text: whole, guardFrom: trigger.length + 1 }]
  return [
    ...broken(trigger, measure).map((text) => ({ text })),
    ...broken(guard, measure).map((text) => ({ text, guardFrom: 0 })),
  ]
}

const broken = (text: string, measure: MeasureText): ReadonlyArray<string> =>
  wrapText(text, LABEL_WIDTH_MAX_PX, LABEL_STYLE, measure)

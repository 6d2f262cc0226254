/**
 * One edge as it is drawn: a line with round corners, an arrow, and its labels.
 *
 * Owns the SVG of an edge. Colours: StateChart.css.
 */
import type { CSSProperties } from "react"
import { text } from "../text/English.ts"
import { compactCount } from "./Amounts.ts"
import type { DrawnEdge } from "./ChartGeometry.ts"
import type { EdgeLabel } from "./ChartModel.ts"
import type { Point } from "./ElkGraph.ts"
import type { TextLine } from "./StateContent.ts"
import { heatOf } from "./StateCounts.ts"
import { LINE_HEIGHT_PX } from "./TextMeasure.ts"

const words = text.chart

interface Props {
  readonly drawn: DrawnEdge
  readonly traffic: Readonly<Record<string, number>> | undefined
  readonly trafficMax: number
  readonly never: ReadonlySet<string>
  readonly isFar: boolean
  /** True if the edge leaves a state in which the actor is. */
  readonly isNext: boolean
  /** Key of the transition that a reader has chosen with the keyboard. */
  readonly chosen: string | undefined
  readonly onKey: ((key: string) => void) | undefined
}

const ARROW_LENGTH = 8
const ARROW_WIDTH = 7
const THIN = 1.25
const THICK = 4

export const EdgeShape = ({ drawn, traffic, trafficMax, never, isFar, isNext, chosen, onKey }: Props) => {
  const { edge, points, path } = drawn
  const count = edge.labels.reduce((sum, { key }) => sum + (traffic?.[key] ?? 0), 0)
  const isNever = edge.labels.length > 0 && edge.labels.every(({ key }) => never.has(key))
  const isChosen = edge.labels.some(({ key }) => key === chosen)
  const names = [
    "sc-edge",
    `is-${edge.kind}`,
    isNever ? "is-never" : "",
    isNext ? "is-next" : "",
    isChosen ? "is-chosen" : "",
  ]
  return (
    <g className={names.filter((name) => name !== "").join(" ")} data-edge={edge.id}>
      <path
        className="sc-wire"
        d={path}
        style={{ "--wire": THIN + (THICK - THIN) * heatOf(count, trafficMax) } as CSSProperties}
      />
      <path className="sc-arrow" d={arrowAt(points)} />
      {isFar || drawn.label === undefined ? null : (
        <Label {...{ drawn, traffic, never, chosen, onKey }} label={drawn.label} />
      )}
    </g>
  )
}

/** A triangle at the end of the line. */
const arrowAt = (points: ReadonlyArray<Point>): string => {
  const tip = points.at(-1)
  const before = points.at(-2)
  if (tip === undefined || before === undefined) return ""
  const length = Math.hypot(tip.x - before.x, tip.y - before.y) || 1
  const along = { x: (tip.x - before.x) / length, y: (tip.y - before.y) / length }
  const foot = { x: tip.x - along.x * ARROW_LENGTH, y: tip.y - along.y * ARROW_LENGTH }
  const half = ARROW_WIDTH / 2
  return `M${tip.x} ${tip.y}L${foot.x - along.y * half} ${foot.y + along.x * half}L${foot.x + along.y * half} ${foot.y - along.x * half}Z`
}

const Label = ({
  drawn: { edge },
  label: { box, content, isBefore },
  traffic,
  never,
  chosen,
  onKey,
}: Pick<Props, "drawn" | "traffic" | "never" | "chosen" | "onKey"> & {
  readonly label: NonNullable<DrawnEdge["label"]>
}) =>
  content.lines.map((line) => {
    const { dy, of, isLast } = line
    if (of === undefined || !("trigger" in of)) return null
    const count = isLast ? traffic?.[of.key] : undefined
    const isNever = never.has(of.key)
    const y = box.y + dy + LINE_HEIGHT_PX - 4
    return (
      <g
        key={`${dy}`}
        className={`sc-label${isNever ? " is-never" : ""}${of.key === chosen ? " is-chosen" : ""}`}
        data-key={of.key}
        onClick={(event) => {
          if (onKey === undefined) return
          event.stopPropagation()
          onKey(of.key)
        }}
      >
        <title>{titleOf(of, edge.target, count, isNever)}</title>
        <rect className="sc-hit" x={box.x} y={box.y + dy} width={box.width} height={LINE_HEIGHT_PX} />
        <text x={isBefore ? box.x + box.width - 1 : box.x + 1} y={y} textAnchor={isBefore ? "end" : "start"}>
          <LabelText {...line} />
          {count === undefined ? null : (
            <tspan className="sc-traffic" dx="6">
              {`×${compactCount(count)}`}
            </tspan>
          )}
        </text>
      </g>
    )
  })

const LabelText = ({ text: line, guardFrom }: Pick<TextLine, "text" | "guardFrom">) =>
  guardFrom === undefined ? (
    line
  ) : (
    <>
      {line.slice(0, guardFrom)}
      <tspan className="sc-guard">{line.slice(guardFrom)}</tspan>
    </>
  )

const titleOf = ({ title }: EdgeLabel, target: string, count: number | undefined, isNever: boolean): string =>
  [
    words.leadsTo(title, target),
    count === undefined ? "" : words.commits(count),
    isNever ? words.neverReached : "",
  ]
    .filter((part) => part !== "")
    .join("\n")

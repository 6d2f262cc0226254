/**
 * One state as it is drawn: a round box with its name and lines, a ring, or the circle of a history.
 *
 * Owns the SVG of a state. Colours: StateChart.css. The mark of a state is the same on every page: parts/StateLook.ts.
 */
import type { CSSProperties, MouseEvent } from "react"
import type { StateLook } from "../parts/StateLook.ts"
import { ShapeGlyph } from "../parts/StateMark.tsx"
import { text } from "../text/English.ts"
import { compactCount } from "./Amounts.ts"
import type { DrawnState } from "./ChartGeometry.ts"
import type { StateLine } from "./ChartModel.ts"
import type { Box } from "./Container.ts"
import {
  BOX_PADDING_PX,
  COUNT_WIDTH_PX,
  MARK_WIDTH_PX,
  RULE_HEIGHT_PX,
  TOGGLE_WIDTH_PX,
} from "./StateContent.ts"
import { LINE_HEIGHT_PX, NAME_HEIGHT_PX } from "./TextMeasure.ts"

const words = text.chart

/** What there is to know about a state while it is drawn. */
export interface StateNow {
  /** `here`: the actor is in this state and in none inside of it. `around`: in a state inside. */
  readonly lit: "here" | "around" | undefined
  readonly look: StateLook | undefined
  readonly count: number | undefined
  /** From 0 to 1, see StateCounts.ts. */
  readonly heat: number
  readonly isNever: boolean
}

export interface StateActions {
  readonly onOpen: (path: string) => void
  readonly onToggle: (path: string) => void
  readonly onLines: (path: string) => void
  readonly onKey: ((key: string) => void) | undefined
}

interface Props {
  readonly state: DrawnState
  readonly now: StateNow
  readonly traffic: Readonly<Record<string, number>> | undefined
  readonly never: ReadonlySet<string>
  readonly isFar: boolean
  readonly isTabStop: boolean
  readonly isButton: boolean
  readonly actions: StateActions
}

const BOX_RADIUS = 10
const RING_GAP = 3.5

export const StateShape = (props: Props) => {
  const { state, now, isTabStop, isButton, actions } = props
  const { node, box } = state
  return (
    <g
      className={classOf(state, now)}
      data-path={node.path}
      role={isButton ? "button" : "img"}
      tabIndex={isTabStop ? 0 : -1}
      aria-label={spoken(state, now)}
      onClick={(event) => {
        event.stopPropagation()
        actions.onOpen(node.path)
      }}
    >
      <title>{titleOf(state, now)}</title>
      {node.type === "history" ? <History state={state} /> : <Frame state={state} heat={now.heat} />}
      {node.type === "history" ? null : props.isFar ? (
        <FarName state={state} />
      ) : (
        <>
          <Head state={state} now={now} onToggle={actions.onToggle} />
          <Lines {...props} />
        </>
      )}
      <rect
        className="sc-focus"
        x={box.x - 3}
        y={box.y - 3}
        width={box.width + 6}
        height={box.height + 6}
        rx={BOX_RADIUS + 3}
      />
    </g>
  )
}

const classOf = ({ node, isBare, isContainer }: DrawnState, { lit, isNever }: StateNow): string =>
  [
    "sc-state",
    `is-${node.type}`,
    isContainer ? "is-container" : "",
    isBare ? "is-bare" : "",
    lit === undefined ? "" : `is-${lit}`,
    isNever ? "is-never" : "",
  ]
    .filter((name) => name !== "")
    .join(" ")

/** What a screen reader says. */
const spoken = ({ node }: DrawnState, { lit, count, isNever }: StateNow): string =>
  [
    node.name,
    lit === undefined ? "" : words.lit,
    node.isInitial ? words.initial : "",
    node.type === "final" ? words.final : node.type === "parallel" ? words.parallel : "",
    node.history === undefined ? "" : words.history[node.history],
    count === undefined ? "" : words.actors(count),
    isNever ? words.neverReached : "",
  ]
    .filter((part) => part !== "")
    .join(", ")

const titleOf = (state: DrawnState, now: StateNow): string =>
  [`${state.node.path}`, spoken(state, now), state.node.description ?? ""]
    .filter((part, index, all) => part !== "" && all.indexOf(part) === index)
    .join("\n")

const Frame = ({ state, heat }: { readonly state: DrawnState; readonly heat: number }) => {
  const { box, node, isBare } = state
  const share = Math.round(heat * 45)
  return (
    <>
      <rect
        className="sc-box"
        {...rectOf(box)}
        rx={isBare ? 2 : BOX_RADIUS}
        style={share === 0 ? undefined : ({ "--heat": `${share}%` } as CSSProperties)}
      />
      {node.type === "final" ? (
        <rect
          className="sc-ring"
          x={box.x + RING_GAP}
          y={box.y + RING_GAP}
          width={box.width - 2 * RING_GAP}
          height={box.height - 2 * RING_GAP}
          rx={BOX_RADIUS - RING_GAP}
        />
      ) : null}
    </>
  )
}

const rectOf = ({ x, y, width, height }: Box) => ({ x, y, width, height })

const History = ({ state: { box, node } }: { readonly state: DrawnState }) => {
  const x = box.x + box.width / 2
  const y = box.y + box.height / 2
  return (
    <>
      <circle className="sc-box" cx={x} cy={y} r={box.width / 2} />
      <text className="sc-history" x={x} y={y + 4.5} textAnchor="middle">
        {node.history === "deep" ? "H*" : "H"}
      </text>
    </>
  )
}

/** The name alone, as large as the box allows, because lines and labels cannot be read from far away. */
const FarName = ({ state: { box, node, isContainer, content } }: { readonly state: DrawnState }) => {
  const room = isContainer ? content : box
  const [x, y] = isContainer
    ? [box.x + BOX_PADDING_PX, box.y + 26]
    : [box.x + box.width / 2, box.y + box.height / 2]
  const sizePx = Math.min(isContainer ? 26 : box.height * 0.55, (room.width - 12) / (node.name.length * 0.58))
  return (
    <text
      className="sc-name"
      x={x}
      y={isContainer ? y : y + sizePx * 0.35}
      textAnchor={isContainer ? "start" : "middle"}
      style={{ fontSize: `${sizePx}px` }}
    >
      {node.name}
    </text>
  )
}

const Head = ({
  state: { node, head, box, content },
  now: { look, count },
  onToggle,
}: {
  readonly state: DrawnState
  readonly now: StateNow
  readonly onToggle: (path: string) => void
}) => {
  const top = head.y + BOX_PADDING_PX - (content.lines.length === 0 ? 0 : 2)
  const left = head.x + BOX_PADDING_PX
  const right = head.x + content.width - BOX_PADDING_PX
  const hasMark = look !== undefined && node.parent !== undefined
  return (
    <>
      {hasMark ? <Mark look={look} x={left} y={top + 4} /> : null}
      {content.names.map((name, index) => (
        <text
          key={name}
          className="sc-name"
          x={left + (hasMark ? MARK_WIDTH_PX : 0)}
          y={top + 15 + index * NAME_HEIGHT_PX}
        >
          {name}
        </text>
      ))}
      {count === undefined ? null : (
        <text
          className="sc-count"
          x={right - (node.hasInside && node.parent !== undefined ? TOGGLE_WIDTH_PX : 0)}
          y={top + 15}
          textAnchor="end"
          data-room={COUNT_WIDTH_PX}
        >
          {compactCount(count)}
        </text>
      )}
      {node.hasInside && node.parent !== undefined ? (
        <g
          className="sc-toggle"
          onClick={(event) => {
            event.stopPropagation()
            onToggle(node.path)
          }}
        >
          <rect x={right - 18} y={top} width={20} height={20} rx={5} />
          <path
            d={node.isCollapsed ? `M${right - 10} ${top + 5}l5 5l-5 5` : `M${right - 13} ${top + 8}l5 5l5-5`}
          />
        </g>
      ) : null}
      {content.lines.length === 0 ? null : (
        <path
          className="sc-rule"
          d={`M${head.x} ${top + content.names.length * NAME_HEIGHT_PX + 1}h${ruleWidth(head.x, box, content.width)}`}
        />
      )}
    </>
  )
}

/** The rule ends where the head does; in a box without states inside it is as wide as the box. */
const ruleWidth = (x: number, box: Box, width: number): number => Math.min(width, box.x + box.width - x)

const Mark = ({ look, x, y }: { readonly look: StateLook; readonly x: number; readonly y: number }) => (
  <g
    className="sc-mark"
    transform={`translate(${x} ${y})`}
    style={{ "--look": look.colour } as CSSProperties}
  >
    <ShapeGlyph shape={look.shape} />
  </g>
)

const Lines = ({ state, traffic, never, actions }: Props) => {
  const { head, content, node } = state
  const top = head.y + BOX_PADDING_PX - 2 + content.names.length * NAME_HEIGHT_PX + RULE_HEIGHT_PX
  const right = head.x + content.width - BOX_PADDING_PX
  const click = (line: StateLine) => (event: MouseEvent) => {
    if (line.kind !== "more" && line.key === undefined) return
    event.stopPropagation()
    if (line.kind === "more") actions.onLines(node.path)
    else if (line.key !== undefined) actions.onKey?.(line.key)
  }
  return content.lines.map(({ text: line, dy, of, isLast }) => {
    if (of === undefined || !("kind" in of)) return null
    const count = isLast && of.key !== undefined ? traffic?.[of.key] : undefined
    const isNever = of.key !== undefined && never.has(of.key)
    return (
      <g key={`${dy}`} className={`sc-line is-${of.kind}${isNever ? " is-never" : ""}`} onClick={click(of)}>
        <title>{isNever ? `${of.title}\n${words.neverReached}` : of.title}</title>
        <text x={head.x + BOX_PADDING_PX} y={top + dy + LINE_HEIGHT_PX - 4}>
          {line}
        </text>
        {count === undefined ? null : (
          <text className="sc-traffic" x={right} y={top + dy + LINE_HEIGHT_PX - 4} textAnchor="end">
            {`×${compactCount(count)}`}
          </text>
        )}
      </g>
    )
  })
}

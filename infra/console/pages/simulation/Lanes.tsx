/**
 * A simulated run over virtual time: a lane for each client, node and server, with the time that nodes were up, faults,
 * commits and commands.
 *
 * Owns the drawing. Where marks stand: LaneMarks.ts. A click chooses the nearest step of the lane.
 */
import { memo, type PointerEvent, useLayoutEffect, useMemo, useRef, useState } from "react"
import { text } from "../../text/English.ts"
import { marksOf, msAt, type Scale, tickText, timeTicks, xOf } from "./LaneMarks.ts"
import type { Lane, Run, Span, Step } from "./RunSteps.ts"
import { GLYPHS } from "./StepGlyph.tsx"

const words = text.simulation.steps

const LANE_PX = 40
const AXIS_PX = 24
const NAMES_PX = 80
const EDGE_PX = 12
/** Room for a word of the state of a node, in pixels for each letter. */
const LETTER_PX = 7

interface Props {
  readonly run: Run
  readonly shown: ReadonlyArray<Step>
  readonly chosen: Step
  /** Length of the time that is drawn around the chosen step; without it, the whole run. */
  readonly spanMs: number | undefined
  readonly onChoose: (step: Step) => void
}

const useWidth = () => {
  const frame = useRef<HTMLDivElement>(null)
  const [width, setWidth] = useState(0)
  useLayoutEffect(() => {
    const { current } = frame
    if (current === null) return
    const observer = new ResizeObserver(() => setWidth(current.clientWidth))
    observer.observe(current)
    setWidth(current.clientWidth)
    return () => observer.disconnect()
  }, [])
  return [frame, width] as const
}

/** The part of the run around the chosen step. It moves in halves, so that most steps do not move it. */
const useScale = ({ run, chosen, spanMs }: Props, width: number): Scale => {
  const wholeMs = run.toMs - run.fromMs
  const length = Math.max(Math.min(spanMs ?? wholeMs, wholeMs), 0.001)
  const half = length / 2
  const part = Math.floor((chosen.atMs - run.fromMs - half / 2) / half)
  const latest = Math.max(run.fromMs, run.toMs - length)
  const fromMs = Math.max(run.fromMs, Math.min(latest, run.fromMs + part * half))
  return useMemo(
    () => ({
      fromMs,
      toMs: fromMs + length,
      left: NAMES_PX + EDGE_PX,
      width: Math.max(1, width - NAMES_PX - 2 * EDGE_PX),
    }),
    [fromMs, length, width],
  )
}

export const Lanes = (props: Props) => {
  const { run, shown, chosen, onChoose } = props
  const { lanes } = run
  const [frame, width] = useWidth()
  const scale = useScale(props, width)
  const height = AXIS_PX + lanes.length * LANE_PX
  const choose = (event: PointerEvent<SVGSVGElement>) => {
    const box = event.currentTarget.getBoundingClientRect()
    const place = lanes[Math.floor((event.clientY - box.top - AXIS_PX) / LANE_PX)]?.place
    const atMs = msAt(scale, event.clientX - box.left)
    const found = nearest(shown, place, atMs)
    if (found !== undefined) onChoose(found)
  }
  const x = xOf(scale, chosen.atMs)
  return (
    <div ref={frame} className="sim-lanes">
      {width > 0 && (
        <svg width={width} height={height} role="img" aria-label={words.lanes} onPointerUp={choose}>
          <Drawn lanes={lanes} shown={shown} scale={scale} height={height} />
          <line className="sim-chosen" x1={x} x2={x} y1={AXIS_PX - 6} y2={height} />
          <circle className="sim-chosen" cx={x} cy={middleOf(laneOf(lanes, chosen))} r="7" />
        </svg>
      )}
    </div>
  )
}

const laneOf = (lanes: ReadonlyArray<Lane>, { place }: Step): number =>
  lanes.findIndex((lane) => lane.place === place)
const middleOf = (index: number): number => AXIS_PX + index * LANE_PX + LANE_PX * 0.65

/** The step of the lane that is nearest in time; of any lane, if the lane shows none. */
const nearest = (shown: ReadonlyArray<Step>, place: string | undefined, atMs: number): Step | undefined => {
  const inLane = shown.filter((step) => place !== undefined && step.places.includes(place))
  let best: Step | undefined
  for (const step of inLane.length === 0 ? shown : inLane) {
    if (best === undefined || Math.abs(step.atMs - atMs) < Math.abs(best.atMs - atMs)) best = step
  }
  return best
}

interface DrawnProps {
  readonly lanes: ReadonlyArray<Lane>
  readonly shown: ReadonlyArray<Step>
  readonly scale: Scale
  readonly height: number
}

/** Everything that stays while the chosen step changes. */
const Drawn = memo(({ lanes, shown, scale, height }: DrawnProps) => {
  const ticks = timeTicks(scale)
  const [first = 0, second] = ticks
  const stepMs = second === undefined ? scale.toMs - scale.fromMs : second - first
  return (
    <>
      {ticks.map((at) => (
        <g key={at}>
          <line
            className="sim-grid-line"
            x1={xOf(scale, at)}
            x2={xOf(scale, at)}
            y1={AXIS_PX - 4}
            y2={height}
          />
          <text className="sim-quiet" x={xOf(scale, at)} y={14} textAnchor="middle">
            {tickText(at, stepMs)}
          </text>
        </g>
      ))}
      {lanes.map((lane, index) => (
        <LaneShape key={lane.place} lane={lane} index={index} shown={shown} scale={scale} />
      ))}
      {marksOf(shown, "violation", scale).map(({ x, first }) => (
        <g key={first.number} className="sim-violation">
          <title>{first.words}</title>
          <line x1={x} x2={x} y1={AXIS_PX} y2={height} />
          <text x={x - 6} y={height - 6} textAnchor="end">
            ✕ {words.violation}
          </text>
        </g>
      ))}
    </>
  )
})

interface LaneProps {
  readonly lane: Lane
  readonly index: number
  readonly shown: ReadonlyArray<Step>
  readonly scale: Scale
}

const LaneShape = ({ lane, index, shown, scale }: LaneProps) => {
  const { place, spans } = lane
  const own = shown.filter((step) => step.place === place)
  const commits = shown.filter((step) => step.kind === "commit" && step.places.includes(place))
  const top = AXIS_PX + index * LANE_PX
  const middle = middleOf(index)
  const ticks = marksOf(commits, "commit", scale).map(({ x }) => `M${x.toFixed(1)} ${middle - 6}v12`)
  return (
    <g>
      <line className="sim-lane" x1={0} x2={scale.left + scale.width + EDGE_PX} y1={top} y2={top} />
      <text className="sim-name" x={EDGE_PX / 2} y={middle + 4}>
        {place}
      </text>
      {spans.length === 0 && (
        <line className="sim-base" x1={scale.left} x2={scale.left + scale.width} y1={middle} y2={middle} />
      )}
      {spans.map((span) => (
        <SpanShape key={span.fromMs} span={span} scale={scale} middle={middle} />
      ))}
      <path className="sim-commits" d={ticks.join("")} />
      {(["ask", "life", "fault"] as const).flatMap((kind) =>
        marksOf(own, kind, scale).map(({ x, first, words: said, isTold }) => (
          <g
            key={first.number}
            className={`sim-glyph is-${kind}`}
            transform={`translate(${x.toFixed(1)} ${middle})`}
          >
            <title>{said}</title>
            <path d={GLYPHS[kind] ?? ""} />
            {isTold && kind === "fault" && (
              <text y={-12} textAnchor="middle">
                {said}
              </text>
            )}
          </g>
        )),
      )}
    </g>
  )
}

const SpanShape = ({
  span,
  scale,
  middle,
}: {
  readonly span: Span
  readonly scale: Scale
  readonly middle: number
}) => {
  const from = Math.max(span.fromMs, scale.fromMs)
  const to = Math.min(span.toMs, scale.toMs)
  if (to < from) return null
  const x = xOf(scale, from)
  const width = Math.max(1, xOf(scale, to) - x)
  const word = words.node[span.state]
  return (
    <g className={`sim-span is-${span.state}`}>
      <title>{word}</title>
      <rect x={x} y={middle - 5} width={width} height={10} rx={3} />
      {span.state !== "up" && width > word.length * LETTER_PX && (
        <text x={x + width / 2} y={middle + 4} textAnchor="middle">
          {word}
        </text>
      )}
    </g>
  )
}

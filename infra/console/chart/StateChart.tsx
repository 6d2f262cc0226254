/**
 * A statechart, drawn: states inside of states, transitions with labels, and what happens in them now.
 *
 * Owns the part of the page: tools, keys, the map, and what is said while there is no drawing. It is the beginning of
 * a file of its own, which is loaded when a chart is shown: `lazy(() => import("../chart/StateChart.tsx"))`. What is
 * drawn: ChartModel.ts. Where: NestedLayout.ts. One state: StateShape.tsx.
 */
import "./StateChart.css"
import { memo, useCallback, useEffect, useMemo, useRef, useState } from "react"
import type { ChartState } from "../api/Documents.ts"
import { stateLook } from "../parts/StateLook.ts"
import { text } from "../text/English.ts"
import type { ChartGeometry, DrawnState } from "./ChartGeometry.ts"
import { type ChartModel, chartModel, ROOT_PATH } from "./ChartModel.ts"
import { ChartTools } from "./ChartTools.tsx"
import { closableStates, collapsedAtFirst } from "./CollapsedStates.ts"
import { EdgeShape } from "./EdgeShape.tsx"
import { type Highlight, highlightOf, type StateValue } from "./Highlight.ts"
import { MiniMap } from "./MiniMap.tsx"
import { countsByPath, heatOf } from "./StateCounts.ts"
import { type StateActions, StateShape } from "./StateShape.tsx"
import { headBox, stateAt, useChartKeys, ZOOM_STEP } from "./UseChartKeys.ts"
import { useChartLayout } from "./UseChartLayout.ts"
import { useViewport } from "./UseViewport.ts"
import { bringIntoView, centerOn, FAR_SCALE, firstView, fitView, zoomAt } from "./Viewport.ts"

const words = text.chart

export interface StateChartProps {
  /** The chart of the type's document (`GET /types`). Give the same object while the type is the same. */
  readonly chart: ChartState
  /** The current state: its name as in commits (`fulfilling`, `{a:b,c:d}`), or the value as XState has it. */
  readonly lit?: StateValue | undefined
  /** Number of actors by the path of their state (`shipping.packed`). States around them show the sum. */
  readonly counts?: Readonly<Record<string, number>> | undefined
  /** Number of commits by the `key` of the chart's transitions. */
  readonly traffic?: Readonly<Record<string, number>> | undefined
  /** Paths of states and keys of transitions that a simulation never reached: drawn dashed. */
  readonly coverage?:
    | { readonly states: ReadonlyArray<string>; readonly transitions: ReadonlyArray<string> }
    | undefined
  readonly onState?: ((path: string) => void) | undefined
  readonly onTransition?: ((key: string) => void) | undefined
  /** Height of the part in pixels. */
  readonly height?: number | undefined
}

const HEIGHT_PX = 520
/** Charts with at least this many states have a map. */
const MAP_FROM_STATES = 40

/** Shapes of places that a chart is laid out for, so that not every change of a window moves it. */
const ASPECTS = [0.6, 1, 1.6, 2.4]

const StateChart = ({
  chart,
  lit,
  counts,
  traffic,
  coverage,
  onState,
  onTransition,
  height = HEIGHT_PX,
}: StateChartProps) => {
  const whole = useMemo(() => chartModel(chart), [chart])
  const highlight = useHighlight(whole, lit)
  const [choices, setChoices] = useState(() => ({
    expanded: new Set<string>() as ReadonlySet<string>,
    collapsed: collapsedAtFirst(chart, highlight.active),
  }))
  const model = useMemo(() => chartModel(chart, choices), [chart, choices])
  const viewport = useViewport()
  const { canvas, view, setView } = viewport
  const aspect = canvas === undefined ? undefined : nearest(ASPECTS, canvas.width / canvas.height)
  const numbers = { counts: counts !== undefined, traffic: traffic !== undefined }
  const { geometry, isFailed, layoutMs } = useChartLayout(model, numbers, aspect)
  const [focus, setFocus] = useState<string>()
  const [chosen, setChosen] = useState<string>()
  useFirstView(geometry, canvas, highlight, chart, setView)

  const toggle = useCallback(
    (path: string) => {
      const node = whole.nodes.get(path)
      if (node?.hasInside !== true || node.parent === undefined) return
      setChoices((old) => ({ ...old, collapsed: toggled(old.collapsed, path) }))
    },
    [whole],
  )
  const { wasDrag } = viewport
  const actions = useMemo(
    (): StateActions => ({
      onOpen: (path) => {
        setFocus(path)
        if (!wasDrag()) onState?.(path)
      },
      onToggle: toggle,
      onLines: (path) => setChoices((old) => ({ ...old, expanded: toggled(old.expanded, path) })),
      onKey: onTransition,
    }),
    [onState, onTransition, toggle, wasDrag],
  )
  const middle = { x: (canvas?.width ?? 0) / 2, y: (canvas?.height ?? 0) / 2 }
  const zoom = (factor: number) => setView((old) => zoomAt(old, factor, middle))
  const showAll = () => {
    if (geometry !== undefined && canvas !== undefined) setView(() => fitView(geometry, canvas))
  }
  const onKeyDown = useChartKeys({
    model,
    geometry,
    focus,
    chosen,
    zoom,
    showAll,
    toggle,
    onState,
    onTransition,
    choose: setChosen,
    moveTo: (state) => {
      const { path } = state.node
      setFocus(path)
      setChosen(undefined)
      if (canvas !== undefined) setView((old) => bringIntoView(old, headBox(state), canvas))
      viewport.frame.current?.querySelector<SVGGElement>(`[data-path="${CSS.escape(path)}"]`)?.focus()
    },
  })
  const closable = useMemo(() => closableStates(chart), [chart])
  const isMapped = geometry !== undefined && canvas !== undefined && whole.nodes.size >= MAP_FROM_STATES
  return (
    <div className="sc">
      {highlight.unknown.length === 0 ? null : (
        <p className="sc-notice" role="status">
          {words.unknownStates(highlight.unknown.join(", "))}
        </p>
      )}
      <div
        ref={viewport.frame}
        className="sc-frame"
        style={{ height }}
        data-layout-ms={Math.round(layoutMs)}
        onPointerDown={viewport.onPointerDown}
        onPointerMove={viewport.onPointerMove}
        onPointerUp={viewport.onPointerUp}
        onPointerCancel={viewport.onPointerUp}
        onKeyDown={onKeyDown}
        onFocus={({ target }) => setFocus((old) => stateAt(target) ?? old)}
      >
        {geometry === undefined || isFailed ? (
          <p className="sc-wait" role="status">
            {isFailed ? words.layoutFailed : `${words.layingOut} …`}
          </p>
        ) : (
          <svg className="sc-svg" role="group" aria-label={`${words.chartOf(chart.key)}. ${words.keys}`}>
            <g transform={`translate(${view.x} ${view.y}) scale(${view.scale})`}>
              <Picture
                {...{ chart, geometry, highlight, counts, traffic, coverage, chosen, actions }}
                isFar={view.scale < FAR_SCALE}
                tabStop={focus ?? [...highlight.leaves][0] ?? ROOT_PATH}
                isButton={onState !== undefined}
              />
            </g>
          </svg>
        )}
        {isMapped ? (
          <MiniMap
            {...{ geometry, canvas, view }}
            lit={highlight}
            onMove={(x, y) => setView((old) => centerOn({ x, y, width: 0, height: 0 }, canvas, old.scale))}
          />
        ) : null}
        <ChartTools
          onZoom={(direction) => zoom(ZOOM_STEP ** direction)}
          onFit={showAll}
          {...(closable.length === 0
            ? {}
            : {
                isClosed: choices.collapsed.size > 0,
                onClosed: (isClosed: boolean) =>
                  setChoices((old) => ({ ...old, collapsed: new Set(isClosed ? closable : []) })),
              })}
        />
      </div>
    </div>
  )
}

export default StateChart

const useHighlight = (model: ChartModel, lit: StateValue | undefined): Highlight => {
  // A value is a new object after each answer of the gateway; the same states stay the same highlight.
  const key = typeof lit === "string" || lit === undefined ? lit : JSON.stringify(lit)
  const latest = useRef(lit)
  latest.current = lit
  // biome-ignore lint/correctness/useExhaustiveDependencies: the key stands for the value
  return useMemo(() => highlightOf(model, latest.current), [model, key])
}

/** The view when a chart is opened, and when its place gets another shape; not when it changes under the reader. */
const useFirstView = (
  geometry: ChartGeometry | undefined,
  canvas: { readonly width: number; readonly height: number } | undefined,
  highlight: Highlight,
  chart: ChartState,
  setView: ReturnType<typeof useViewport>["setView"],
): void => {
  const shown = useRef<string>(undefined)
  useEffect(() => {
    if (geometry === undefined || canvas === undefined || canvas.width === 0) return
    const key = `${chart.id} ${canvas.width}×${canvas.height} ${geometry.width}×${geometry.height}`
    if (shown.current === key) return
    shown.current = key
    const isHere = ({ node }: DrawnState) => highlight.leaves.has(node.path)
    const first = geometry.states.find(({ node }) => node.isInitial) ?? geometry.states[0]
    const focus = geometry.states.find(isHere)
    if (first !== undefined) setView(() => firstView(geometry, canvas, focus?.box, first.box))
  }, [geometry, canvas, highlight, chart, setView])
}

const nearest = (values: ReadonlyArray<number>, wish: number): number =>
  values.reduce((best, one) =>
    Math.abs(Math.log(one / wish)) < Math.abs(Math.log(best / wish)) ? one : best,
  )

const toggled = (set: ReadonlySet<string>, item: string): ReadonlySet<string> => {
  const next = new Set(set)
  if (!next.delete(item)) next.add(item)
  return next
}

interface PictureProps extends Pick<StateChartProps, "chart" | "counts" | "traffic" | "coverage"> {
  readonly geometry: ChartGeometry
  readonly highlight: Highlight
  readonly chosen: string | undefined
  readonly actions: StateActions
  readonly isFar: boolean
  readonly tabStop: string
  readonly isButton: boolean
}

/** Everything that moves and zooms together. It is drawn anew when something in it changes, not when the view does. */
const Picture = memo((props: PictureProps) => {
  const { chart, geometry, highlight, counts, traffic, coverage, chosen, actions, isFar } = props
  const { tabStop, isButton } = props
  const known = useMemo(
    () => (counts === undefined ? undefined : countsByPath(chart, counts)),
    [chart, counts],
  )
  const never = useMemo(
    () => ({ states: new Set(coverage?.states), transitions: new Set(coverage?.transitions) }),
    [coverage],
  )
  const countMax = Math.max(
    0,
    ...geometry.states.flatMap(({ node, isContainer }) => (isContainer ? [] : (known?.get(node.path) ?? 0))),
  )
  const trafficMax = Math.max(0, ...Object.values(traffic ?? {}))
  const litOf = ({ node }: DrawnState) => {
    if (!highlight.active.has(node.path)) return undefined
    return highlight.leaves.has(node.path) || node.isCollapsed ? "here" : "around"
  }
  return (
    <>
      {geometry.states.map((state) => {
        const { node } = state
        const count = node.type === "history" ? undefined : known?.get(node.path)
        return (
          <StateShape
            key={node.path}
            state={state}
            now={{
              lit: litOf(state),
              look: node.type === "history" ? undefined : stateLook(node.path, chart),
              count,
              heat: state.isContainer ? 0 : heatOf(count ?? 0, countMax),
              isNever: never.states.has(node.path),
            }}
            never={never.transitions}
            isTabStop={node.path === tabStop}
            {...{ traffic, isFar, isButton, actions }}
          />
        )
      })}
      {geometry.dividers.map(({ from, to }) => (
        <path
          key={`${from.x} ${from.y} ${to.x} ${to.y}`}
          className="sc-divider"
          d={`M${from.x} ${from.y}L${to.x} ${to.y}`}
        />
      ))}
      {geometry.dots.map(({ x, y, width }) => (
        <circle key={`${x} ${y}`} className="sc-dot" cx={x + width / 2} cy={y + width / 2} r={width / 2} />
      ))}
      {geometry.forks.map(({ x, y, width, height }) => (
        <rect key={`${x} ${y}`} className="sc-dot" {...{ x, y, width, height }} rx="2" />
      ))}
      {geometry.edges.map((drawn) => (
        <EdgeShape
          key={drawn.edge.id}
          isNext={highlight.leaves.has(drawn.edge.source)}
          never={never.transitions}
          onKey={actions.onKey}
          {...{ drawn, traffic, trafficMax, isFar, chosen }}
        />
      ))}
    </>
  )
})

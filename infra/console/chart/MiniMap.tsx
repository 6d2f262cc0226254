/** The map of a large chart: all states as blocks, and the part that is in view. A click moves the view there. */
import { memo, type PointerEvent } from "react"
import type { ChartGeometry } from "./ChartGeometry.ts"
import type { Highlight } from "./Highlight.ts"
import type { Size } from "./StateContent.ts"
import type { View } from "./Viewport.ts"

interface Props {
  readonly geometry: ChartGeometry
  readonly lit: Highlight
  readonly canvas: Size
  readonly view: View
  readonly onMove: (x: number, y: number) => void
}

const MAP_WIDTH_MAX = 180
const MAP_HEIGHT_MAX = 130

export const MiniMap = ({ geometry, lit, canvas, view, onMove }: Props) => {
  const scale = Math.min(MAP_WIDTH_MAX / geometry.width, MAP_HEIGHT_MAX / geometry.height)
  const move = (event: PointerEvent<SVGSVGElement>) => {
    if (event.type === "pointermove" && event.buttons !== 1) return
    event.stopPropagation()
    const { left, top } = event.currentTarget.getBoundingClientRect()
    onMove((event.clientX - left) / scale, (event.clientY - top) / scale)
  }
  return (
    <svg
      className="sc-map"
      aria-hidden="true"
      width={geometry.width * scale}
      height={geometry.height * scale}
      viewBox={`0 0 ${geometry.width} ${geometry.height}`}
      onPointerDown={move}
      onPointerMove={move}
    >
      <Blocks geometry={geometry} lit={lit} />
      <rect
        className="sc-map-view"
        x={-view.x / view.scale}
        y={-view.y / view.scale}
        width={canvas.width / view.scale}
        height={canvas.height / view.scale}
        vectorEffect="non-scaling-stroke"
      />
    </svg>
  )
}

const Blocks = memo(({ geometry, lit }: Pick<Props, "geometry" | "lit">) =>
  geometry.states.map(({ node, box, isContainer }) => (
    <rect
      key={node.path}
      className={`${isContainer ? "sc-map-container" : "sc-map-state"}${lit.active.has(node.path) && !isContainer ? " is-here" : ""}`}
      x={box.x}
      y={box.y}
      width={box.width}
      height={box.height}
      vectorEffect="non-scaling-stroke"
    />
  )),
)

/**
 * The reader's view over the drawing as React state: drag, pinch, wheel, buttons.
 *
 * Owns pointers and the size of the canvas. The arithmetic: Viewport.ts. A wheel scrolls the page; it zooms with Ctrl,
 * as a pinch on a touch pad does, or while the chart has the focus.
 */
import { type PointerEvent, type RefObject, useCallback, useEffect, useRef, useState } from "react"
import type { Point } from "./ElkGraph.ts"
import type { Size } from "./StateContent.ts"
import { type View, zoomAt } from "./Viewport.ts"

/** A pointer that moves less than this, in pixels, is a click. */
const DRAG_FROM_PX = 4
/** Zoom of one notch of a wheel. */
const WHEEL_FACTOR = 0.0015

export interface Viewport {
  readonly frame: RefObject<HTMLDivElement | null>
  /** `undefined` before the first measurement. */
  readonly canvas: Size | undefined
  readonly view: View
  readonly setView: (change: (view: View) => View) => void
  readonly onPointerDown: (event: PointerEvent) => void
  readonly onPointerMove: (event: PointerEvent) => void
  readonly onPointerUp: (event: PointerEvent) => void
  /** True if the pointer that was just lifted had moved the drawing: the click that follows is none. */
  readonly wasDrag: () => boolean
}

export const useViewport = (): Viewport => {
  const frame = useRef<HTMLDivElement>(null)
  const [canvas, setCanvas] = useState<Size>()
  const [view, setView] = useState<View>({ x: 0, y: 0, scale: 1 })
  const pointers = useRef(new Map<number, Point>())
  const moved = useRef(0)

  useEffect(() => {
    const element = frame.current
    if (element === null) return
    const observer = new ResizeObserver(() => {
      setCanvas({ width: element.clientWidth, height: element.clientHeight })
    })
    observer.observe(element)
    const wheel = (event: WheelEvent) => {
      if (!event.ctrlKey && !element.contains(document.activeElement)) return
      event.preventDefault()
      const at = placeIn(element, event)
      const speed = event.ctrlKey ? 4 : 1
      setView((old) => zoomAt(old, Math.exp(-event.deltaY * WHEEL_FACTOR * speed), at))
    }
    // React's own listeners are passive, so they cannot keep the page from scrolling.
    element.addEventListener("wheel", wheel, { passive: false })
    return () => {
      observer.disconnect()
      element.removeEventListener("wheel", wheel)
    }
  }, [])

  const onPointerDown = useCallback((event: PointerEvent) => {
    if (event.button !== 0) return
    if (pointers.current.size === 0) moved.current = 0
    pointers.current.set(event.pointerId, { x: event.clientX, y: event.clientY })
  }, [])

  const onPointerMove = useCallback((event: PointerEvent) => {
    const before = pointers.current.get(event.pointerId)
    const element = frame.current
    if (before === undefined || element === null) return
    const now = { x: event.clientX, y: event.clientY }
    const other = [...pointers.current].find(([id]) => id !== event.pointerId)?.[1]
    moved.current += Math.hypot(now.x - before.x, now.y - before.y)
    if (moved.current < DRAG_FROM_PX) return
    if (!element.hasPointerCapture(event.pointerId)) element.setPointerCapture(event.pointerId)
    pointers.current.set(event.pointerId, now)
    setView((old) => {
      if (other === undefined) return { ...old, x: old.x + now.x - before.x, y: old.y + now.y - before.y }
      const factor = distance(now, other) / Math.max(1, distance(before, other))
      const middle = { clientX: (now.x + other.x) / 2, clientY: (now.y + other.y) / 2 }
      return zoomAt(old, factor, placeIn(element, middle))
    })
  }, [])

  const onPointerUp = useCallback((event: PointerEvent) => {
    pointers.current.delete(event.pointerId)
  }, [])

  const wasDrag = useCallback(() => moved.current >= DRAG_FROM_PX, [])
  return { frame, canvas, view, setView, onPointerDown, onPointerMove, onPointerUp, wasDrag }
}

const placeIn = (
  element: Element,
  { clientX, clientY }: { readonly clientX: number; readonly clientY: number },
): Point => {
  const { left, top } = element.getBoundingClientRect()
  return { x: clientX - left, y: clientY - top }
}

const distance = (left: Point, right: Point): number => Math.hypot(left.x - right.x, left.y - right.y)

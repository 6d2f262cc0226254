/** A plot of values over time. Its code is loaded when a plot is shown. */
import { useEffect, useRef } from "react"
import type uPlot from "uplot"
import "uplot/dist/uPlot.min.css"
import { text } from "../text/English.ts"

export interface Line {
  readonly label: string
  readonly values: ReadonlyArray<number | null>
  /** Form of the line, so that lines differ by more than their colour. Default: a line without gaps. */
  readonly dash?: keyof typeof DASHES
}

interface PlotProps {
  readonly title: string
  readonly unit: string
  /** Unix milliseconds. */
  readonly times: ReadonlyArray<number>
  /** The axis of time, also where there are no values yet: Unix milliseconds. */
  readonly fromMs: number
  readonly untilMs: number
  readonly lines: ReadonlyArray<Line>
  /** Changes when the colours of the page change. */
  readonly theme: string
}

const HEIGHT_PX = 120
/** Part of the axis above the largest value, so that its line is not cut. */
const HEADROOM = 1.08
const DASHES = { dashed: [5, 4], dotted: [1.5, 3] } as const
const COLOURS = ["--hue-0", "--hue-1", "--hue-2", "--hue-3"]

export const Plot = ({ title, unit, times, fromMs, untilMs, lines, theme }: PlotProps) => {
  const box = useRef<HTMLDivElement>(null)
  const plot = useRef<uPlot>(undefined)
  const labels = lines.map(({ label }) => label).join(",")
  const data = [times.map((at) => at / 1_000), ...lines.map(({ values }) => [...values])] as uPlot.AlignedData
  const latest = useRef(data)
  latest.current = data
  const axis = useRef<[number, number]>([0, 0])
  axis.current = [fromMs / 1_000, untilMs / 1_000]

  // biome-ignore lint/correctness/useExhaustiveDependencies: a plot is made anew for other lines and colours
  useEffect(() => {
    const element = box.current
    if (element === null) return
    let isOver = false
    void import("uplot").then(({ default: UPlot }) => {
      if (isOver) return
      const style = getComputedStyle(element)
      const colour = (name: string) => style.getPropertyValue(name).trim()
      const look = {
        stroke: colour("--quiet"),
        font: "11px Plex Sans",
        grid: { stroke: colour("--line"), width: 1 },
        ticks: { show: false },
      }
      plot.current = new UPlot(
        {
          width: element.clientWidth,
          height: HEIGHT_PX,
          legend: { show: false },
          cursor: { y: false },
          scales: {
            x: { range: () => axis.current },
            y: { range: (_, min, max) => [Math.min(0, min ?? 0), Math.max((max ?? 0) * HEADROOM, 1)] },
          },
          axes: [
            { ...look, size: 24, values: (_, marks) => marks.map(clockText) },
            { ...look, size: 48 },
          ],
          series: [
            {},
            ...lines.map(({ label, dash }, index) => {
              const stroke = colour(COLOURS[index % COLOURS.length] ?? "--hue-0")
              return {
                label,
                stroke,
                width: 1.5,
                points: { show: true, size: 3, fill: stroke, filter: alone },
                ...(dash === undefined ? {} : { dash: [...DASHES[dash]] }),
              }
            }),
          ],
        },
        latest.current,
        element,
      )
    })
    const observer = new ResizeObserver(() =>
      plot.current?.setSize({ width: element.clientWidth, height: HEIGHT_PX }),
    )
    observer.observe(element)
    return () => {
      isOver = true
      observer.disconnect()
      plot.current?.destroy()
      plot.current = undefined
    }
  }, [labels, theme])

  useEffect(() => plot.current?.setData(latest.current))

  return (
    <section className="panel plot">
      <div className="row spread">
        <h2>{title}</h2>
        <span className="row plot-now number">
          {lines.map(({ label, values, dash }, index) => (
            <span key={label}>
              <svg width="14" height="8" aria-hidden="true">
                <line
                  x1="0"
                  x2="14"
                  y1="4"
                  y2="4"
                  stroke={`var(${COLOURS[index % COLOURS.length]})`}
                  strokeWidth="2"
                  strokeDasharray={dash === undefined ? undefined : DASHES[dash].join(" ")}
                />
              </svg>{" "}
              {lines.length > 1 && <span className="quiet">{label} </span>}
              {newest(values)} {unit}
            </span>
          ))}
        </span>
      </div>
      <div
        ref={box}
        role="img"
        aria-label={text.overview.plot(title, times.length, `${newest(lines[0]?.values ?? [])} ${unit}`)}
      />
    </section>
  )
}

/** Indices of values without neighbours: no line leads to them, so they are drawn as points. */
const alone: uPlot.Series.Points.Filter = (plot, index) => {
  const values = plot.data[index] ?? []
  const isThere = (at: number) => values[at] !== null && values[at] !== undefined
  return Array.from(values, (_, at) => at).filter((at) => isThere(at) && !isThere(at - 1) && !isThere(at + 1))
}

const clock = new Intl.DateTimeFormat("en-GB", { timeStyle: "short" })

const clockText = (seconds: number): string => clock.format(seconds * 1_000)

const newest = (values: ReadonlyArray<number | null>): string => {
  const value = values.at(-1)
  if (value === null || value === undefined) return "–"
  return value.toLocaleString("en", { maximumFractionDigits: value < 10 ? 1 : 0 })
}

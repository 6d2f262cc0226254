/** The buttons over a chart: zoom, fit, and all states open or closed. */
import { text } from "../text/English.ts"

const words = text.chart

interface Props {
  /** 1 is closer, -1 is farther away. */
  readonly onZoom: (direction: 1 | -1) => void
  readonly onFit: () => void
  readonly isClosed?: boolean
  readonly onClosed?: (isClosed: boolean) => void
}

export const ChartTools = ({ onZoom, onFit, isClosed, onClosed }: Props) => (
  <div className="sc-tools">
    <Tool label={words.zoomIn} path="M4 10h12M10 4v12" onClick={() => onZoom(1)} />
    <Tool label={words.zoomOut} path="M4 10h12" onClick={() => onZoom(-1)} />
    <Tool label={words.fit} path="M4 8V4h4M12 4h4v4M16 12v4h-4M8 16H4v-4" onClick={onFit} />
    {onClosed === undefined ? null : (
      <Tool
        label={isClosed === true ? words.openAll : words.closeAll}
        path={isClosed === true ? "M4 4h12v12H4zM10 7v6M7 10h6" : "M4 4h12v12H4zM7 10h6"}
        onClick={() => onClosed(isClosed !== true)}
      />
    )}
  </div>
)

const Tool = ({
  label,
  path,
  onClick,
}: {
  readonly label: string
  readonly path: string
  readonly onClick: () => void
}) => (
  <button type="button" aria-label={label} title={label} onClick={onClick}>
    <svg width="20" height="20" viewBox="0 0 20 20" aria-hidden="true">
      <path d={path} fill="none" stroke="currentColor" strokeWidth="1.6" strokeLinecap="round" />
    </svg>
  </button>
)

/** An input whose value is taken when the person has stopped typing. */
import { useEffect, useState } from "react"

/** Time without a letter after which the value is taken, in milliseconds. */
const SETTLED_MS = 250

interface SettledInputProps {
  readonly label: string
  readonly value: string | undefined
  readonly onSettled: (value: string) => void
  readonly type?: "text" | "number"
  /** Values that are offered. */
  readonly offered?: ReadonlyArray<string>
  readonly isOff?: boolean
}

export const SettledInput = (props: SettledInputProps) => {
  const { label, value = "", onSettled, type = "text", offered = [], isOff = false } = props
  const [typed, setTyped] = useState(value)
  useEffect(() => setTyped(value), [value])
  // biome-ignore lint/correctness/useExhaustiveDependencies: only a new letter starts the time again
  useEffect(() => {
    if (typed === value) return
    const timer = setTimeout(() => onSettled(typed), SETTLED_MS)
    return () => clearTimeout(timer)
  }, [typed])
  const list = `offered ${label}`.replaceAll(/\W/g, "-")
  return (
    <label className="field">
      <span>{label}</span>
      <input
        className="mono"
        type={type}
        step="any"
        value={typed}
        disabled={isOff}
        list={offered.length === 0 ? undefined : list}
        onChange={({ target }) => setTyped(target.value)}
      />
      {offered.length > 0 && (
        <datalist id={list}>
          {offered.map((one) => (
            <option key={one} value={one} />
          ))}
        </datalist>
      )}
    </label>
  )
}

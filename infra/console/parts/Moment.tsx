/** A point in time: how long ago, or in how long; the exact time and its zone on hover. */
import { text } from "../text/English.ts"
import { exactText, spanText, useNow } from "./Clock.ts"

export const Moment = ({ at }: { readonly at: string | number }) => {
  const now = useNow()
  const ms = typeof at === "number" ? at : Date.parse(at)
  if (!Number.isFinite(ms)) return <span>{String(at)}</span>
  const since = now - ms
  return (
    <time dateTime={new Date(ms).toISOString()} title={exactText(ms)} className="number">
      {relative(since)}
    </time>
  )
}

const relative = (since: number): string => {
  if (Math.abs(since) < 1_000) return text.time.now
  return since > 0 ? text.time.ago(spanText(since)) : text.time.in(spanText(-since))
}

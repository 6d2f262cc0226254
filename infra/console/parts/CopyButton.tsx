/** A button that copies a text, and says so. */
import { useState } from "react"
import { text } from "../text/English.ts"

/** Time for which the button says that it has copied, in milliseconds. */
const SAID_MS = 1_500

export const CopyButton = ({ value, label }: { readonly value: string; readonly label: string }) => {
  const [isCopied, setCopied] = useState(false)
  const copy = async () => {
    await navigator.clipboard.writeText(value)
    setCopied(true)
    setTimeout(() => setCopied(false), SAID_MS)
  }
  return (
    <button
      type="button"
      className="plain"
      title={text.copy.copy(label)}
      aria-label={isCopied ? text.copy.copied : text.copy.copy(label)}
      onClick={(event) => {
        event.stopPropagation()
        void copy()
      }}
    >
      {isCopied ? (
        <svg width="14" height="14" viewBox="0 0 16 16" aria-hidden="true">
          <path d="M2 8.5 6 12.5 14 3.5" fill="none" stroke="currentColor" strokeWidth="1.8" />
        </svg>
      ) : (
        <svg width="14" height="14" viewBox="0 0 16 16" aria-hidden="true">
          <rect
            x="5.5"
            y="5.5"
            width="8"
            height="8"
            rx="1.5"
            fill="none"
            stroke="currentColor"
            strokeWidth="1.3"
          />
          <path d="M10.5 3.5v-1h-8v8h1" fill="none" stroke="currentColor" strokeWidth="1.3" />
        </svg>
      )}
    </button>
  )
}

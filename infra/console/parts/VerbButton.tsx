/**
 * The button of a verb, which opens its dialog, and the field of the dialog for the reason.
 *
 * Owns that a viewer's buttons are off. The dialogs: Action.tsx for one item, ManyAction.tsx for several.
 */
import { type ReactNode, useState } from "react"
import { text } from "../text/English.ts"
import { useIsOperator } from "./Acting.ts"

interface VerbButtonProps {
  readonly label: string
  readonly isDanger?: boolean | undefined
  /** The dialog, which is there until it calls `onClose`. */
  readonly children: (onClose: () => void) => ReactNode
}

export const VerbButton = ({ label, isDanger = false, children }: VerbButtonProps) => {
  const [isOpen, setOpen] = useState(false)
  const isOperator = useIsOperator()
  return (
    <>
      <button
        type="button"
        className={isDanger ? "danger" : ""}
        disabled={!isOperator}
        title={isOperator ? undefined : text.action.viewer}
        onClick={() => setOpen(true)}
      >
        {label}
      </button>
      {isOpen && children(() => setOpen(false))}
    </>
  )
}

interface NoteFieldProps {
  readonly note: string
  readonly isOff: boolean
  readonly onChange: (note: string) => void
}

export const NoteField = ({ note, isOff, onChange }: NoteFieldProps) => (
  <label className="field">
    <span>{text.action.note}</span>
    <input
      value={note}
      required
      disabled={isOff}
      placeholder={text.action.notePlaceholder}
      onChange={({ target }) => onChange(target.value)}
    />
  </label>
)

/** The reason as the twins of a verb show it: a placeholder while there is none. */
export const noteShown = (note: string): string => (note === "" ? text.action.notePlaceholder : note)

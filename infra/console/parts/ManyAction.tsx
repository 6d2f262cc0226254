/**
 * A verb of an operator for several items: one request for each, one after the other, with progress.
 *
 * Owns the dialog, and how far the requests are. The service has no verb for a selection, so a closed dialog stops it:
 * the items that are handled stay handled. The verb for one item: Action.tsx.
 */
import { useQueryClient } from "@tanstack/react-query"
import { type FormEvent, useEffect, useRef, useState } from "react"
import { text } from "../text/English.ts"
import { sendAction } from "./ActionRequest.ts"
import { Twins } from "./Twin.tsx"
import { NoteField, noteShown, VerbButton } from "./VerbButton.tsx"
import type { ActionRequest } from "./Verbs.ts"

interface Item {
  readonly name: string
  readonly request: ActionRequest
}

interface ManyActionProps {
  readonly label: string
  /** What it will do, in a sentence. */
  readonly effect: string
  readonly items: ReadonlyArray<Item>
  /** The lines that do the same in a shell, for this reason. */
  readonly lines: (note: string) => ReadonlyArray<string>
  readonly isDanger?: boolean
  /** Told when the requests have ended. */
  readonly onActed: () => void
  /** Told when the dialog closes after something was done. */
  readonly onDone: () => void
}

export const ManyAction = (props: ManyActionProps) => (
  <VerbButton label={props.label} isDanger={props.isDanger}>
    {(onClose) => <ManyDialog {...props} onClose={onClose} />}
  </VerbButton>
)

interface Run {
  readonly doneCount: number
  readonly failures: ReadonlyArray<{ readonly name: string; readonly why: string }>
  readonly isOver: boolean
}

const ManyDialog = ({
  onClose,
  onActed,
  onDone,
  ...given
}: ManyActionProps & { readonly onClose: () => void }) => {
  // The items stay those of the question, although the list goes on.
  const [{ label, effect, items, lines, isDanger }] = useState(given)
  const dialog = useRef<HTMLDialogElement>(null)
  const isStopped = useRef(false)
  const queries = useQueryClient()
  const [note, setNote] = useState("")
  const [run, setRun] = useState<Run>()
  useEffect(() => {
    dialog.current?.showModal()
    isStopped.current = false
    return () => {
      isStopped.current = true
    }
  }, [])
  const start = async (event: FormEvent) => {
    event.preventDefault()
    const failures: Array<Run["failures"][number]> = []
    let doneCount = 0
    setRun({ doneCount, failures, isOver: false })
    for (const { name, request } of items) {
      if (isStopped.current) break
      try {
        await sendAction(request, note)
        doneCount++
      } catch (cause) {
        failures.push({ name, why: cause instanceof Error ? cause.message : String(cause) })
      }
      setRun({ doneCount, failures: [...failures], isOver: false })
    }
    setRun({ doneCount, failures, isOver: true })
    onActed()
    void queries.invalidateQueries()
  }
  const close = () => {
    onClose()
    if (run !== undefined) onDone()
  }
  const handled = run === undefined ? 0 : run.doneCount + run.failures.length
  return (
    <dialog ref={dialog} onClose={close} aria-label={label}>
      <form className="stack" onSubmit={(event) => void start(event)}>
        <h2>{label}</h2>
        <p>{effect}</p>
        <NoteField note={note} isOff={run !== undefined} onChange={setNote} />
        <Twins lines={lines(noteShown(note))} />
        {run !== undefined && (
          <>
            <progress max={items.length} value={handled} aria-label={label} />
            <p className={run.isOver && run.failures.length === 0 ? "good" : ""} role="status">
              {text.many.handled(run.doneCount, items.length, run.failures.length)}
            </p>
          </>
        )}
        {run !== undefined && run.failures.length > 0 && (
          <ul className="plain-list failures">
            {run.failures.map(({ name, why }) => (
              <li key={name}>
                <span className="mono">{name}</span> {why}
              </li>
            ))}
          </ul>
        )}
        <div className="row">
          {run === undefined && (
            <button type="submit" className={isDanger === true ? "danger" : "primary"}>
              {label}
            </button>
          )}
          {run !== undefined && !run.isOver && (
            <button
              type="button"
              onClick={() => {
                isStopped.current = true
              }}
            >
              {text.many.stop}
            </button>
          )}
          <button type="button" onClick={close}>
            {run?.isOver === true ? text.action.close : text.action.cancel}
          </button>
        </div>
      </form>
    </dialog>
  )
}

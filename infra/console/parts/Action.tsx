/**
 * A verb of an operator: a button, and a dialog that says what it will do, asks for the reason, and shows its
 * twins.
 *
 * Owns the dialog. Who may act is decided by the gateway. What can be taken back is offered in the dialog, and after it:
 * Undo.tsx, which also tells what was done where the dialog goes with its part of the page.
 */
import { useMutation, useQueryClient } from "@tanstack/react-query"
import { type FormEvent, type ReactNode, useEffect, useRef, useState } from "react"
import { text } from "../text/English.ts"
import { sendAction } from "./ActionRequest.ts"
import { Failure } from "./Notice.tsx"
import { curlLine, noteHeader, Twins } from "./Twin.tsx"
import { useTellDone } from "./Undo.tsx"
import { NoteField, noteShown, VerbButton } from "./VerbButton.tsx"
import type { ActionRequest } from "./Verbs.ts"

interface ActionProps {
  readonly label: string
  /** What it will do, in a sentence. */
  readonly effect: string
  readonly request: ActionRequest
  /** Words of the `everstate` command, without the reason. */
  readonly command?: ReadonlyArray<string>
  readonly isDanger?: boolean
  /** The verb that takes it back. */
  readonly undo?: { readonly label: string; readonly request: ActionRequest }
  /** Told when the dialog closes after the verb was done. */
  readonly onDone?: () => void
  /** More fields of the dialog. */
  readonly children?: ReactNode
}

export const Action = (props: ActionProps) => (
  <VerbButton label={props.label} isDanger={props.isDanger}>
    {(onClose) => <ActionDialog {...props} onClose={onClose} />}
  </VerbButton>
)

const ActionDialog = ({ onClose, ...given }: ActionProps & { readonly onClose: () => void }) => {
  // What was done stays in the dialog, although the page goes on: a paused type offers to be resumed.
  const [done, setDone] = useState<ActionProps>()
  const { label, effect, request, command, isDanger, undo, children } = done ?? given
  const dialog = useRef<HTMLDialogElement>(null)
  const queries = useQueryClient()
  const [note, setNote] = useState("")
  const [isUndone, setUndone] = useState(false)
  const tellDone = useTellDone()
  const isThere = useRef(true)
  const isUnread = useRef(false)
  const tellUnread = useRef<() => void>(() => undefined)
  tellUnread.current = () => {
    void queries.invalidateQueries()
    tellDone({ what: text.action.doneVerb(label), note, undo: isUndone ? undefined : undo })
  }
  useEffect(() => {
    dialog.current?.showModal()
    isThere.current = true
    return () => {
      // A saga that is not stuck any more has no button to retry it, and so no dialog.
      isThere.current = false
      if (isUnread.current) tellUnread.current()
    }
  }, [])
  const act = useMutation({
    mutationFn: (wanted: ActionRequest) => sendAction(wanted, note),
    onSuccess: () => {
      if (!isThere.current) return tellUnread.current()
      isUnread.current = true
      setDone((before) => before ?? given)
    },
  })
  const close = () => {
    isUnread.current = false
    onClose()
    if (done === undefined) return
    void queries.invalidateQueries()
    done.onDone?.()
    if (undo !== undefined && !isUndone) tellDone({ what: effect, note, undo })
  }
  const submit = (event: FormEvent) => {
    event.preventDefault()
    act.mutate(request)
  }
  const undone = (wanted: ActionRequest) => {
    setUndone(true)
    act.mutate(wanted)
  }
  const { method, path, params, body, hasNoteInBody } = request
  const shownNote = noteShown(note)
  const shownBody = hasNoteInBody === true ? { ...body, note: shownNote } : body
  return (
    <dialog ref={dialog} onClose={close} aria-label={label}>
      <form className="stack" onSubmit={submit}>
        <h2>{label}</h2>
        <p>{effect}</p>
        {children}
        <NoteField note={note} isOff={act.isSuccess} onChange={setNote} />
        <Twins
          curl={[
            curlLine(method, path, shownBody, params),
            ...(hasNoteInBody === true ? [] : [noteHeader(shownNote)]),
          ].join(" ")}
          command={command === undefined ? undefined : [...command, "--note", shownNote]}
        />
        {act.isError && <Failure error={act.error} />}
        {act.isSuccess && (
          <p className="good" role="status">
            {isUndone ? text.action.undone : text.action.done}
          </p>
        )}
        <div className="row">
          {!act.isSuccess && (
            <button
              type="submit"
              className={isDanger === true ? "danger" : "primary"}
              disabled={act.isPending}
            >
              {label}
            </button>
          )}
          {act.isSuccess && undo !== undefined && !isUndone && (
            <button type="button" onClick={() => undone(undo.request)}>
              {text.action.undo(undo.label)}
            </button>
          )}
          <button type="button" onClick={close}>
            {act.isSuccess ? text.action.close : text.action.cancel}
          </button>
        </div>
      </form>
    </dialog>
  )
}

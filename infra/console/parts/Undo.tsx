/**
 * What a person has done: a notice for each. One that can be taken back has a button for it, and stays until it is
 * dismissed; another one goes by itself after some seconds.
 *
 * Owns the notices. Verbs tell of themselves when their dialog closes, or goes with its part of the page: Action.tsx.
 */
import { useMutation, useQueryClient } from "@tanstack/react-query"
import { createContext, type ReactNode, useContext, useEffect, useState } from "react"
import { text } from "../text/English.ts"
import { sendAction } from "./ActionRequest.ts"
import type { ActionRequest } from "./Verbs.ts"

export interface DoneVerb {
  /** What was done, in words. */
  readonly what: string
  /** The verb that takes it back. */
  readonly undo?: { readonly label: string; readonly request: ActionRequest } | undefined
  readonly note: string
}

/** Notices that are shown at a time. The oldest gives way. */
const NOTICES_MAX = 3

/** Time that a notice stays if there is nothing to take back, in milliseconds: long enough to be read. */
const READING_MS = 10_000

const Done = createContext<(verb: DoneVerb) => void>(() => undefined)

/** Tells what was done, and offers to take it back. */
export const useTellDone = (): ((verb: DoneVerb) => void) => useContext(Done)

export const UndoNotices = ({ children }: { readonly children: ReactNode }) => {
  const [done, setDone] = useState<ReadonlyArray<DoneVerb>>([])
  const [tell] = useState(
    () => (verb: DoneVerb) => setDone((before) => [...before, verb].slice(-NOTICES_MAX)),
  )
  return (
    <Done value={tell}>
      {children}
      {done.length > 0 && (
        <div className="undo-notices">
          {done.map((verb) => (
            <OneNotice
              key={`${verb.what} ${verb.note}`}
              verb={verb}
              onEnd={() => setDone((before) => before.filter((one) => one !== verb))}
            />
          ))}
        </div>
      )}
    </Done>
  )
}

const OneNotice = ({ verb, onEnd }: { readonly verb: DoneVerb; readonly onEnd: () => void }) => {
  const { what, undo: back, note } = verb
  const queries = useQueryClient()
  const undo = useMutation({
    mutationFn: (request: ActionRequest) => sendAction(request, text.undo.note(note)),
    onSuccess: () => queries.invalidateQueries(),
  })
  const isBrief = back === undefined
  // biome-ignore lint/correctness/useExhaustiveDependencies: the time runs once
  useEffect(() => {
    if (!isBrief) return
    const timer = setTimeout(onEnd, READING_MS)
    return () => clearTimeout(timer)
  }, [isBrief])
  return (
    <div className="undo-notice row" role="status">
      <span>{undo.isSuccess ? text.undo.undone(what) : what}</span>
      {undo.isError && <span className="bad">{undo.error.message}</span>}
      {back !== undefined && !undo.isSuccess && (
        <button
          type="button"
          className="primary"
          disabled={undo.isPending}
          onClick={() => undo.mutate(back.request)}
        >
          {text.action.undo(back.label)}
        </button>
      )}
      <button type="button" onClick={onEnd}>
        {text.undo.dismiss}
      </button>
    </div>
  )
}

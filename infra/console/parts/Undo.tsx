/**
 * What a person has done and may take back: a notice with a button for each, until it is dismissed.
 *
 * Owns the notices. A verb that can be undone offers itself here when its dialog closes: Action.tsx.
 */
import { useMutation, useQueryClient } from "@tanstack/react-query"
import { createContext, type ReactNode, useContext, useState } from "react"
import { text } from "../text/English.ts"
import { sendAction } from "./ActionRequest.ts"
import type { ActionRequest } from "./Verbs.ts"

export interface UndoOffer {
  /** What was done, in words. */
  readonly what: string
  /** The verb that takes it back. */
  readonly label: string
  readonly request: ActionRequest
  readonly note: string
}

/** Notices that are shown at a time. The oldest gives way. */
const NOTICES_MAX = 3

const Offers = createContext<(offer: UndoOffer) => void>(() => undefined)

/** Offers to take back what was done. */
export const useUndoOffer = (): ((offer: UndoOffer) => void) => useContext(Offers)

export const UndoNotices = ({ children }: { readonly children: ReactNode }) => {
  const [offers, setOffers] = useState<ReadonlyArray<UndoOffer>>([])
  return (
    <Offers value={(offer) => setOffers((before) => [...before, offer].slice(-NOTICES_MAX))}>
      {children}
      {offers.length > 0 && (
        <div className="undo-notices">
          {offers.map((offer) => (
            <OneNotice
              key={`${offer.what} ${offer.note}`}
              offer={offer}
              onEnd={() => setOffers((before) => before.filter((one) => one !== offer))}
            />
          ))}
        </div>
      )}
    </Offers>
  )
}

const OneNotice = ({ offer, onEnd }: { readonly offer: UndoOffer; readonly onEnd: () => void }) => {
  const queries = useQueryClient()
  const undo = useMutation({
    mutationFn: () => sendAction(offer.request, text.undo.note(offer.note)),
    onSuccess: () => queries.invalidateQueries(),
  })
  return (
    <div className="undo-notice row" role="status">
      <span>{undo.isSuccess ? text.undo.undone(offer.what) : offer.what}</span>
      {undo.isError && <span className="bad">{undo.error.message}</span>}
      {!undo.isSuccess && (
        <button type="button" className="primary" disabled={undo.isPending} onClick={() => undo.mutate()}>
          {text.action.undo(offer.label)}
        </button>
      )}
      <button type="button" onClick={onEnd}>
        {text.undo.dismiss}
      </button>
    </div>
  )
}

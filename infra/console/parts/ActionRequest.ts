/** Sends a verb of an operator with the reason that the person gives. What the verbs are: Verbs.ts. */
import { call, headerText, urlOf } from "../api/Client.ts"
import type { ActionRequest } from "./Verbs.ts"

/** Sends a verb with the reason. */
export const sendAction = (
  { method, path, params, body, hasNoteInBody = false }: ActionRequest,
  note: string,
) =>
  call<unknown>(urlOf(path, params), {
    method,
    headers: { "everstate-note": headerText(note) },
    ...(body === undefined && !hasNoteInBody ? {} : { body: hasNoteInBody ? { ...body, note } : body }),
  })

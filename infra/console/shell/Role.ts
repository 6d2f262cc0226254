/**
 * What the person may do: an operator acts, a viewer sees. The gateway decides; the console only shows it.
 *
 * Owns the reading of the session. A service without sessions lets everybody act whom it lets in.
 */
import { useQuery } from "@tanstack/react-query"
import { sessionQuery } from "../api/Queries.ts"

export interface Role {
  readonly user: string | undefined
  /** False: the buttons of verbs are off, and say why. */
  readonly isOperator: boolean
  /** Whether the service knows who is signed in. */
  readonly hasSession: boolean
}

export const useRole = (): Role => {
  const { data } = useQuery(sessionQuery)
  if (data === undefined || data === null) {
    return { user: undefined, isOperator: data === null, hasSession: false }
  }
  const user = data.user ?? undefined
  return { user, isOperator: data.role === "operator", hasSession: user !== undefined }
}

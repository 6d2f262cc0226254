/**
 * Whether the service answers, as all pages see it.
 *
 * Owns the question, which is asked all the time, and what happens when the answers come back: everything is asked
 * anew, streams are opened again, and files that could not be loaded are loaded. What people see of it:
 * shell/Connection.tsx.
 */
import { type QueryClient, queryOptions, useQuery, useQueryClient } from "@tanstack/react-query"
import { useEffect, useSyncExternalStore } from "react"
import { call, RequestFailed, urlOf } from "./Client.ts"
import { LIST_LOOK_MS, LOOK_MS } from "./Queries.ts"

/** Statuses of a proxy whose service is gone. */
const GONE: ReadonlySet<number> = new Set([0, 502, 503, 504])

/** Whether the request failed because the service could not be reached. */
export const isUnreachable = (error: unknown): boolean =>
  error instanceof RequestFailed && GONE.has(error.status)

const ask = (signal?: AbortSignal) =>
  call<unknown>(urlOf(["healthz"]), signal === undefined ? {} : { signal })

const connectionQuery = queryOptions({
  queryKey: ["connection"],
  queryFn: ({ signal }) => ask(signal),
  refetchInterval: ({ state }) => (state.status === "error" ? LOOK_MS : LIST_LOOK_MS),
  retry: false,
})

export interface Connection {
  readonly isLost: boolean
  /** When the service answered last, Unix milliseconds; 0: never. */
  readonly answeredAt: number
}

/** Times that the service has come back. */
let returns = 0
const listeners = new Set<() => void>()

const subscribe = (listener: () => void): (() => void) => {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

/** Changes when the service has come back. */
export const useReturns = (): number => useSyncExternalStore(subscribe, () => returns)

/** Watches the connection, for the whole console. */
export const useConnection = (): Connection => {
  const queries = useQueryClient()
  const { isError, error, dataUpdatedAt } = useQuery(connectionQuery)
  const isLost = isError && isUnreachable(error)
  useEffect(() => askOnFailure(queries), [queries])
  useEffect(() => {
    if (!isLost) return
    // Runs when the service is not lost any more.
    return () => {
      returns++
      for (const told of listeners) told()
      void queries.invalidateQueries({ predicate: ({ queryKey }) => queryKey[0] !== "connection" })
    }
  }, [isLost, queries])
  return { isLost, answeredAt: dataUpdatedAt }
}

/** Asks at once when the request of a page could not reach the service. */
const askOnFailure = (queries: QueryClient): (() => void) =>
  queries.getQueryCache().subscribe((change) => {
    if (change.type !== "updated" || change.query.queryKey[0] === "connection") return
    const { action } = change
    const isFailure = action.type === "failed" || action.type === "error"
    if (!isFailure || !isUnreachable(action.error)) return
    const { queryKey } = connectionQuery
    if (queries.getQueryState(queryKey)?.status === "success") {
      void queries.refetchQueries({ queryKey }, { cancelRefetch: false })
    }
  })

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/**
 * The code of a page or a drawing, loaded when it is first shown. If its file cannot be loaded, it is loaded again once
 * the service answers. A file that is gone although the service answers belongs to an older release: the import fails.
 */
export const patiently = async <Module>(load: () => Promise<Module>): Promise<Module> => {
  try {
    return await load()
  } catch {
    for (let isFirst = true; !(await answers()); isFirst = false) await sleep(isFirst ? 0 : LOOK_MS)
    return load()
  }
}

const answers = (): Promise<boolean> =>
  ask().then(
    () => true,
    (cause) => !isUnreachable(cause),
  )

/**
 * What a page shows in place of an answer: loading, empty, unknown, forbidden, unavailable, failed.
 *
 * Owns these designed states. `Settled` chooses among them by the state of a query.
 */
import type { ReactNode } from "react"
import { RequestFailed } from "../api/Client.ts"
import { text } from "../text/English.ts"

export const Notice = ({
  title,
  children,
  isBad = false,
}: {
  readonly title: string
  readonly children?: ReactNode
  readonly isBad?: boolean
}) => (
  <div className={isBad ? "notice bad" : "notice"} role={isBad ? "alert" : "status"}>
    <h2>{title}</h2>
    {children}
  </div>
)

export const Loading = () => (
  <div className="loading" role="status">
    <span className="visually-hidden">{text.notice.loading}</span>
  </div>
)

/** Why there is no answer. `retry` asks again. */
export const Failure = ({ error, retry }: { readonly error: unknown; readonly retry?: () => void }) => {
  const problem = error instanceof RequestFailed ? error.problem : undefined
  const status = problem?.status
  const words =
    status === 0
      ? text.notice.unreachable
      : status === 401
        ? text.notice.signedOut
        : status === 403
          ? text.notice.forbidden
          : status === 404
            ? text.notice.unknown
            : text.notice.failed
  const message = error instanceof Error ? error.message : String(error)
  return (
    <Notice title={words.title} isBad={status !== 404 && status !== 403 && status !== 401}>
      <p>{words.detail}</p>
      {status !== 0 && <p className="mono">{message}</p>}
      {problem?.hint !== undefined && <p>{problem.hint}</p>}
      {retry !== undefined && status !== 403 && (
        <button type="button" onClick={retry}>
          {text.notice.retry}
        </button>
      )}
    </Notice>
  )
}

interface Asked<Data> {
  readonly data: Data | undefined
  readonly error: unknown
  readonly isPending: boolean
  readonly refetch: () => unknown
}

/** The children with the data; until then, and without it, a notice. Old data stays while newer data fails. */
export const Settled = <Data,>({
  query,
  missing,
  children,
}: {
  readonly query: Asked<Data>
  /** Shown if the service has no such route (404); default: the failure itself. */
  readonly missing?: ReactNode
  readonly children: (data: Data) => ReactNode
}): ReactNode => {
  if (query.data !== undefined) return children(query.data)
  if (query.isPending) return <Loading />
  const isMissing = query.error instanceof RequestFailed && [404, 405, 501].includes(query.error.status)
  if (isMissing && missing !== undefined) return missing
  return <Failure error={query.error} retry={() => void query.refetch()} />
}

/** A part of the console that this service has no route for. */
export const Unavailable = ({ route }: { readonly route: string }) => (
  <Notice title={text.notice.unavailable.title}>
    <p>
      {text.notice.unavailable.detail} <code>{route}</code>
    </p>
  </Notice>
)

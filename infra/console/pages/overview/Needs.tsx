/** The list of what needs somebody now. What is on it: NeedList.ts. */
import { useQuery } from "@tanstack/react-query"
import { Link } from "@tanstack/react-router"
import {
  clusterQuery,
  historyQuery,
  letterGroupsQuery,
  oldSagasQuery,
  quarantinedQuery,
  readinessQuery,
  stuckSagasQuery,
  typesQuery,
} from "../../api/Queries.ts"
import { Failure, Loading } from "../../parts/Notice.tsx"
import { text } from "../../text/English.ts"
import { type Need, needsOf } from "./NeedList.ts"

const useNeeds = () => {
  const readiness = useQuery(readinessQuery)
  const letters = useQuery({ ...letterGroupsQuery, retry: false })
  const cluster = useQuery({ ...clusterQuery, retry: false })
  const history = useQuery({ ...historyQuery, retry: false })
  const stuck = useQuery({ ...stuckSagasQuery, retry: false })
  const old = useQuery({ ...oldSagasQuery, retry: false })
  const names = (useQuery(typesQuery).data?.items ?? []).map(({ type }) => type)
  const quarantined = useQuery({ ...quarantinedQuery(names), enabled: names.length > 0, retry: false })
  const known = {
    readiness: readiness.data,
    cluster: cluster.data,
    history: history.data,
    quarantined: quarantined.data,
    stuck: stuck.data?.items,
    old: old.data?.items,
    letters: letters.data?.items,
  }
  return {
    needs: needsOf(known, Date.now()),
    isPending: readiness.isPending,
    error: readiness.data === undefined ? readiness.error : null,
  }
}

export const Needs = () => {
  const { needs, isPending, error } = useNeeds()
  if (isPending) return <Loading />
  if (error !== null) return <Failure error={error} />
  return (
    <section className="panel stack" aria-live="polite">
      <h2>{text.overview.needs}</h2>
      {needs.length === 0 ? (
        <p className="good">✓ {text.overview.nothing}</p>
      ) : (
        <ul className="plain-list">
          {needs.map(({ key, what, detail, to, params, search }: Need) => (
            <li key={key} className="need">
              <span className="bad" aria-hidden="true">
                ▲
              </span>
              <Link to={to} params={params as never} search={(search ?? {}) as never}>
                {what}
              </Link>
              {detail !== undefined && <span className="quiet mono">{detail}</span>}
            </li>
          ))}
        </ul>
      )}
    </section>
  )
}

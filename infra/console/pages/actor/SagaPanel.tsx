/** The steps of a saga with status, time, attempts and results, and the verbs of operators where they are allowed. */
import { useQuery } from "@tanstack/react-query"
import { useNavigate, useSearch } from "@tanstack/react-router"
import { useState } from "react"
import type { ChartState, Json, SagaDocument, SagaItem } from "../../api/Documents.ts"
import { sagaHistoryQuery, sagaQuery } from "../../api/Queries.ts"
import { stepsOf } from "../../chart/SagaSteps.ts"
import { timedSteps } from "../../chart/SagaTimes.ts"
import { StepsPanel } from "../../drawing/ChartPanel.tsx"
import { Action } from "../../parts/Action.tsx"
import { useNow } from "../../parts/Clock.ts"
import { JsonTree } from "../../parts/JsonTree.tsx"
import { Notice, Settled, Unavailable } from "../../parts/Notice.tsx"
import { JsonInput } from "../../parts/SchemaForm.tsx"
import { verbs } from "../../parts/Verbs.ts"
import type { Search } from "../../shell/Search.ts"
import { text } from "../../text/English.ts"

/** States in which a saga has ended. */
const ENDED: ReadonlySet<string> = new Set(["completed", "compensated", "aborted"])

/** Statuses of an item that nobody waits for. */
const SETTLED: ReadonlySet<string> = new Set([
  "waiting",
  "done",
  "rejected",
  "failed",
  "skipped",
  "compensated",
])

interface SagaPanelProps {
  readonly type: string
  readonly id: string
  readonly chart: ChartState
}

export const SagaPanel = ({ type, id, chart }: SagaPanelProps) => {
  const saga = useQuery(sagaQuery(type, id))
  return (
    <section className="panel stack">
      <h2>{text.saga.title}</h2>
      <Settled query={saga} missing={<Unavailable route="GET /sagas/{type}/{id}" />}>
        {(document) => <Steps saga={document} chart={chart} />}
      </Settled>
    </section>
  )
}

const Steps = ({ saga, chart }: { readonly saga: SagaDocument; readonly chart: ChartState }) => {
  const { type, id, version, items } = saga
  const search = useSearch({ strict: false }) as Search
  const navigate = useNavigate()
  const now = useNow()
  const history = useQuery(sagaHistoryQuery(type, id, version)).data?.items ?? []
  const item = items.find(({ key }) => key === search["step"])
  const choose = (step: string) =>
    void navigate({
      to: "/actors/$type/$id",
      params: { type, id },
      search: { ...search, step: step === search["step"] ? undefined : step },
      replace: true,
    })
  const steps = stepsOf(
    chart,
    items.map(({ key, status, attempts, undoAttempts, reason }) => ({
      key,
      status,
      attempts,
      undoAttempts,
      reason,
    })),
  )
  return (
    <>
      {saga.stuck !== undefined && (
        <Notice title={text.saga.stuck(saga.stuck.item)} isBad>
          <p className="mono">{saga.stuck.reason}</p>
        </Notice>
      )}
      {saga.cause !== undefined && (
        <p>
          {text.saga.cause(saga.cause.kind)} <span className="mono">{saga.cause.reason}</span>
        </p>
      )}
      <StepsPanel steps={timedSteps(steps, history, now)} onStep={choose} />
      {item !== undefined && <JsonTree value={item as unknown as Json} />}
      {!ENDED.has(saga.state) && <Verbs saga={saga} item={itemOf(saga, item)} />}
    </>
  )
}

/** The item that a verb is about: where the saga is stuck, or the chosen one if it is awaited, or the only one. */
const itemOf = ({ stuck, items }: SagaDocument, chosen: SagaItem | undefined): string | undefined => {
  if (stuck !== undefined) return stuck.item
  const awaited = items.filter(({ status }) => !SETTLED.has(status))
  return (awaited.find(({ key }) => key === chosen?.key) ?? (awaited.length === 1 ? awaited[0] : undefined))
    ?.key
}

/** The verbs that the state of the saga allows: docs/SAGAS.md. */
const Verbs = ({ saga, item }: { readonly saga: SagaDocument; readonly item: string | undefined }) => {
  const { stuck, state } = saga
  const [result, setResult] = useState<Json>()
  const isBackward = stuck !== undefined || state === "compensating"
  return (
    <div className="row">
      {stuck !== undefined && (
        <Action
          label={text.saga.retry}
          effect={text.saga.retryEffect(stuck.item)}
          {...verbs.retry(saga, stuck.item)}
        />
      )}
      {isBackward && item !== undefined && (
        <Action
          label={text.saga.skip}
          effect={stuck === undefined ? text.saga.skipSilentEffect(item) : text.saga.skipEffect(item)}
          {...verbs.skip(saga, item)}
          isDanger
        />
      )}
      {item !== undefined && (
        <Action
          label={text.saga.resolve}
          effect={text.saga.resolveEffect(item)}
          {...verbs.resolve(saga, item, result ?? null)}
        >
          <JsonInput value={result} onChange={setResult} />
        </Action>
      )}
      {isBackward ? (
        <Action label={text.saga.abort} effect={text.saga.abortEffect} {...verbs.abort(saga)} isDanger />
      ) : (
        <Action label={text.saga.cancel} effect={text.saga.cancelEffect} {...verbs.cancel(saga)} />
      )}
    </div>
  )
}

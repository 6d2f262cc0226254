/** The steps of a saga with status, attempts and results, and the verbs of operators where they are allowed. */
import { useQuery } from "@tanstack/react-query"
import { useState } from "react"
import type { ChartState, Json, SagaDocument } from "../../api/Documents.ts"
import { sagaQuery } from "../../api/Queries.ts"
import { stepsOf } from "../../chart/SagaSteps.ts"
import { StepsPanel } from "../../drawing/ChartPanel.tsx"
import { Action, type ActionRequest } from "../../parts/Action.tsx"
import { JsonTree } from "../../parts/JsonTree.tsx"
import { Notice, Settled, Unavailable } from "../../parts/Notice.tsx"
import { JsonInput } from "../../parts/SchemaForm.tsx"
import { text } from "../../text/English.ts"

/** States in which a saga has ended. */
const ENDED: ReadonlySet<string> = new Set(["completed", "compensated", "aborted"])

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
  const [chosen, setChosen] = useState<string>()
  const item = saga.items.find(({ key }) => key === chosen)
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
      <StepsPanel
        steps={stepsOf(
          chart,
          saga.items.map(({ key, status, attempts, undoAttempts, reason }) => ({
            key,
            status,
            attempts,
            undoAttempts,
            reason,
          })),
        )}
        onStep={setChosen}
      />
      {item !== undefined && <JsonTree value={item as unknown as Json} />}
      {!ENDED.has(saga.state) && <Verbs saga={saga} />}
    </>
  )
}

const Verbs = ({ saga }: { readonly saga: SagaDocument }) => {
  const { type, id, stuck, state } = saga
  const [result, setResult] = useState<Json>()
  const request = (verb: string, body: ActionRequest["body"] = {}): ActionRequest => ({
    method: "POST",
    path: ["sagas", type, id, verb],
    body,
    hasNoteInBody: true,
  })
  const command = (verb: string, ...more: ReadonlyArray<string>) => ["sagas", verb, type, id, ...more]
  return (
    <div className="row">
      {stuck !== undefined && (
        <>
          <Action
            label={text.saga.retry}
            effect={text.saga.retryEffect(stuck.item)}
            request={request("retry", { item: stuck.item })}
            command={command("retry", "--item", stuck.item)}
          />
          <Action
            label={text.saga.skip}
            effect={text.saga.skipEffect(stuck.item)}
            request={request("skip", { item: stuck.item })}
            command={command("skip", "--item", stuck.item)}
            isDanger
          />
          <Action
            label={text.saga.resolve}
            effect={text.saga.resolveEffect(stuck.item)}
            request={request("resolve", { item: stuck.item, result: result ?? null })}
            command={command("resolve", "--item", stuck.item, "--result", JSON.stringify(result ?? null))}
          >
            <JsonInput value={result} onChange={setResult} />
          </Action>
        </>
      )}
      {state !== "compensating" && stuck === undefined && (
        <Action
          label={text.saga.cancel}
          effect={text.saga.cancelEffect}
          request={request("cancel")}
          command={command("cancel")}
        />
      )}
      <Action
        label={text.saga.abort}
        effect={text.saga.abortEffect}
        request={request("abort")}
        command={command("abort")}
        isDanger
      />
    </div>
  )
}

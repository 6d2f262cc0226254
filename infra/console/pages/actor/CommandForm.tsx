/**
 * Sends a command to an actor: asks, tells, or only tries it out, at any version.
 *
 * Owns the form and what came of it.
 */
import { useMutation, useQueryClient } from "@tanstack/react-query"
import { type FormEvent, useEffect, useState } from "react"
import { call, urlOf } from "../../api/Client.ts"
import type { Answered, CommandOfType, DryRun, Json, JsonSchema, TypeDocument } from "../../api/Documents.ts"
import { useIsOperator } from "../../parts/Acting.ts"
import { firstValue } from "../../parts/JsonSchemaForm.ts"
import { JsonTree } from "../../parts/JsonTree.tsx"
import { Failure } from "../../parts/Notice.tsx"
import { JsonInput, SchemaForm } from "../../parts/SchemaForm.tsx"
import { StateMark } from "../../parts/StateMark.tsx"
import { commandLine, curlLine, Twins } from "../../parts/Twin.tsx"
import { commandVerb } from "../../parts/Verbs.ts"
import { text } from "../../text/English.ts"

interface CommandFormProps {
  readonly type: TypeDocument
  readonly id: string
  /** A past version: the command is only tried out. */
  readonly at: number | undefined
}

type How = "ask" | "tell" | "dry-run"

type Outcome =
  | { readonly how: "dry-run"; readonly run: DryRun }
  | { readonly how: "ask" | "tell"; readonly answer: Answered }

export const CommandForm = ({ type, id, at }: CommandFormProps) => {
  const [name, setName] = useState(type.commands[0]?.name ?? "")
  const command = type.commands.find((one) => one.name === name)
  return (
    <section className="panel stack">
      <h2>{at === undefined ? text.command.title : text.command.titleAt(at)}</h2>
      {command === undefined ? (
        <p className="quiet">{text.command.none}</p>
      ) : (
        <>
          <label className="field">
            <span>{text.command.command}</span>
            <select value={name} onChange={({ target }) => setName(target.value)}>
              {type.commands.map((one) => (
                <option key={one.name}>{one.name}</option>
              ))}
            </select>
          </label>
          <Payload key={`${name} ${id}`} type={type} command={command} id={id} at={at} />
        </>
      )}
    </section>
  )
}

const Payload = ({ type, command, id, at }: CommandFormProps & { readonly command: CommandOfType }) => {
  const queries = useQueryClient()
  const isOperator = useIsOperator()
  const schema: JsonSchema | undefined = command.payload ?? undefined
  const [payload, setPayload] = useState<Json | undefined>(() =>
    schema === undefined ? {} : firstValue(schema, schema),
  )
  const [isJson, setJson] = useState(schema === undefined)
  const path = ["actors", type.type, id, command.name]
  const send = useMutation({
    mutationFn: async (how: How): Promise<Outcome> => {
      const body = payload ?? {}
      if (how === "dry-run") {
        const url = urlOf([...path, "dry-run"], { version: at })
        return { how, run: await call<DryRun>(url, { method: "POST", body }) }
      }
      const url = urlOf(path, how === "tell" ? { via: "tell" } : {})
      return { how, answer: await call<Answered>(url, { method: "POST", body }) }
    },
    onSuccess: ({ how }) => (how === "dry-run" ? undefined : queries.invalidateQueries()),
  })
  const { reset } = send
  // biome-ignore lint/correctness/useExhaustiveDependencies: an outcome belongs to its version
  useEffect(() => reset(), [at, reset])
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    const { submitter } = event.nativeEvent as SubmitEvent
    send.mutate((submitter?.getAttribute("value") ?? "ask") as How)
  }
  const isPast = at !== undefined
  return (
    <form className="stack" onSubmit={submit}>
      {schema !== undefined && (
        <label className="field inline">
          <input type="checkbox" checked={isJson} onChange={({ target }) => setJson(target.checked)} />
          <span>{text.form.asJson}</span>
        </label>
      )}
      {isJson || schema === undefined ? (
        <JsonInput value={payload} onChange={setPayload} />
      ) : (
        <SchemaForm
          label=" "
          schema={schema}
          root={schema}
          value={payload}
          isRequired
          onChange={setPayload}
        />
      )}
      <div className="row">
        {!isPast && (
          <>
            <Send how="ask" isPrimary isOff={!isOperator || send.isPending} />
            <Send how="tell" isOff={!isOperator || send.isPending} />
          </>
        )}
        <Send how="dry-run" isPrimary={isPast} isOff={send.isPending} />
      </div>
      {!isOperator && <p className="quiet">{text.action.viewer}</p>}
      <Twins
        lines={(isPast ? (["dry-run"] as const) : (["ask", "tell", "dry-run"] as const)).flatMap((how) => {
          const name = { type: type.type, id, command: command.name, at }
          const { request, command: words } = commandVerb(how, name, payload ?? {})
          const { method, path: parts, body, params } = request
          return [commandLine(...words), curlLine(method, parts, body, params)]
        })}
      />
      {send.isError && <Failure error={send.error} />}
      {send.data !== undefined && <Told outcome={send.data} type={type} />}
    </form>
  )
}

interface SendProps {
  readonly how: How
  readonly isPrimary?: boolean
  readonly isOff: boolean
}

const Send = ({ how, isPrimary = false, isOff }: SendProps) => (
  <button
    type="submit"
    name="how"
    value={how}
    className={isPrimary ? "primary" : ""}
    disabled={isOff}
    title={text.command.hints[how]}
  >
    {text.command.how[how]}
  </button>
)

const Told = ({ outcome, type }: { readonly outcome: Outcome; readonly type: TypeDocument }) => {
  if (outcome.how !== "dry-run") {
    const { version, reply, duplicate, commandId } = outcome.answer
    return (
      <div className="stack outcome" role="status">
        <strong className="good">
          {outcome.how === "tell"
            ? text.command.told(commandId ?? "")
            : text.command.answered(version ?? 0, duplicate === true)}
        </strong>
        {reply !== undefined && reply !== null && <JsonTree value={reply} />}
      </div>
    )
  }
  const { run } = outcome
  return (
    <div className="stack outcome" role="status">
      <strong className={run.outcome === "refused" ? "bad" : "good"}>
        {text.command.would[run.outcome](run.fromVersion)}
      </strong>
      {run.problem !== undefined && <p className="mono">{run.problem.detail ?? run.problem.title}</p>}
      {run.actor !== undefined && <StateMark state={run.actor.state} chart={type.chart} />}
      {run.events?.map((event) => (
        <JsonTree key={JSON.stringify(event)} value={event} />
      ))}
      {run.reply !== undefined && run.reply !== null && (
        <>
          <span className="quiet">{text.command.reply}</span>
          <JsonTree value={run.reply} />
        </>
      )}
      {run.sends !== undefined && run.sends.length > 0 && (
        <>
          <span className="quiet">{text.command.sends}</span>
          <JsonTree value={run.sends} />
        </>
      )}
    </div>
  )
}

/**
 * Everything that one request caused, across actors: as a tree of causes, and on an axis of time.
 *
 * Owns the reading of the answer: commands, each with what caused it.
 */
import { useQuery } from "@tanstack/react-query"
import { Link, useNavigate, useParams } from "@tanstack/react-router"
import { type CSSProperties, type FormEvent, useState } from "react"
import { type CorrelatedCommand, correlationQuery } from "../api/Queries.ts"
import { shortSpanText } from "../parts/Clock.ts"
import { CopyButton } from "../parts/CopyButton.tsx"
import { Moment } from "../parts/Moment.tsx"
import { Notice, Settled, Unavailable } from "../parts/Notice.tsx"
import { curlLine, Twins } from "../parts/Twin.tsx"
import { text } from "../text/English.ts"
import { causesOf } from "./correlation/Causes.ts"

/** Deeper commands are not set further to the right. */
const DEPTH_SHOWN_MAX = 24

export const Correlation = () => {
  const { id } = useParams({ strict: false })
  return (
    <div className="page">
      <header>
        <h1>
          {text.pages.correlation} {id !== undefined && <span className="crumb mono">{id}</span>}
          {id !== undefined && <CopyButton value={id} label={id} />}
        </h1>
      </header>
      <Search given={id} />
      {id === undefined ? (
        <Notice title={text.correlation.which}>
          <p>{text.correlation.whichDetail}</p>
        </Notice>
      ) : (
        <Found key={id} id={id} />
      )}
    </div>
  )
}

const Search = ({ given = "" }: { readonly given?: string | undefined }) => {
  const [typed, setTyped] = useState(given)
  const navigate = useNavigate()
  const go = (event: FormEvent) => {
    event.preventDefault()
    if (typed.trim() !== "") void navigate({ to: "/correlations/$id", params: { id: typed.trim() } })
  }
  return (
    <form className="row search" onSubmit={go}>
      <input
        className="mono"
        aria-label={text.correlation.id}
        placeholder={text.correlation.id}
        value={typed}
        onChange={({ target }) => setTyped(target.value)}
      />
      <button type="submit">{text.correlation.find}</button>
    </form>
  )
}

const Found = ({ id }: { readonly id: string }) => {
  const found = useQuery(correlationQuery(id))
  return (
    <>
      <Settled query={found} missing={<Unavailable route="GET /correlations/{id}" />}>
        {({ items }) =>
          items.length === 0 ? <Notice title={text.correlation.none} /> : <Axis commands={items} />
        }
      </Settled>
      <Twins curl={curlLine("GET", ["correlations", id])} />
    </>
  )
}

const Axis = ({ commands }: { readonly commands: ReadonlyArray<CorrelatedCommand> }) => {
  const rows = causesOf(commands)
  const times = commands.map(({ at }) => Date.parse(at))
  const from = Math.min(...times)
  const span = Math.max(1, Math.max(...times) - from)
  return (
    <section className="panel stack">
      <div className="row spread">
        <h2>{text.correlation.title(commands.length)}</h2>
        <span className="quiet">
          <Moment at={from} /> · {shortSpanText(span)}
        </span>
      </div>
      <ol className="causes">
        {rows.map(({ command, depth, causeAt }) => {
          const at = Date.parse(command.at)
          const start = causeAt === undefined ? at : Math.min(causeAt, at)
          return (
            <li key={command.commandId}>
              <span
                className="cause"
                style={{ "--depth": Math.min(depth, DEPTH_SHOWN_MAX) } as CSSProperties}
              >
                {depth > 0 && (
                  <span className="quiet" aria-hidden="true">
                    └{" "}
                  </span>
                )}
                <Link
                  to="/actors/$type/$id"
                  params={{ type: command.type, id: command.id }}
                  search={command.versions === undefined ? {} : { at: String(command.versions.last) }}
                >
                  {command.type} / {command.id}
                </Link>{" "}
                <span className="mono quiet">{command.events.join(", ") || text.correlation.birth}</span>
              </span>
              <span className="axis" title={`+${shortSpanText(at - from)}`}>
                <span
                  className="bar"
                  style={{
                    insetInlineStart: `${(100 * (start - from)) / span}%`,
                    width: `${(100 * (at - start)) / span}%`,
                  }}
                />
                <span className="tick" style={{ insetInlineStart: `${(100 * (at - from)) / span}%` }} />
              </span>
              <span className="number quiet end">+{shortSpanText(at - from)}</span>
            </li>
          )
        })}
      </ol>
    </section>
  )
}

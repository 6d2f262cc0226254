/**
 * One actor: its chart with the state lit, what it waits for, its context, its events, and a form for commands. At
 * any version: `?at=7`.
 *
 * Owns the composition, and the version that all parts show. The parts are below `actor/`.
 */
import { useQuery } from "@tanstack/react-query"
import { useNavigate, useParams, useSearch } from "@tanstack/react-router"
import { useState } from "react"
import { call, RequestFailed, urlOf } from "../api/Client.ts"
import type { ActorDocument, TypeDocument } from "../api/Documents.ts"
import type { StreamHealth } from "../api/Live.ts"
import { actorAtQuery, typeQuery } from "../api/Queries.ts"
import type { StateValue } from "../chart/Highlight.ts"
import { ChartPanel } from "../drawing/ChartPanel.tsx"
import { CopyButton } from "../parts/CopyButton.tsx"
import { Moment } from "../parts/Moment.tsx"
import { Failure, Loading, Notice, Settled } from "../parts/Notice.tsx"
import { StateMark } from "../parts/StateMark.tsx"
import { curlLine, Twins } from "../parts/Twin.tsx"
import { UnknownType } from "../parts/UnknownType.tsx"
import type { Search } from "../shell/Search.ts"
import { text } from "../text/English.ts"
import { CommandForm } from "./actor/CommandForm.tsx"
import { ContextView } from "./actor/ContextView.tsx"
import { EventView } from "./actor/EventView.tsx"
import { useLiveActor } from "./actor/LiveActor.ts"
import { SagaPanel } from "./actor/SagaPanel.tsx"
import { Timeline } from "./actor/Timeline.tsx"
import { Waiting } from "./actor/Waiting.tsx"

export const Actor = () => {
  const { type = "", id = "" } = useParams({ strict: false })
  const { query, health } = useLiveActor(type, id)
  const definition = useQuery(typeQuery(type))
  const { data, error } = definition
  if (data === undefined && error instanceof RequestFailed && error.status === 404) {
    return (
      <div className="page">
        <Title type={type} id={id} />
        <UnknownType type={type} />
      </div>
    )
  }
  return (
    <div className="page">
      <Settled query={query} missing={<Unborn type={type} id={id} definition={data} />}>
        {(newest) => (
          <>
            {data === undefined && error !== null && (
              <Failure error={error} retry={() => void definition.refetch()} />
            )}
            <Loaded newest={newest} health={health} definition={data} />
          </>
        )}
      </Settled>
    </div>
  )
}

interface UnbornProps {
  readonly type: string
  readonly id: string
  readonly definition: TypeDocument | undefined
}

const Unborn = ({ type, id, definition }: UnbornProps) => (
  <>
    <Title type={type} id={id} />
    <Notice title={text.actor.unborn}>
      <p>{text.actor.unbornDetail}</p>
    </Notice>
    {definition !== undefined && <CommandForm type={definition} id={id} at={undefined} />}
  </>
)

const Title = ({ type, id, children }: { type: string; id: string; children?: React.ReactNode }) => (
  <header>
    <h1>
      <span className="crumb">{type} / </span>
      <span className="mono title-id">{id}</span>
      <CopyButton value={id} label={id} />
    </h1>
    {children}
  </header>
)

interface LoadedProps {
  readonly newest: ActorDocument
  readonly health: StreamHealth
  readonly definition: TypeDocument | undefined
}

const Loaded = ({ newest, health, definition }: LoadedProps) => {
  const { type, id } = newest
  const navigate = useNavigate()
  const { at: given } = useSearch({ strict: false }) as Search
  const at = versionOf(given, newest.version)
  const past = useQuery({ ...actorAtQuery(type, id, at ?? 0), enabled: at !== undefined })
  const shown = at === undefined ? newest : past.data
  const goTo = (version: number | undefined) =>
    void navigate({
      to: "/actors/$type/$id",
      params: { type, id },
      search: version === undefined || version >= newest.version ? {} : { at: String(version) },
      replace: true,
    })
  return (
    <>
      <Title type={type} id={id}>
        <StateMark state={newest.state} chart={definition?.chart} />
        {newest.status !== "active" && <span className="badge">{text.actor.status(newest.status)}</span>}
        <span className="number quiet">{text.actor.version(newest.version)}</span>
        <Live health={health} />
      </Title>
      <Travel newest={newest} at={at} onGo={goTo} />
      {past.isError && at !== undefined && <Failure error={past.error} />}
      <div className="actor-grid">
        <div className="stack gap">
          <section className="panel chart-panel">
            {definition === undefined || shown === undefined ? (
              <Loading />
            ) : (
              <ChartPanel chart={definition.chart} lit={shown.value as StateValue} height={440} />
            )}
          </section>
          {definition?.kind === "saga" && <SagaPanel type={type} id={id} chart={definition.chart} />}
          <section className="panel stack">
            <h2>{text.actor.timeline}</h2>
            <Timeline
              type={type}
              id={id}
              version={newest.version}
              selected={at ?? newest.version}
              onSelect={goTo}
            />
          </section>
          <EventView type={type} id={id} version={at ?? newest.version} newest={newest.version} />
        </div>
        <div className="stack gap">
          {at === undefined && <Waiting type={type} id={id} />}
          {shown !== undefined && <ContextView actor={shown} />}
          {definition !== undefined && definition.kind === "actor" && (
            <CommandForm type={definition} id={id} at={at} />
          )}
          <Twins
            command={[
              "actors",
              at === undefined ? "show" : "at",
              type,
              id,
              ...(at === undefined ? [] : ["--version-at", String(at)]),
            ]}
            curl={
              at === undefined
                ? curlLine("GET", ["actors", type, id])
                : curlLine("GET", ["actors", type, id, "at"], undefined, { version: at })
            }
          />
        </div>
      </div>
    </>
  )
}

/** A version of the past; undefined for the newest state. */
const versionOf = (given: string | undefined, newest: number): number | undefined => {
  const version = Number(given)
  return given !== undefined && Number.isSafeInteger(version) && version > 0 && version < newest
    ? version
    : undefined
}

const Live = ({ health }: { readonly health: StreamHealth }) => (
  <span className={`live is-${health}`} title={text.actor.liveHint[health]}>
    {text.actor.live[health]}
  </span>
)

interface TravelProps {
  readonly newest: ActorDocument
  readonly at: number | undefined
  readonly onGo: (version: number | undefined) => void
}

/** The slider through all versions, and the way to a time of the clock. */
const Travel = ({ newest, at, onGo }: TravelProps) => {
  const { type, id, version } = newest
  const [failure, setFailure] = useState<unknown>()
  const toTime = async (local: string) => {
    const time = new Date(local)
    if (local === "" || !Number.isFinite(time.getTime())) return
    try {
      const found = await call<ActorDocument>(urlOf(["actors", type, id, "at"], { time: time.toISOString() }))
      setFailure(undefined)
      onGo(found.version)
    } catch (cause) {
      setFailure(cause)
    }
  }
  return (
    <section className="travel" aria-label={text.actor.travel}>
      <input
        type="range"
        min={Math.min(1, version)}
        max={version}
        value={at ?? version}
        aria-label={text.actor.slider}
        aria-valuetext={at === undefined ? text.actor.present : text.actor.version(at)}
        onChange={({ target }) => onGo(Number(target.value))}
      />
      <span className="number travel-at">
        {at === undefined ? text.actor.present : text.actor.of(at, version)}
      </span>
      <label className="field inline">
        <span>{text.actor.atTime}</span>
        <input type="datetime-local" step={1} onChange={({ target }) => void toTime(target.value)} />
      </label>
      <button type="button" disabled={at === undefined} onClick={() => onGo(undefined)}>
        {text.actor.toPresent}
      </button>
      {failure !== undefined && <Failure error={failure} />}
      {at === undefined ? null : <PastTime type={type} id={id} version={at} />}
    </section>
  )
}

const PastTime = ({ type, id, version }: { type: string; id: string; version: number }) => {
  const { data } = useQuery(actorAtQuery(type, id, version))
  return data?.at === undefined ? null : (
    <span className="quiet">
      <Moment at={data.at} />
    </span>
  )
}

/**
 * The cluster: its members, who owns which slot, what moves, and the verbs of operators.
 *
 * Owns the grid of shards. Any node answers for the whole cluster.
 */
import { useQuery } from "@tanstack/react-query"
import { useNavigate, useSearch } from "@tanstack/react-router"
import { useState } from "react"
import type { ClusterDocument, Member, Slot } from "../api/Documents.ts"
import { clusterQuery, typesQuery } from "../api/Queries.ts"
import { Action } from "../parts/Action.tsx"
import { CopyButton } from "../parts/CopyButton.tsx"
import { Id } from "../parts/Id.tsx"
import { Moment } from "../parts/Moment.tsx"
import { Settled, Unavailable } from "../parts/Notice.tsx"
import { curlLine, Twins } from "../parts/Twin.tsx"
import { verbs } from "../parts/Verbs.ts"
import type { Search } from "../shell/Search.ts"
import { text } from "../text/English.ts"
import { Moves } from "./cluster/Moves.tsx"

export const Cluster = () => {
  const cluster = useQuery(clusterQuery)
  return (
    <div className="page">
      <header>
        <h1>{text.pages.cluster}</h1>
      </header>
      <Settled query={cluster} missing={<Unavailable route="GET /cluster" />}>
        {(document) => (
          <>
            <div className="columns">
              {document.members.map((member) => (
                <MemberPanel key={member.id} member={member} />
              ))}
            </div>
            <Shards cluster={document} />
            <div className="columns">
              <Pauses paused={document.paused} />
              <Moves members={document.members} />
            </div>
            <Twins command={["cluster", "status", "--all"]} curl={curlLine("GET", ["cluster"])} />
          </>
        )}
      </Settled>
    </div>
  )
}

const MemberPanel = ({ member }: { readonly member: Member }) => {
  const { id, name, state, version, labels, weight, startedAt, self, slots, unfit, load } = member
  const resident = Object.entries(load?.residentByType ?? {})
  return (
    <section className="panel stack">
      <div className="row spread">
        <h2>
          <span className="mono">{name}</span> {self && <span className="quiet">{text.cluster.self}</span>}
        </h2>
        <span className={state === "up" ? "badge" : "badge warn"}>{text.cluster.states[state]}</span>
      </div>
      <dl className="facts">
        <dt>{text.cluster.member}</dt>
        <dd>
          <Id id={id} />
        </dd>
        <dt>{text.cluster.started}</dt>
        <dd>
          <Moment at={startedAt} />
        </dd>
        <dt>{text.cluster.slots}</dt>
        <dd className="number">{slots}</dd>
        <dt>{text.cluster.version}</dt>
        <dd>
          {[version, ...labels, ...(weight === 1 ? [] : [text.cluster.weight(weight)])]
            .filter((word) => word !== "")
            .join(" · ") || "–"}
        </dd>
        {load !== undefined && (
          <>
            <dt>{text.cluster.inWork}</dt>
            <dd className="number">{load.inFlight + load.openMessages}</dd>
            <dt>{text.cluster.resident}</dt>
            <dd className="number">
              {resident.map(([type, count]) => `${type} ${count}`).join(", ") || "0"}
            </dd>
          </>
        )}
      </dl>
      {load === undefined && <p className="warn">{text.cluster.silent}</p>}
      {unfit.length > 0 && <p className="warn">{text.cluster.unfit(unfit.join(", "))}</p>}
      <div className="row">
        <Action
          {...(state === "drained"
            ? {
                label: text.cluster.undrain,
                effect: text.cluster.undrainEffect(name),
                ...verbs.undrain(member),
                undo: { label: text.cluster.drain, request: verbs.drain(member).request },
              }
            : {
                label: text.cluster.drain,
                effect: text.cluster.drainEffect(name, slots),
                ...verbs.drain(member),
                undo: { label: text.cluster.undrain, request: verbs.undrain(member).request },
              })}
        />
      </div>
    </section>
  )
}

/** Letters stand for the members on the grid, so that nobody needs to tell colours apart. */
const letterOf = (index: number): string => String.fromCharCode(65 + (index % 26))

const HUE_COUNT = 8

const Shards = ({ cluster }: { readonly cluster: ClusterDocument }) => {
  const { slot: chosen } = useSearch({ strict: false }) as Search
  const navigate = useNavigate()
  const shards = cluster.slots
    .filter(({ slot }) => slot.startsWith("shard."))
    .toSorted((left, right) => numberOf(left) - numberOf(right))
  const others = cluster.slots.filter(({ slot }) => !slot.startsWith("shard."))
  const open = cluster.slots.find(({ slot }) => slot === chosen)
  const choose = (slot: string) =>
    void navigate({ to: "/cluster", search: slot === chosen ? {} : { slot }, replace: true })
  return (
    <section className="panel stack">
      <div className="row spread">
        <h2>{text.cluster.shards}</h2>
        <ul className="row legend">
          {cluster.members.map(({ id, name }, index) => (
            <li key={id}>
              <span className="shard-mark" style={{ background: `var(--hue-${index % HUE_COUNT})` }}>
                {letterOf(index)}
              </span>{" "}
              {name}
            </li>
          ))}
        </ul>
      </div>
      <div className="shard-grid">
        {shards.map((slot) => (
          <Cell
            key={slot.slot}
            slot={slot}
            cluster={cluster}
            isChosen={slot.slot === chosen}
            onChoose={choose}
          />
        ))}
      </div>
      {open !== undefined && <SlotPanel slot={open} cluster={cluster} />}
      {others.length > 0 && (
        <>
          <h2>{text.cluster.others}</h2>
          <div className="slot-list">
            {others.map((slot) => (
              <Cell
                key={slot.slot}
                slot={slot}
                cluster={cluster}
                isChosen={slot.slot === chosen}
                onChoose={choose}
                isWide
              />
            ))}
          </div>
        </>
      )}
    </section>
  )
}

const numberOf = ({ slot }: Slot): number => Number(slot.slice("shard.".length))

interface CellProps {
  readonly slot: Slot
  readonly cluster: ClusterDocument
  readonly isChosen: boolean
  readonly isWide?: boolean
  readonly onChoose: (slot: string) => void
}

const Cell = ({
  slot: { slot, member, epoch, lag, stopped },
  cluster,
  isChosen,
  isWide = false,
  onChoose,
}: CellProps) => {
  const at = cluster.members.findIndex(({ id }) => id === member)
  const owner = cluster.members[at]?.name ?? text.cluster.nobody
  const pinned = cluster.pins[slot] === undefined ? "" : `, ${text.cluster.pinned}`
  const waiting = (lag ?? 0) > 0 ? `, ${text.cluster.lag(lag ?? 0)}` : ""
  const name = `${text.cluster.slot(slot, owner, epoch)}${waiting}${pinned}`
  return (
    <button
      type="button"
      className={isWide ? "shard wide" : "shard"}
      aria-pressed={isChosen}
      title={name}
      data-trouble={at < 0 || stopped !== undefined}
      onClick={() => onChoose(slot)}
    >
      <span
        className="shard-mark"
        style={{ background: at < 0 ? "var(--bad)" : `var(--hue-${at % HUE_COUNT})` }}
      >
        {at < 0 ? "?" : letterOf(at)}
      </span>
      <span className={isWide ? "mono" : "number"}>{isWide ? slot : slot.slice("shard.".length)}</span>
      {(lag ?? 0) > 0 && <span className="warn number">{lag}</span>}
      <span className="visually-hidden">{name}</span>
      {cluster.pins[slot] !== undefined && <span aria-hidden="true">⌖</span>}
    </button>
  )
}

const SlotPanel = ({ slot, cluster }: { readonly slot: Slot; readonly cluster: ClusterDocument }) => {
  const { slot: name, epoch, lag, member, stopped } = slot
  const [target, setTarget] = useState(cluster.members.find(({ id }) => id !== member)?.name ?? "")
  const pinned = cluster.pins[name]
  return (
    <div className="stack slot-panel">
      <h2>
        <span className="mono">{name}</span>
        <CopyButton value={name} label={name} />
      </h2>
      <span>
        {text.cluster.epoch(epoch)}
        {lag !== undefined && ` · ${text.cluster.lag(lag)}`}
        {stopped !== undefined && ` · ${stopped.reason}`}
      </span>
      <div className="row">
        <Action
          label={text.cluster.move}
          effect={text.cluster.moveEffect(name)}
          {...verbs.move(name, target)}
          undo={{ label: text.cluster.unpin, request: verbs.unpin(name).request }}
        >
          <label className="field">
            <span>{text.cluster.target}</span>
            <select value={target} onChange={({ target: { value } }) => setTarget(value)}>
              {cluster.members.map(({ id, name: one }) => (
                <option key={id}>{one}</option>
              ))}
            </select>
          </label>
        </Action>
        {pinned !== undefined && (
          <Action
            label={text.cluster.unpin}
            effect={text.cluster.unpinEffect(name)}
            {...verbs.unpin(name)}
            undo={{ label: text.cluster.pin, request: verbs.move(name, pinned).request }}
          />
        )}
      </div>
    </div>
  )
}

const Pauses = ({ paused }: { readonly paused: ReadonlyArray<string> }) => {
  const { data } = useQuery(typesQuery)
  const types = [...new Set([...(data?.items ?? []).map(({ type }) => type), ...paused])]
  return (
    <section className="panel stack">
      <h2>{text.cluster.types}</h2>
      <ul className="plain-list">
        {types.map((type) => {
          const isPaused = paused.includes(type)
          return (
            <li key={type} className="row spread">
              <span className="mono">{type}</span>
              <span className="row">
                {isPaused && <span className="badge warn">{text.cluster.paused}</span>}
                <Action
                  {...(isPaused
                    ? {
                        label: text.cluster.resume,
                        effect: text.cluster.resumeEffect(type),
                        ...verbs.resume(type),
                        undo: { label: text.cluster.pause, request: verbs.pause(type).request },
                      }
                    : {
                        label: text.cluster.pause,
                        effect: text.cluster.pauseEffect(type),
                        ...verbs.pause(type),
                        undo: { label: text.cluster.resume, request: verbs.resume(type).request },
                      })}
                />
              </span>
            </li>
          )
        })}
      </ul>
    </section>
  )
}

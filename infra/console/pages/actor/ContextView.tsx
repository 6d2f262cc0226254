/** The context of an actor at a version, and what differs from another version. */
import { useQuery } from "@tanstack/react-query"
import { useState } from "react"
import type { ActorDocument, Json } from "../../api/Documents.ts"
import { actorAtQuery } from "../../api/Queries.ts"
import { differences } from "../../parts/JsonDifference.ts"
import { JsonTree } from "../../parts/JsonTree.tsx"
import { Settled } from "../../parts/Notice.tsx"
import { text } from "../../text/English.ts"

export const ContextView = ({ actor }: { readonly actor: ActorDocument }) => {
  const [from, setFrom] = useState<number>()
  const base = Math.max(0, Math.min(from ?? actor.version - 1, actor.version))
  return (
    <section className="panel stack">
      <h2>{text.actor.context}</h2>
      {actor.version > 0 && (
        <>
          <label className="field inline">
            <span>{text.actor.changedSince}</span>
            <input
              type="number"
              className="short"
              min={0}
              max={actor.version}
              value={base}
              onChange={({ target }) =>
                setFrom(Number.isFinite(target.valueAsNumber) ? Math.max(0, target.valueAsNumber) : undefined)
              }
            />
          </label>
          {base > 0 ? <Changes actor={actor} from={base} /> : <p className="quiet">{text.actor.noBefore}</p>}
        </>
      )}
      <JsonTree value={actor.context} />
      {actor.output !== undefined && (
        <>
          <h2>{text.actor.output}</h2>
          <JsonTree value={actor.output} />
        </>
      )}
    </section>
  )
}

const Changes = ({ actor, from }: { readonly actor: ActorDocument; readonly from: number }) => {
  const { type, id } = actor
  const before = useQuery({ ...actorAtQuery(type, id, from), retry: false })
  return (
    <Settled query={before} missing={<p className="quiet">{text.actor.noBefore}</p>}>
      {({ context }) => {
        const changes = differences(context, actor.context)
        if (changes.length === 0) return <p className="quiet">{text.actor.unchanged}</p>
        return (
          <ul className="changes">
            {changes.map(({ path, before: was, after }) => (
              <li key={path}>
                <span className="json-key">{path}</span>
                <span className="was">
                  <span className="visually-hidden">{text.actor.was}</span>− <Short value={was} />
                </span>
                <span className="now">
                  <span className="visually-hidden">{text.actor.now}</span>+ <Short value={after} />
                </span>
              </li>
            ))}
          </ul>
        )
      }}
    </Settled>
  )
}

const Short = ({ value }: { readonly value: Json | undefined }) => (
  <code>{value === undefined ? text.json.none : JSON.stringify(value)}</code>
)

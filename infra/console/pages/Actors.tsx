/**
 * Actors of one type by conditions of their id, state, tag, columns, age and standing.
 *
 * Owns the choice of the type. The conditions: actors/Conditions.tsx. The list: actors/ActorList.tsx.
 */
import { useQuery } from "@tanstack/react-query"
import { useParams, useSearch } from "@tanstack/react-router"
import type { TypeDocument } from "../api/Documents.ts"
import { typesQuery } from "../api/Queries.ts"
import { Notice, Settled, Unavailable } from "../parts/Notice.tsx"
import { UnknownType } from "../parts/UnknownType.tsx"
import type { Search } from "../shell/Search.ts"
import { text } from "../text/English.ts"
import { ActorList } from "./actors/ActorList.tsx"
import { Conditions } from "./actors/Conditions.tsx"

export const Actors = () => {
  const types = useQuery(typesQuery)
  return (
    <div className="page">
      <Settled query={types} missing={<Unavailable route="GET /types" />}>
        {({ items }) => (items.length === 0 ? <Notice title={text.types.none} /> : <OfType types={items} />)}
      </Settled>
    </div>
  )
}

const OfType = ({ types }: { readonly types: ReadonlyArray<TypeDocument> }) => {
  const { type: named } = useParams({ strict: false })
  const search = useSearch({ strict: false }) as Search
  const type = named ?? types.find(({ kind }) => kind === "actor")?.type ?? types[0]?.type ?? ""
  const document = types.find((one) => one.type === type)
  return (
    <>
      <header>
        <h1>
          {text.actors.title} <span className="crumb mono">{type}</span>
        </h1>
      </header>
      <Conditions type={type} types={types} search={search} />
      {document === undefined ? (
        <UnknownType type={type} />
      ) : (
        <ActorList type={type} document={document} search={search} />
      )}
    </>
  )
}

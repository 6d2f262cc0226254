/**
 * A value as people read it: fields in lines, nested values that open and close. Texts are texts, whatever they
 * hold.
 */
import type { Json } from "../api/Documents.ts"
import { text } from "../text/English.ts"

/** Fields of one value that are shown before a person asks for all. */
const SHOWN_MAX = 200
/** Nested values are open down to this depth. */
const OPEN_DEPTH = 2

export const JsonTree = ({ value }: { readonly value: Json | undefined }) =>
  value === undefined ? (
    <span className="quiet">{text.json.none}</span>
  ) : isLeaf(value) ? (
    <Leaf value={value} />
  ) : (
    <div className="json">
      <Fields value={value} depth={0} />
    </div>
  )

type Leaf = null | boolean | number | string
type Nested = Exclude<Json, Leaf>

const isLeaf = (value: Json): value is Leaf => value === null || typeof value !== "object"

const Leaf = ({ value }: { readonly value: Leaf }) => (
  <span className={`json-leaf ${value === null ? "null" : typeof value}`}>
    {typeof value === "string" ? value : String(value)}
  </span>
)

const Fields = ({ value, depth }: { readonly value: Nested; readonly depth: number }) => {
  const entries = Object.entries(value) as ReadonlyArray<[string, Json]>
  if (entries.length === 0) {
    return <span className="quiet">{Array.isArray(value) ? text.json.emptyList : text.json.empty}</span>
  }
  return (
    <ul>
      {entries.slice(0, SHOWN_MAX).map(([key, inner]) =>
        isLeaf(inner) || Object.keys(inner).length === 0 ? (
          <li key={key}>
            <span className="json-key">{key}</span>{" "}
            {isLeaf(inner) ? <Leaf value={inner} /> : <Fields value={inner} depth={depth} />}
          </li>
        ) : (
          <li key={key}>
            <details open={depth < OPEN_DEPTH && Object.keys(inner).length <= SHOWN_MAX}>
              <summary>
                <span className="json-key">{key}</span> <span className="quiet">{sizeOf(inner)}</span>
              </summary>
              <Fields value={inner} depth={depth + 1} />
            </details>
          </li>
        ),
      )}
      {entries.length > SHOWN_MAX && <li className="quiet">{text.json.more(entries.length - SHOWN_MAX)}</li>}
    </ul>
  )
}

const sizeOf = (value: Nested): string =>
  Array.isArray(value) ? text.json.items(value.length) : text.json.fields(Object.keys(value).length)

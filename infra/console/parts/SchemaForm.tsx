/**
 * A form made from a JSON Schema.
 *
 * Owns the fields on the page. How a schema is read: JsonSchemaForm.ts.
 */
import { useState } from "react"
import type { Json, JsonSchema } from "../api/Documents.ts"
import { text } from "../text/English.ts"
import { type Field, fieldOf, firstValue } from "./JsonSchemaForm.ts"

interface FieldProps {
  readonly label: string
  readonly schema: JsonSchema
  readonly root: JsonSchema
  readonly value: Json | undefined
  readonly isRequired: boolean
  readonly onChange: (value: Json | undefined) => void
}

/** All fields of an object, or the one field of another schema. */
export const SchemaForm = ({ label, schema, root, value, isRequired, onChange }: FieldProps) => {
  const field = fieldOf(schema, root)
  const description = schema["description"]
  const name = isRequired ? label : `${label} ${text.form.optional}`
  const hint = typeof description === "string" ? description : undefined
  if (field.kind === "object") {
    return (
      <ObjectField
        {...{ label: name, root, field, value, isRequired, onChange }}
        isOpen={isRequired || value !== undefined}
      />
    )
  }
  if (field.kind === "list") return <ListField {...{ label: name, root, field, value, onChange }} />
  if (field.kind === "nothing") return null
  if (field.kind === "flag") {
    return (
      <label className="field inline" title={hint}>
        <input type="checkbox" checked={value === true} onChange={({ target }) => onChange(target.checked)} />
        <span>{name}</span>
      </label>
    )
  }
  return (
    <label className="field" title={hint}>
      <span>{name}</span>
      <Input field={field} value={value} isRequired={isRequired} onChange={onChange} />
    </label>
  )
}

type InputProps = Pick<FieldProps, "value" | "isRequired" | "onChange"> & { readonly field: Field }

const Input = ({ field, value, isRequired, onChange }: InputProps) => {
  if (field.kind === "choice") {
    const at = field.choices.indexOf(value ?? null)
    return (
      <select value={at} onChange={({ target }) => onChange(field.choices[Number(target.value)])}>
        {!isRequired && <option value={-1} />}
        {field.choices.map((choice, index) => (
          <option key={String(choice)} value={index}>
            {String(choice)}
          </option>
        ))}
      </select>
    )
  }
  if (field.kind === "number" || field.kind === "integer") {
    return (
      <input
        type="number"
        step={field.kind === "integer" ? 1 : "any"}
        value={typeof value === "number" ? value : ""}
        required={isRequired}
        onChange={({ target }) => onChange(target.value === "" ? undefined : target.valueAsNumber)}
      />
    )
  }
  if (field.kind === "text") {
    return (
      <input
        value={typeof value === "string" ? value : ""}
        onChange={({ target }) => onChange(target.value === "" && !isRequired ? undefined : target.value)}
      />
    )
  }
  return <JsonInput value={value} onChange={onChange} />
}

/** A value as JSON. What is no JSON yet stays on the page and changes nothing. */
export const JsonInput = ({ value, onChange }: Pick<FieldProps, "value" | "onChange">) => {
  const [typed, setTyped] = useState(() => (value === undefined ? "" : JSON.stringify(value, undefined, 2)))
  const [isBroken, setBroken] = useState(false)
  const take = (given: string) => {
    setTyped(given)
    try {
      onChange(given.trim() === "" ? undefined : (JSON.parse(given) as Json))
      setBroken(false)
    } catch {
      setBroken(true)
    }
  }
  return (
    <>
      <textarea
        spellCheck={false}
        aria-label={text.form.json}
        aria-invalid={isBroken}
        value={typed}
        onChange={({ target }) => take(target.value)}
      />
      {isBroken && <span className="bad">{text.form.broken}</span>}
    </>
  )
}

type ObjectProps = Omit<FieldProps, "schema"> & {
  readonly field: Extract<Field, { kind: "object" }>
  readonly isOpen: boolean
}

const ObjectField = ({ label, root, field, value, isRequired, isOpen, onChange }: ObjectProps) => {
  const fields = (typeof value === "object" && value !== null ? value : {}) as {
    readonly [name: string]: Json
  }
  const set = (name: string, inner: Json | undefined) => {
    const { [name]: _, ...rest } = fields
    onChange(inner === undefined ? rest : { ...rest, [name]: inner })
  }
  const inputs = field.fields.map(([name, schema]) => (
    <SchemaForm
      key={name}
      label={name}
      schema={schema}
      root={root}
      value={fields[name]}
      isRequired={field.required.has(name)}
      onChange={(inner) => set(name, inner)}
    />
  ))
  if (label.trim() === "") return <div className="stack">{inputs}</div>
  return (
    <fieldset className="stack">
      <legend>{label}</legend>
      {isOpen ? (
        inputs
      ) : (
        <button type="button" onClick={() => onChange({})}>
          {text.form.add}
        </button>
      )}
      {isOpen && !isRequired && (
        <button type="button" onClick={() => onChange(undefined)}>
          {text.form.remove}
        </button>
      )}
    </fieldset>
  )
}

type ListProps = Pick<FieldProps, "label" | "root" | "value" | "onChange"> & {
  readonly field: Extract<Field, { kind: "list" }>
}

const ListField = ({ label, root, field, value, onChange }: ListProps) => {
  const items: ReadonlyArray<Json> = Array.isArray(value) ? value : []
  return (
    <fieldset className="stack">
      <legend>{label}</legend>
      {items.map((item, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: items of a list have no other name
        <div key={index} className="row list-item">
          <SchemaForm
            label={`${index + 1}`}
            schema={field.item}
            root={root}
            value={item}
            isRequired
            onChange={(changed) => onChange(items.with(index, changed ?? null))}
          />
          <button
            type="button"
            className="plain"
            aria-label={text.form.removeItem(index + 1)}
            onClick={() => onChange(items.toSpliced(index, 1))}
          >
            ×
          </button>
        </div>
      ))}
      <button type="button" onClick={() => onChange([...items, firstValue(field.item, root)])}>
        {text.form.add}
      </button>
    </fieldset>
  )
}

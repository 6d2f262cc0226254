/**
 * The fields for the conditions of a list of actors. Each change is a change of the address.
 *
 * Owns the fields. How the address has the conditions: ActorConditions.ts.
 */
import { useQuery } from "@tanstack/react-query"
import { useNavigate } from "@tanstack/react-router"
import type { ChartState, Json, TypeDocument } from "../../api/Documents.ts"
import { columnsSampleQuery } from "../../api/Queries.ts"
import { SettledInput } from "../../parts/SettledInput.tsx"
import type { Search } from "../../shell/Search.ts"
import { text } from "../../text/English.ts"
import {
  AGES_OFFERED,
  columnParameter,
  columnsAsked,
  columnText,
  type SeenColumn,
  STANDINGS,
  seenColumns,
} from "./ActorConditions.ts"

interface ConditionsProps {
  readonly type: string
  readonly types: ReadonlyArray<TypeDocument>
  readonly search: Search
}

export const Conditions = ({ type, types, search }: ConditionsProps) => {
  const navigate = useNavigate()
  const chart = types.find((one) => one.type === type)?.chart
  const sample = useQuery(columnsSampleQuery(type)).data?.items ?? []
  const asked = columnsAsked(search)
  const set = (change: Search) =>
    void navigate({ to: "/actors/$type", params: { type }, search: { ...search, ...change }, replace: true })
  return (
    <div className="filters">
      <label className="field">
        <span>{text.actors.type}</span>
        <select
          value={type}
          onChange={({ target }) =>
            void navigate({ to: "/actors/$type", params: { type: target.value }, search: {} })
          }
        >
          {types.map((one) => (
            <option key={one.type}>{one.type}</option>
          ))}
        </select>
      </label>
      <SettledInput label={text.actors.id} value={search["id"]} onSettled={(id) => set({ id })} />
      <Choice
        label={text.actors.state}
        value={search["state"]}
        any={text.state.all}
        options={stateNames(chart).map((name) => [name, name])}
        onChoose={(state) => set({ state })}
      />
      <SettledInput
        label={text.actors.tag}
        value={search["tag"]}
        offered={tagsOf(chart)}
        onSettled={(tag) => set({ tag })}
      />
      <Choice
        label={text.actors.age}
        value={search["age"]}
        any={text.actors.ages.any}
        options={AGES_OFFERED.map((age) => [age, text.actors.ages[age]])}
        onChoose={(age) => set({ age })}
      />
      <Choice
        label={text.actors.born}
        value={search["born"]}
        any={text.actors.ages.any}
        options={AGES_OFFERED.map((age) => [age, text.actors.ago(text.actors.ages[age])])}
        onChoose={(born) => set({ born })}
      />
      <Choice
        label={text.actors.only}
        value={search["only"]}
        any={text.actors.all}
        options={STANDINGS.map((only) => [only, text.actors[only]])}
        onChoose={(only) => set({ only })}
      />
      <Choice
        label={text.actors.order}
        value={search["order"]}
        any={text.actors.orders.id}
        options={[["oldest", text.actors.orders.oldest]]}
        onChoose={(order) => set({ order })}
      />
      {seenColumns(sample, asked).map((column) => (
        <ColumnField
          key={column.name}
          column={column}
          value={asked[column.name]}
          onChange={(value) =>
            set({ [columnParameter(column.name)]: value === undefined ? undefined : columnText(value) })
          }
        />
      ))}
    </div>
  )
}

interface ChoiceProps {
  readonly label: string
  readonly value: string | undefined
  /** Name of the choice that is no condition. */
  readonly any: string
  readonly options: ReadonlyArray<readonly [value: string, name: string]>
  readonly onChoose: (value: string) => void
}

/** A choice. A value of the address that is not offered is one more option. */
const Choice = ({ label, value = "", any, options, onChoose }: ChoiceProps) => (
  <label className="field">
    <span>{label}</span>
    <select value={value} onChange={({ target }) => onChoose(target.value)}>
      <option value="">{any}</option>
      {value !== "" && !options.some(([one]) => one === value) && <option value={value}>{value}</option>}
      {options.map(([one, name]) => (
        <option key={one} value={one}>
          {name}
        </option>
      ))}
    </select>
  </label>
)

interface ColumnFieldProps {
  readonly column: SeenColumn
  readonly value: Json | undefined
  /** Undefined: any value. */
  readonly onChange: (value: Json | undefined) => void
}

const FLAGS: ReadonlyArray<readonly [value: string, name: string]> = [
  ["true", text.actors.flags.yes],
  ["false", text.actors.flags.no],
]
const NONE = ["null", text.actors.flags.none] as const

/** The field of a directory column, as the column's values want it. */
const ColumnField = ({ column: { name, kind, isNullable }, value, onChange }: ColumnFieldProps) => {
  if (kind === "flag") {
    return (
      <Choice
        label={name}
        value={value === undefined ? undefined : String(value)}
        any={text.actors.flags.any}
        options={isNullable ? [...FLAGS, NONE] : FLAGS}
        onChoose={(chosen) => onChange(chosen === "" ? undefined : (JSON.parse(chosen) as Json))}
      />
    )
  }
  const take = (typed: string) => {
    if (typed === "") onChange(undefined)
    else onChange(kind === "number" ? Number(typed) : typed)
  }
  return (
    <div className="column-field">
      <SettledInput
        label={name}
        type={kind}
        value={value === undefined || value === null ? "" : String(value)}
        isOff={value === null}
        onSettled={take}
      />
      {isNullable && (
        <label className="field inline">
          <input
            type="checkbox"
            checked={value === null}
            aria-label={text.actors.withoutColumn(name)}
            onChange={({ target }) => onChange(target.checked ? null : undefined)}
          />
          <span>{text.actors.flags.none}</span>
        </label>
      )}
    </div>
  )
}

/** Names of all states as the directory takes them. */
const stateNames = (chart: ChartState | undefined): ReadonlyArray<string> => {
  const names: Array<string> = []
  const visit = (state: ChartState, path: string) => {
    for (const inner of state.states) {
      if (inner.type === "history") continue
      const name = path === "" ? inner.key : `${path}.${inner.key}`
      names.push(name)
      visit(inner, name)
    }
  }
  if (chart !== undefined) visit(chart, "")
  return names
}

const tagsOf = (chart: ChartState | undefined): ReadonlyArray<string> =>
  chart === undefined ? [] : [...new Set([...chart.tags, ...chart.states.flatMap(tagsOf)])].toSorted()

/**
 * The letters of a reason, or all: to select from, and to open.
 *
 * Owns the table and the selection, which is part of the address. New letters wait behind a bar. One letter: Letter.tsx.
 */
import { useInfiniteQuery } from "@tanstack/react-query"
import type { DeadLetter } from "../../api/Documents.ts"
import { deadLettersQuery } from "../../api/Queries.ts"
import { Id } from "../../parts/Id.tsx"
import { ManyAction } from "../../parts/ManyAction.tsx"
import { Moment } from "../../parts/Moment.tsx"
import { NewsBar } from "../../parts/NewsBar.tsx"
import { Settled } from "../../parts/Notice.tsx"
import { type AnsweredList, listOf, useSteadyRows } from "../../parts/SteadyRows.ts"
import { commandLine, curlLine, noteHeader, Twins } from "../../parts/Twin.tsx"
import { verbs } from "../../parts/Verbs.ts"
import { VirtualTable } from "../../parts/VirtualTable.tsx"
import type { Search } from "../../shell/Search.ts"
import { text } from "../../text/English.ts"
import { loopLine, NUMBER, SELECTED_MAX, selectedOf, selectionText, toggled } from "./LetterSelection.ts"
import { receiverOf } from "./Receiver.ts"

interface LetterListProps {
  readonly search: Search
  readonly onChange: (change: Search) => void
  /** Time at which the person has redriven or discarded letters: these leave the list at once. */
  readonly actedAt: number
  readonly onActed: () => void
}

export const LetterList = ({ search, onChange, actedAt, onActed }: LetterListProps) => {
  const { reason } = search
  const list = useInfiniteQuery(deadLettersQuery(reason))
  const isAfterAct = list.dataUpdatedAt > actedAt
  return (
    <>
      <Settled query={list}>
        {() => (
          <Rows
            {...{ search, onChange, onActed }}
            list={listOf(list, `${reason} ${isAfterAct ? actedAt : ""}`)}
          />
        )}
      </Settled>
      <Twins
        command={["dead-letters", "list", ...(reason === undefined ? [] : ["--reason", reason])]}
        curl={curlLine("GET", ["dead-letters"], undefined, { reason })}
      />
    </>
  )
}

interface RowsProps extends Omit<LetterListProps, "actedAt"> {
  readonly list: AnsweredList<DeadLetter>
}

const keyOf = ({ number }: DeadLetter): string => String(number)

const COLUMNS = "24px 72px minmax(96px, 2fr) minmax(80px, 1fr) minmax(120px, 4fr) 72px minmax(80px, 1fr)"
const NARROW = "24px 40px minmax(96px, 2fr) minmax(64px, 1fr)"
const narrow = matchMedia("(max-width: 599px)")

const Rows = ({ list, search, onChange, onActed }: RowsProps) => {
  const shown = useSteadyRows(list, keyOf)
  const selected = selectedOf(search["select"])
  const chosen = new Set(selected)
  const select = (numbers: ReadonlyArray<number>) => onChange({ select: selectionText(numbers) })
  const open = (number: number) => onChange({ letter: String(number) })
  const all = shown.rows.map(({ number }) => number).slice(0, SELECTED_MAX)
  const isAll = all.length > 0 && all.every((number) => chosen.has(number))
  return (
    <div className="stack">
      <NewsBar count={text.letters.shown(shown.rows.length, list.isWhole)} news={shown} list={list} />
      <Selection numbers={selected} onClear={() => select([])} onActed={onActed} />
      <VirtualTable<DeadLetter>
        label={text.pages.deadLetters}
        rows={shown.rows}
        rowKey={keyOf}
        columns={narrow.matches ? NARROW : COLUMNS}
        height="400px"
        onOpen={({ number }) => open(number)}
        isSelected={({ number }) => chosen.has(number) || String(number) === search["letter"]}
        onEnd={list.onEnd}
        head={
          <>
            <span role="columnheader">
              <input
                type="checkbox"
                checked={isAll}
                aria-label={text.letters.selectAll}
                onChange={() => select(isAll ? [] : all)}
              />
            </span>
            <span role="columnheader" className="end">
              {text.letters.columns.number}
            </span>
            <span role="columnheader">{text.letters.columns.receiver}</span>
            <span role="columnheader">{text.letters.columns.reason}</span>
            <span role="columnheader" className="wide-only">
              {text.letters.columns.detail}
            </span>
            <span role="columnheader" className="end wide-only">
              {text.letters.columns.attempts}
            </span>
            <span role="columnheader" className="wide-only">
              {text.letters.columns.time}
            </span>
          </>
        }
        row={(letter) => (
          <Cells
            letter={letter}
            isSelected={chosen.has(letter.number)}
            onSelect={() => select(toggled(selected, letter.number))}
            onOpen={() => open(letter.number)}
          />
        )}
      />
    </div>
  )
}

interface CellsProps {
  readonly letter: DeadLetter
  readonly isSelected: boolean
  readonly onSelect: () => void
  readonly onOpen: () => void
}

const Cells = ({ letter, isSelected, onSelect, onOpen }: CellsProps) => {
  const { number, reason, detail, attempts, at } = letter
  const receiver = receiverOf(letter)
  return (
    <>
      <span role="cell">
        <input
          type="checkbox"
          checked={isSelected}
          aria-label={text.letters.select(number)}
          onChange={onSelect}
        />
      </span>
      <span role="cell" className="number end">
        {number}
      </span>
      <span role="cell">
        <Id id={receiver}>
          <button type="button" className="link mono" title={receiver} onClick={onOpen}>
            {receiver}
          </button>
        </Id>
      </span>
      <span role="cell" title={reason}>
        {reason}
      </span>
      <span role="cell" className="wide-only" title={detail}>
        {detail}
      </span>
      <span role="cell" className="number end wide-only">
        {attempts}
      </span>
      <span role="cell" className="wide-only">
        <Moment at={at} />
      </span>
    </>
  )
}

interface SelectionProps {
  readonly numbers: ReadonlyArray<number>
  readonly onClear: () => void
  readonly onActed: () => void
}

/** What can be done with the selected letters. It has its place without any, so that nothing moves. */
const Selection = ({ numbers, onClear, onActed }: SelectionProps) => {
  const items = (verb: "redrive" | "discard") =>
    numbers.map((number) => ({
      name: text.letters.letter(number),
      request: verbs[verb](number).request,
    }))
  const lines = (verb: "redrive" | "discard") => (note: string) => {
    const { request, command } = verbs[verb](NUMBER)
    const { method, path } = request
    return [
      loopLine(numbers, commandLine(...command, "--yes", "--note", note)),
      loopLine(numbers, `${curlLine(method, path)} ${noteHeader(note)}`),
    ]
  }
  if (numbers.length === 0) return <p className="quiet list-head">{text.letters.noneSelected}</p>
  return (
    <div className="row list-head">
      <span>{text.letters.selected(numbers.length)}</span>
      <ManyAction
        key={`redrive ${numbers.join()}`}
        label={text.letters.redriveSelected}
        effect={text.letters.redriveSelectedEffect(numbers.length)}
        items={items("redrive")}
        lines={lines("redrive")}
        onActed={onActed}
        onDone={onClear}
      />
      <ManyAction
        key={`discard ${numbers.join()}`}
        label={text.letters.discardSelected}
        effect={text.letters.discardSelectedEffect(numbers.length)}
        items={items("discard")}
        lines={lines("discard")}
        onActed={onActed}
        onDone={onClear}
        isDanger
      />
      <button type="button" onClick={onClear}>
        {text.letters.clearSelection}
      </button>
    </div>
  )
}

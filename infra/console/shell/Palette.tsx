/**
 * Ctrl-K: jumps to any page, type, actor or correlation.
 *
 * Owns the dialog and what it offers. An actor or a saga is found by the beginning of its id,
 * in every type, or by both: `order/o-42`.
 */
import { useQueries, useQuery } from "@tanstack/react-query"
import { useNavigate } from "@tanstack/react-router"
import { type KeyboardEvent, useEffect, useMemo, useRef, useState } from "react"
import { call, urlOf } from "../api/Client.ts"
import type { ListedActor, Page } from "../api/Documents.ts"
import { typesQuery } from "../api/Queries.ts"
import { text } from "../text/English.ts"
import { PLACES } from "./Places.ts"

interface Target {
  readonly key: string
  readonly kind: string
  readonly label: string
  readonly go: { readonly to: string; readonly params?: Record<string, string> }
}

/** Actors of one type that are offered. */
const OFFERED_MAX = 5
/** Time that a person may take between two letters, in milliseconds. */
const SETTLED_MS = 150

const useSettled = (value: string): string => {
  const [settled, setSettled] = useState(value)
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), SETTLED_MS)
    return () => clearTimeout(timer)
  }, [value])
  return settled
}

/** `o-42` of `order/o-42` or `order o-42` for the type `order`; for other types the whole text. */
const idIn = (type: string, wanted: string): string =>
  wanted.startsWith(type) && /[/\s]/.test(wanted.charAt(type.length))
    ? wanted.slice(type.length + 1).trimStart()
    : wanted

const useTargets = (typed: string): ReadonlyArray<Target> => {
  const wanted = useSettled(typed.trim())
  const types = useQuery(typesQuery).data?.items ?? []
  const found = useQueries({
    queries: types.map(({ type }) => ({
      queryKey: ["palette", type, wanted],
      queryFn: ({ signal }: { signal: AbortSignal }) =>
        call<Page<ListedActor>>(
          urlOf(["actors", type], { idPrefix: idIn(type, wanted), limit: OFFERED_MAX }),
          { signal },
        ),
      enabled: wanted !== "",
      retry: false,
    })),
  })
  const actors = found.flatMap(({ data }) => data?.items ?? [])
  return useMemo(() => {
    const lower = typed.trim().toLowerCase()
    const matches = (label: string) => label.toLowerCase().includes(lower)
    const pages = PLACES.filter(({ label }) => matches(label)).map(
      ({ to, label }): Target => ({ key: `page ${to}`, kind: text.palette.page, label, go: { to } }),
    )
    const ofTypes = types
      .filter(({ type }) => matches(type))
      .map(
        ({ type }): Target => ({
          key: `type ${type}`,
          kind: text.palette.type,
          label: type,
          go: { to: "/types/$type", params: { type } },
        }),
      )
    const ofActors = actors.map(
      ({ type, id }): Target => ({
        key: `actor ${type} ${id}`,
        kind: type,
        label: id,
        go: { to: "/actors/$type/$id", params: { type, id } },
      }),
    )
    const byWord: ReadonlyArray<Target> =
      lower === ""
        ? []
        : [
            {
              key: "correlation",
              kind: text.palette.correlation,
              label: typed.trim(),
              go: { to: "/correlations/$id", params: { id: typed.trim() } },
            },
          ]
    return [...ofActors, ...pages, ...ofTypes, ...byWord]
  }, [typed, types, actors])
}

export const Palette = ({ onClose }: { readonly onClose: () => void }) => {
  const dialog = useRef<HTMLDialogElement>(null)
  const navigate = useNavigate()
  const [typed, setTyped] = useState("")
  const [chosen, setChosen] = useState(0)
  const targets = useTargets(typed)
  const at = Math.min(chosen, targets.length - 1)
  useEffect(() => dialog.current?.showModal(), [])

  const go = (target: Target | undefined) => {
    if (target === undefined) return
    onClose()
    void navigate(target.go)
  }
  const onKey = (event: KeyboardEvent) => {
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0
    if (step !== 0) {
      event.preventDefault()
      setChosen((at + step + targets.length) % Math.max(1, targets.length))
    } else if (event.key === "Enter") go(targets[at])
  }
  return (
    <dialog ref={dialog} className="palette" onClose={onClose} aria-label={text.palette.label}>
      <input
        role="combobox"
        aria-expanded="true"
        aria-controls="palette-list"
        aria-activedescendant={`palette-${at}`}
        aria-label={text.palette.label}
        placeholder={text.palette.placeholder}
        value={typed}
        onChange={(event) => {
          setTyped(event.target.value)
          setChosen(0)
        }}
        onKeyDown={onKey}
      />
      <div id="palette-list" role="listbox" aria-label={text.palette.label}>
        {targets.map((target, index) => (
          <div
            key={target.key}
            id={`palette-${index}`}
            role="option"
            tabIndex={-1}
            aria-selected={index === at}
            onClick={() => go(target)}
          >
            <span className={target.kind === text.palette.page ? "" : "mono"}>{target.label}</span>
            <span className="quiet">{target.kind}</span>
          </div>
        ))}
      </div>
    </dialog>
  )
}

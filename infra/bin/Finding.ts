/** What `everstate doctor` found out about one thing, and how findings are shown. */
import type { EverstateError } from "../../runtime/error/EverstateError.ts"
import type { Paint } from "./Output.ts"
import { textTable } from "./TextTable.ts"

/**
 * `ok`; `warning`: it works, and somebody should look; `fault`: it does not work; `unchecked`: it could not be
 * looked at.
 */
export type Health = "ok" | "warning" | "fault" | "unchecked"

export interface Finding {
  readonly about: string
  readonly health: Health
  readonly detail: string
  /** What to do about it; empty for `ok`. */
  readonly hint: string
}

export const ok = (about: string, detail: string): Finding => ({ about, health: "ok", detail, hint: "" })

export const warning = (about: string, detail: string, hint: string): Finding => ({
  about,
  health: "warning",
  detail,
  hint,
})

export const fault = (about: string, detail: string, hint: string): Finding => ({
  about,
  health: "fault",
  detail,
  hint,
})

/** `hint` says what would have it checked; empty if nothing would. */
export const unchecked = (about: string, detail: string, hint: string): Finding => ({
  about,
  health: "unchecked",
  detail,
  hint,
})

/** A fault because a check failed. Its hint is the error's own unless another is given. */
export const failed = (about: string, error: EverstateError, hint?: string): Finding => {
  const detail = "detail" in error ? String(error.detail) : error.message
  return fault(about, detail, hint ?? error.hint)
}

const COLOURS = { ok: "green", warning: "yellow", fault: "red", unchecked: "cyan" } as const

/** A line for each finding, then what to do about those that are not `ok`. */
export const findingsText = (findings: ReadonlyArray<Finding>, paint: Paint): string => {
  const byHint = Map.groupBy(
    findings.filter(({ hint }) => hint !== ""),
    ({ hint }) => hint,
  )
  return [
    textTable(
      findings,
      [
        { heading: "", cell: ({ health }) => paint(COLOURS[health], health) },
        { heading: "checked", cell: ({ about }) => about },
        { heading: "found", cell: ({ detail }) => detail },
      ],
      { paint, none: "" },
    ),
    ...(byHint.size === 0 ? [] : ["", paint("dim", "what to do")]),
    ...Array.from(byHint, ([hint, about]) => `${namesText(about, paint)}: ${hint}`),
  ].join("\n")
}

/** Things that are named before a hint; the table has them all. */
const NAMES_MAX = 3

/** What a hint is about, each thing once. */
const namesText = (findings: ReadonlyArray<Finding>, paint: Paint): string => {
  const names = Array.from(new Set(findings.map(({ about, health }) => paint(COLOURS[health], about))))
  const more = names.length - NAMES_MAX
  return [...names.slice(0, NAMES_MAX), ...(more > 0 ? [`${more} more`] : [])].join(", ")
}

/** A size for people. */
export const sizeText = (bytes: number): string => {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"]
  const power = bytes < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(bytes) / 10))
  return `${(bytes / 1024 ** power).toFixed(power === 0 ? 0 : 1)} ${units[power]}`
}

/** A number with its noun: `1 actor`, `2 actors`. */
export const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? "" : "s"}`

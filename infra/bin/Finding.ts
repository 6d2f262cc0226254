/** What `everstate doctor` found out about one thing, and how findings are shown. */
import type { Paint } from "./Output.ts"
import { textTable } from "./TextTable.ts"

/** `ok`; `warning`: it works, and somebody should look; `fault`: it does not work. */
export type Health = "ok" | "warning" | "fault"

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

const COLOURS = { ok: "green", warning: "yellow", fault: "red" } as const

/** A line for each finding, then what to do about those that are not `ok`. */
export const findingsText = (findings: ReadonlyArray<Finding>, paint: Paint): string => {
  const open = findings.filter(({ hint }) => hint !== "")
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
    ...(open.length === 0 ? [] : ["", paint("dim", "what to do")]),
    ...open.map(({ about, hint, health }) => `${paint(COLOURS[health], about)}: ${hint}`),
  ].join("\n")
}

/** A size for people. */
export const sizeText = (bytes: number): string => {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"]
  const power = bytes < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(bytes) / 10))
  return `${(bytes / 1024 ** power).toFixed(power === 0 ? 0 : 1)} ${units[power]}`
}

/** A number with its noun: `1 actor`, `2 actors`. */
export const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? "" : "s"}`

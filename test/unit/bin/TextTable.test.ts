/** Tables and times as people see them. */
import { describe, expect, it } from "vitest"
import { momentText } from "../../../infra/bin/MomentText.ts"
import { plain } from "../../../infra/bin/Output.ts"
import { textTable } from "../../../infra/bin/TextTable.ts"

const seats = [
  { id: "a-1", count: 7, label: "", detail: "held by a guest who comes late" },
  { id: "좌석", count: 12, label: "", detail: "free" },
]

const table = (width: number | undefined) =>
  textTable(
    seats,
    [
      { heading: "id", cell: ({ id }) => id },
      { heading: "count", cell: ({ count }) => String(count), align: "right" },
      { heading: "label", cell: ({ label }) => label },
      { heading: "detail", cell: ({ detail }) => detail },
    ],
    { paint: plain, none: "No seats.", width },
  ).split("\n")

describe("a table", () => {
  it("lines columns up by what a terminal shows, and leaves out columns without text", () => {
    expect(table(undefined)).toEqual([
      "id    count  detail",
      "a-1       7  held by a guest who comes late",
      "좌석     12  free",
    ])
  })

  it("goes on below the last column where a terminal is too narrow", () => {
    const lines = table(32)
    expect(lines).toEqual([
      "id    count  detail",
      "a-1       7  held by a guest who",
      "             comes late",
      "좌석     12  free",
    ])
  })

  it("breaks a word that is longer than the column", () => {
    const lines = textTable(["x".repeat(50)], [{ heading: "word", cell: (word) => word }], {
      paint: plain,
      none: "",
      width: 20,
    }).split("\n")
    expect(lines.slice(1).join("").replaceAll(" ", "")).toBe("x".repeat(50))
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(20)
  })

  it("is a sentence without rows", () => {
    expect(textTable([], [], { paint: plain, none: "No seats." })).toBe("No seats.")
  })
})

it.each([
  ["2026-05-01T12:00:00.000Z", "now"],
  ["2026-05-01T11:59:18Z", "42 s ago"],
  ["2026-05-01T11:00:01Z", "59 min ago"],
  ["2026-04-29T11:00:00Z", "2 d ago"],
  ["2026-05-01T15:30:00Z", "in 3 h"],
  ["soon", "soon"],
  [undefined, ""],
])("the time %s is shown as %s", (time, text) => {
  expect(momentText(time, Date.parse("2026-05-01T12:00:00Z"))).toBe(text)
})

/** Lengths of time as the pages write them. */
import { expect, test } from "vitest"
import { shortSpanText, spanText } from "../../../infra/console/parts/Clock.ts"

test.each([
  [0, "0 ms", "0 ms"],
  [714, "714 ms", "714 ms"],
  [1_240, "1 s", "1.24 s"],
  [59_990, "59 s", "59.99 s"],
  [95_000, "1 min 35 s", "1 min 35 s"],
])("%i ms is %s, and %s where short lengths are compared", (ms, rough, short) => {
  expect(spanText(ms)).toBe(rough)
  expect(shortSpanText(ms)).toBe(short)
})

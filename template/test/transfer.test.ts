/** The transfer ends as promised, whatever its accounts answer, and when. */
import assert from "node:assert/strict"
import { test } from "node:test"
import { checkSaga } from "everstate/saga"
import { simulate } from "everstate/testing"
import { Transfer } from "../src/definitions.ts"
import { scenarios } from "./scenarios.ts"

test("every combination of answers ends completed, compensated or stuck", () => {
  const { endings } = checkSaga(Transfer, { input: { from: "ann", to: "bob", minor: 30 } })
  assert.ok(endings.completed > 0)
  assert.ok(endings.compensated > 0)
})

test("transfers keep their promises under crashes, partitions and lost answers", async () => {
  await simulate({ ...scenarios.transfers, seed: 1, runs: 5 })
})

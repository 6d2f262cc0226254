/** Errors of the runtime, as callers over HTTP are told of them. */
import { expect, it } from "vitest"
import { problemOf } from "../../../infra/http/Problem.ts"
import { AskTimeout } from "../../../runtime/cell/AskError.ts"

const timeout = {
  actorType: "order",
  id: "o-1",
  commandId: "pay-1",
  deadlineMs: 5_000,
  hint: "Use the commandId.",
}

it.each([
  [{}, "No answer within 5000 ms."],
  [{ detail: "the journal cannot be read" }, "No answer within 5000 ms: the journal cannot be read."],
])("a time-out says why, and what to do in the caller's terms: %j", (why, detail) => {
  expect(problemOf(new AskTimeout({ ...timeout, ...why }))).toMatchObject({
    status: 504,
    detail,
    hint: expect.stringContaining("Idempotency-Key"),
    idempotencyKey: "pay-1",
  })
})

it("a time-out of a read or a watch has no command that could be sent again", () => {
  const problem = problemOf(new AskTimeout({ ...timeout, commandId: "" }))
  expect(problem).toMatchObject({ status: 504, hint: "Try again." })
  expect(problem).not.toHaveProperty("idempotencyKey")
})

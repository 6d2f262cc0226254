/** Which errors end a message: what may pass never does. */
import { expect, it } from "vitest"
import type { AskError } from "../../../runtime/cell/AskError.ts"
import { finalRefusalOf } from "../../../runtime/cell/FinalRefusal.ts"

const refusalOf = (tag: AskError["_tag"]) => finalRefusalOf({ _tag: tag, message: "as said" } as AskError)

it.each<readonly [AskError["_tag"], string]>([
  ["CommandRejected", "Rejected"],
  ["CommandFailed", "Failed"],
  ["InvalidCommand", "Malformed"],
  ["CommandIdReused", "Refused"],
  ["PayloadTooLarge", "Refused"],
  ["VersionConflict", "Refused"],
  ["UnknownActorType", "Refused"],
  ["InvalidActorId", "Refused"],
])("%s ends a message as %s", (tag, reason) => {
  expect(refusalOf(tag)).toEqual({ reason, detail: "as said" })
})

it.each<AskError["_tag"]>(["Busy", "Unavailable", "AskTimeout", "ActorQuarantined"])(
  "%s does not: it may pass",
  (tag) => {
    expect(refusalOf(tag)).toBeUndefined()
  },
)

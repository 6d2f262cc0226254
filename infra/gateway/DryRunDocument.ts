/**
 * What an actor would do, and what it waits for, as documents.
 *
 * Owns their form. Who finds it out: runtime/system/DryRun.ts and PendingWork.ts there.
 */
import type { DryRun } from "../../runtime/system/DryRun.ts"
import type { PendingWork } from "../../runtime/system/PendingWork.ts"
import { isoTime } from "../http/IsoTime.ts"
import { problemOf } from "../http/Problem.ts"
import { type ActorName, actorDocument } from "./ActorDocument.ts"
import { shown } from "./ShownValue.ts"

interface Fields {
  readonly [field: string]: unknown
}

const fieldsOf = (value: unknown): Fields => shown(value) as Fields

/** A time in milliseconds as text, wherever the item has one. */
const withTime = ({ at, ...item }: Fields): Fields => ({
  ...item,
  ...(typeof at === "number" ? { at: isoTime(at) } : {}),
})

/** A problem as its answer would show it, whose details may be objects of classes. */
const plain = (problem: object): Fields => JSON.parse(JSON.stringify(problem)) as Fields

export const dryRunDocument = (name: ActorName, run: DryRun) => {
  const { outcome, fromVersion } = run
  switch (run.outcome) {
    case "refused":
      return { outcome, fromVersion, problem: plain(problemOf(run.error)) }
    case "unchanged":
      return {
        outcome,
        fromVersion,
        version: run.version,
        reply: shown(run.reply) ?? null,
        isRepeat: run.isRepeat,
      }
    case "stored":
      return {
        outcome,
        fromVersion,
        version: run.version,
        events: run.events.map(fieldsOf),
        reply: shown(run.reply) ?? null,
        actor: actorDocument(name, run),
        sends: run.sends.map((item) => withTime(fieldsOf(item))),
      }
  }
}

export const pendingDocument = ({ type, id }: ActorName, pending: PendingWork) => {
  const { version, sequence, timers, calls, requests, quarantine } = pending
  return {
    type,
    id,
    version,
    sequence,
    timers: timers.map(({ name, at, event }) => ({ name, at: isoTime(at), event: shown(event) })),
    calls: calls.map(({ name, source, input }) => {
      const visible = shown(input)
      return { name, source, ...(visible === undefined ? {} : { input: visible }) }
    }),
    requests: requests.map((request) => withTime(fieldsOf(request))),
    ...(quarantine === undefined
      ? {}
      : {
          quarantine: {
            reason: quarantine.reason,
            sequence: quarantine.sequence,
            detail: quarantine.message,
            hint: quarantine.hint,
          },
        }),
  }
}

/** Actors, their events and their decisions as text for people. The documents are those of the gateway. */
import { momentText, timeAndMoment } from "./MomentText.ts"
import type { Paint } from "./Output.ts"
import type { Document } from "./Remote.ts"
import { factLines, textTable } from "./TextTable.ts"

/** A value as indented JSON. */
export const jsonText = (value: unknown): string => JSON.stringify(value, undefined, 2) ?? "none"

/** A value as JSON on one line, with a space after commas and colons. */
export const jsonLine = (value: unknown): string =>
  value === undefined
    ? ""
    : JSON.stringify(value, undefined, 1)
        .replaceAll(/\n\s*/g, " ")
        .replaceAll(/([[{]) | ([\]}])/g, "$1$2")

/** Name of a state, with a colour where somebody should look. */
export const stateText = (state: unknown, paint: Paint): string => {
  const name = typeof state === "string" ? state : "?"
  if (/stuck|error|failed/i.test(name)) return paint("red", name)
  return /compensat|abort/i.test(name) ? paint("yellow", name) : paint("cyan", name)
}

/** A list of actors or sagas, of one type or several. */
export const actorsText = (actors: ReadonlyArray<Document>, paint: Paint): string => {
  const isMixed = new Set(actors.map(({ type }) => type)).size > 1
  return textTable(
    actors,
    [
      ...(isMixed ? [{ heading: "type", cell: ({ type }: Document) => String(type) }] : []),
      { heading: "id", cell: ({ id }) => String(id) },
      { heading: "state", cell: ({ state }) => stateText(state, paint) },
      { heading: "version", cell: ({ version }) => String(version), align: "right" as const },
      { heading: "updated", cell: ({ updatedAt }) => momentText(updatedAt) },
      {
        heading: "",
        cell: ({ done, failed, quarantine }) =>
          [
            done === true ? "done" : "",
            failed === true ? paint("red", "failed") : "",
            quarantine === undefined ? "" : paint("red", `quarantine: ${quarantine.reason}`),
          ]
            .filter(Boolean)
            .join(" "),
      },
    ],
    { paint, none: "No actors." },
  )
}

/** The state of one actor, now or in the past. */
export const actorText = (actor: Document, paint: Paint): string => {
  const { type, id, state, status, version, sequence, at, tags = [], context, output, events } = actor
  const { unreadable, onlyStored } = actor
  return [
    factLines(
      [
        ["actor", `${type} ${id}`],
        ["state", stateText(state, paint)],
        ["status", status === "active" ? undefined : status],
        ["tags", tags.join(", ")],
        ["version", version],
        ["sequence", sequence],
        ["at", timeAndMoment(at)],
        ["events", events],
        ["unreadable", unreadable],
      ],
      paint,
    ),
    ...(onlyStored === undefined ? [] : [paint("yellow", onlyStored)]),
    ...(context === undefined ? [] : [paint("dim", "context"), jsonText(context)]),
    ...(output === undefined ? [] : [paint("dim", "output"), jsonText(output)]),
  ].join("\n")
}

/** What an actor waits for; empty if it waits for nothing. */
export const pendingText = (pending: Document, paint: Paint): string => {
  const { timers = [], calls = [], requests = [], quarantine } = pending
  const lines = [
    ...timers.map((timer: Document) => `timer ${timer.name} fires at ${timeAndMoment(timer.at)}`),
    ...calls.map((call: Document) => `call ${call.name} of ${call.source} is not answered yet`),
    ...requests.map((request: Document) => `an answer is expected: ${jsonLine(request)}`),
    ...(quarantine === undefined
      ? []
      : [
          paint("red", `quarantine since sequence ${quarantine.sequence}: ${quarantine.detail}`),
          quarantine.hint,
        ]),
  ]
  return lines.length === 0 ? "" : [paint("dim", "waits for"), ...lines].join("\n")
}

/** Events of an actor, oldest first. */
export const historyText = (events: ReadonlyArray<Document>, paint: Paint): string =>
  textTable(
    events,
    [
      { heading: "version", cell: ({ version }) => String(version), align: "right" },
      { heading: "at", cell: ({ at }) => String(at) },
      { heading: "by", cell: ({ user = "" }) => String(user) },
      { heading: "event", cell: ({ type }) => paint("cyan", String(type)) },
      { heading: "note", cell: ({ note = "" }) => String(note) },
      { heading: "data", cell: ({ data }) => jsonLine(data) },
    ],
    { paint, none: "No events." },
  )

/** What a command did, or would do. */
export const decisionText = (run: Document, paint: Paint): string => {
  const { outcome, fromVersion, version, events = [], reply, sends = [], problem, isRepeat, actor } = run
  return [
    factLines(
      [
        ["outcome", outcome === "refused" ? paint("red", outcome) : paint("green", String(outcome))],
        ["version", version === undefined ? fromVersion : `${fromVersion} → ${version}`],
        ["state", actor === undefined ? undefined : stateText(actor.state, paint)],
        ["reply", reply === null || reply === undefined ? undefined : jsonLine(reply)],
        ["repeat", isRepeat === true ? "of a command that was applied before" : undefined],
        ["reason", problem?.reason],
        ["refusal", problem?.detail],
        ["hint", problem?.hint],
      ],
      paint,
    ),
    ...(events.length === 0 ? [] : [paint("dim", "events"), ...events.map(jsonLine)]),
    ...(sends.length === 0 ? [] : [paint("dim", "sends"), ...sends.map(jsonLine)]),
  ].join("\n")
}

/**
 * How long the steps of a saga and their compensations took, from the saga's history.
 *
 * Owns the reading of answers: `as` of an answer names the step and the attempt, and its command names the commit that
 * sent the request. What a step is: SagaSteps.ts.
 */
import type { HistoryItem } from "../api/Documents.ts"
import { type SagaStep, stagesOf } from "./SagaSteps.ts"

/** Event of the runtime that carries an answer. */
const ANSWERED = "everstate.answered"

interface Answer {
  readonly verb: "do" | "undo"
  readonly key: string
  readonly atMs: number
  /** Time of the commit that sent the request, if the history has it. */
  readonly askedAtMs: number | undefined
}

const answersOf = (history: ReadonlyArray<HistoryItem>): ReadonlyArray<Answer> => {
  const atOf = new Map(history.map(({ sequence, at }) => [sequence, Date.parse(at)]))
  return history.flatMap(({ type, data, commandId, at }) => {
    if (type !== ANSWERED) return []
    const as = (data as { readonly as?: unknown } | null)?.as
    const [, verb, key = ""] = /^(do|undo):\d+:(.+)$/.exec(String(as)) ?? []
    if (verb !== "do" && verb !== "undo") return []
    const [, asked] = /^everstate:(\d+)-/.exec(commandId) ?? []
    const askedAtMs = asked === undefined ? undefined : atOf.get(Number(asked))
    return [{ verb, key, atMs: Date.parse(at), askedAtMs }]
  })
}

/** From the first request to the last answer. */
const spanOf = (answers: ReadonlyArray<Answer>): number | undefined => {
  const [first] = answers
  const last = answers.at(-1)
  return first?.askedAtMs === undefined || last === undefined ? undefined : last.atMs - first.askedAtMs
}

/** Statuses of a step whose answer is out. */
const IS_OUT: ReadonlySet<string> = new Set(["requested", "pausing"])

/**
 * The steps with the time that each took. A step that waits for its answer has the time since its stage began, and a
 * compensation that runs the time since the last answer.
 */
export const timedSteps = (
  steps: ReadonlyArray<SagaStep>,
  history: ReadonlyArray<HistoryItem>,
  nowMs: number,
): ReadonlyArray<SagaStep> => {
  const answers = answersOf(history)
  const started = history.find(({ type }) => type === "SagaStarted")
  const timed: Array<SagaStep> = []
  let stageBeganAtMs = started === undefined ? undefined : Date.parse(started.at)
  for (const stage of stagesOf(steps)) {
    const ends: Array<number> = []
    for (const step of stage.steps) {
      const done = answers.filter(({ verb, key }) => verb === "do" && key === step.key)
      const undone = answers.filter(({ verb, key }) => verb === "undo" && key === step.key)
      const lastAnswer = answers.at(-1)?.atMs
      const isUndoing = step.status === "compensating"
      ends.push(...done.map(({ atMs }) => atMs))
      timed.push({
        ...step,
        durationMs: IS_OUT.has(step.status)
          ? since(done[0]?.askedAtMs ?? stageBeganAtMs, nowMs)
          : spanOf(done),
        undoDurationMs: isUndoing ? since(undone[0]?.askedAtMs ?? lastAnswer, nowMs) : spanOf(undone),
      })
    }
    stageBeganAtMs = ends.length === 0 ? stageBeganAtMs : Math.max(...ends)
  }
  return timed
}

const since = (fromMs: number | undefined, nowMs: number): number | undefined =>
  fromMs === undefined ? undefined : Math.max(0, nowMs - fromMs)

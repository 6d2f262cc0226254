/**
 * The label of a transition: `event [guard]`, `after 30 s`, `always`, `done: call`.
 *
 * Owns the translation of XState's own event names, guards and actions into what readers of statecharts expect.
 */
import type { ChartState, ChartTransition } from "../api/Documents.ts"
import { text } from "../text/English.ts"
import { durationText } from "./Amounts.ts"

const words = text.chart

/** Names of functions without a name of their own: the gateway's, and those of the fields that they are written in. */
const NAMELESS = /\b(inline|guard|actions|cond)\b/g
const INLINE = "inline"
/** Characters of a guard's parameters that a label shows, but always the first one. */
const PARAMS_LENGTH_MAX = 20

/** Ids that XState makes for an invoke without an id: `0.payment.authorising`. */
const MADE_ID = /^\d+\./

const ACTOR_EVENT = /^xstate\.(done\.actor|error\.actor|snapshot)\.(.+)$/
const STATE_DONE = /^xstate\.done\.state\./

const WORDS: ReadonlyMap<string, (id: string) => string> = new Map([
  ["done.actor", words.doneOf],
  ["error.actor", words.errorOf],
  ["snapshot", words.updateOf],
])

/** The parts of a label. Long labels break between them. */
export interface TransitionLabel {
  readonly trigger: string
  /** `[guard]`; empty without a guard. */
  readonly guard: string
  /** Everything in one line, with actions and description, for a tooltip. */
  readonly title: string
}

export const transitionLabel = (transition: ChartTransition, source: ChartState): TransitionLabel => {
  const trigger = triggerOf(transition, source)
  const guard = transition.guard === undefined ? "" : `[${guardText(transition)}]`
  const actions = transition.actions.length === 0 ? "" : `/ ${actionsText(transition.actions)}`
  const line = [trigger, guard, actions].filter((part) => part !== "").join(" ")
  return {
    trigger,
    guard,
    title: transition.description === undefined ? line : `${line}\n${transition.description}`,
  }
}

const triggerOf = ({ event, after }: ChartTransition, { invokes }: ChartState): string => {
  if (after !== undefined) return words.after(typeof after === "number" ? durationText(after) : after)
  if (event === undefined || event === "") return words.always
  if (event === "*") return words.anyEvent
  if (STATE_DONE.test(event)) return words.done
  const [, kind, id] = ACTOR_EVENT.exec(event) ?? []
  if (kind === undefined || id === undefined) return event
  const source = MADE_ID.test(id) ? invokes.find((invoke) => invoke.id === id)?.src : undefined
  return WORDS.get(kind)?.(source ?? id) ?? event
}

const guardText = ({ guard, guardParams }: ChartTransition): string => {
  const name = (guard ?? INLINE).replaceAll(NAMELESS, words.namelessGuard)
  const params = guardParams === undefined ? "" : valuesText(guardParams)
  return params === "" ? name : `${name} ${params}`
}

/** The values of parameters without their names: `{ states: ["a", "b"] }` is `a|b`, and of many the first ones. */
const valuesText = (params: unknown): string => {
  if (typeof params !== "object" || params === null) return String(params)
  if (!Array.isArray(params)) return Object.values(params).map(valuesText).join(" ")
  const texts = params.map(valuesText)
  const lengths = texts.map((_, index) => texts.slice(0, index + 1).join("|").length)
  const count = Math.max(1, lengths.filter((length) => length <= PARAMS_LENGTH_MAX).length)
  return [...texts.slice(0, count), ...(count < texts.length ? [words.namelessGuard] : [])].join("|")
}

/** `record, send`; XState's own actions without their prefix. */
export const actionsText = (actions: ReadonlyArray<string>): string =>
  actions.map((name) => (name === INLINE ? words.namelessAction : name.replace(/^xstate\./, ""))).join(", ")

/** Given events, when a command, then what: the order's definition driven directly, without a runtime around it. */
import { expect } from "vitest"
import { Order } from "../../../../actors/order/Order.ts"
import type { OrderEvent } from "../../../../actors/order/OrderEvents.ts"
import { type CommandsOf, type StateOf, stateName, validate } from "../../../../runtime/index.ts"

export type OrderCommand = CommandsOf<typeof Order>
type OrderState = StateOf<typeof Order>

/** What came of a command. */
export type Outcome =
  | { readonly events: ReadonlyArray<OrderEvent>; readonly reply?: unknown }
  | { readonly rejected: string; readonly detail: unknown }
  | { readonly notAcceptedIn: string }
  | { readonly invalid: ReadonlyArray<string> }

/** 2026-01-01T00:00:00Z, the time of everything here unless said otherwise. */
export const NOW_MS = 1_767_225_600_000

/** The state after these events, each of which the machine must accept. */
export const stateAfter = (events: ReadonlyArray<OrderEvent>): OrderState =>
  events.reduce((state, event) => {
    const next = Order.machine.transition(state, event, "a") as OrderState | undefined
    if (next === undefined) throw new Error(`${event.type} is not accepted in ${stateName(state.value)}`)
    // What a snapshot keeps must be all there is.
    expect(JSON.parse(JSON.stringify(next.context))).toStrictEqual(next.context)
    return next
  }, Order.machine.initial("o-1") as OrderState)

const schemaOf = (kind: "commands" | "events", type: string) => {
  const definition = Order[kind]?.[type]
  if (definition === undefined) throw new Error(`the order has no ${type} in its ${kind}`)
  return definition.schema
}

const decide = (given: ReadonlyArray<OrderEvent>, command: unknown, nowMs: number): Outcome => {
  const { type, ...payload } = command as OrderCommand
  const valid = validate(schemaOf("commands", type), payload)
  if ("issues" in valid) return { invalid: [...new Set(valid.issues.map(({ path }) => path))] }
  let state = stateAfter(given)
  const decided = Order.commands?.[type]?.decide({
    command: { type, ...(valid.value as object) },
    payload: valid.value as object,
    state,
    id: "o-1",
    version: given.length,
    nowMs,
    metadata: {},
    replyTo: undefined,
  })
  if (decided._tag === "Rejection") return { rejected: decided.reason, detail: decided.detail }
  const events: ReadonlyArray<OrderEvent> = decided._tag === "Acceptance" ? decided.events : [decided].flat()
  for (const event of events) {
    const { type: eventType, ...eventPayload } = event
    expect(validate(schemaOf("events", eventType), eventPayload)).toStrictEqual({ value: eventPayload })
    const next = Order.machine.transition(state, event, "a") as OrderState | undefined
    if (next === undefined) return { notAcceptedIn: stateName(state.value) }
    state = next
  }
  return decided._tag === "Acceptance" ? { events, reply: decided.reply } : { events }
}

/** `given(...events).when(command).then(outcome)`; `at` sets the time of the decision. */
export const given = (...events: ReadonlyArray<OrderEvent>) => ({
  when: (command: OrderCommand, { at = NOW_MS } = {}) => ({
    // biome-ignore lint/suspicious/noThenProperty: given, when, then is how scenarios read; nobody awaits this.
    then: (expected: Outcome) => expect(decide(events, command, at)).toStrictEqual(expected),
    outcome: () => decide(events, command, at),
  }),
})

/** `checkSaga(saga, { former })`: what becomes of sagas in flight when their definition changes. */
import { Schema } from "effect"
import { describe, expect, it } from "vitest"
import {
  checkSaga,
  defineEvent,
  defineSaga,
  SagaCheckFailed,
  type SagaSteps,
} from "../../../runtime/index.ts"
import { Booked, sagaOf } from "../../fixtures/saga/Booked.ts"

const failureOf = (run: () => unknown): SagaCheckFailed => {
  try {
    run()
  } catch (cause) {
    if (cause instanceof SagaCheckFailed) return cause
    throw cause
  }
  throw new Error("it did not fail")
}

describe("the check of a change", () => {
  const V1 = sagaOf(["a", "b", "c"])

  it("passes where the definition has the former plan, on every path of it", () => {
    const V2 = sagaOf(["b", "x", "a"], { version: 2, previous: [V1] })
    expect(checkSaga(V2, { former: V1, input: {} })).toEqual(checkSaga(V1, { input: {} }))
    const V3 = sagaOf(["x"], { version: 3, previous: [V2] })
    checkSaga(V3, { former: V1, input: {} })
    checkSaga(V3, { former: V2, input: {} })
  })

  it("FAULT 74: fails where the former plan is not there, and names it", () => {
    const failure = failureOf(() => checkSaga(sagaOf(["a", "c"], { version: 2 }), { former: V1, input: {} }))
    expect(failure.reason).toBe("LawBroken")
    expect(failure.what).toContain(`plan 1 (${V1.plan.ref.hash})`)
    expect(failure.path).toEqual(["started"])
  })

  const conditional = (when: (input: { readonly isQuick: boolean }) => boolean) =>
    defineSaga({
      type: "booking",
      input: Schema.Struct({ isQuick: Schema.Boolean }),
      steps: (saga) =>
        saga
          .step("a", { request: () => ({ actor: Booked, id: "a", command: { type: "Book", by: "s" } }) })
          .step("b", {
            when: ({ input }) => when(input),
            request: () => ({ actor: Booked, id: "b", command: { type: "Book", by: "s" } }),
          })
          .step("c", { request: () => ({ actor: Booked, id: "c", command: { type: "Book", by: "s" } }) }),
    })

  it("FAULT 74: fails where a condition is another, with the path to where that shows", () => {
    const former = conditional(({ isQuick }) => !isQuick)
    const changed = conditional(() => true)
    const failure = failureOf(() => checkSaga(changed, { former, input: { isQuick: true } }))
    expect(failure.what).toContain('where "do:1:c" was asked, the plan asks for "do:1:b"')
    expect(failure.path).toEqual(["started", "a: ok"])
    // What was not skipped is asked for as before.
    checkSaga(changed, { former, input: { isQuick: false } })
  })

  it("reads the input of the former definition as the present one does", () => {
    const book = (id: string) => ({ actor: Booked, id, command: { type: "Book", by: "s" } }) as const
    const steps = (key: string) => (saga: SagaSteps<Record<string, ReadonlyArray<string>>, unknown>) =>
      saga.forEach("rooms", {
        items: ({ input }) => input[key] as ReadonlyArray<string>,
        key: (room) => room,
        request: ({ item }) => book(item),
      })
    const Rooms = Schema.Record(Schema.String, Schema.Array(Schema.String))
    const former = defineSaga({ type: "booking", input: Rooms, steps: steps("rooms") })
    const changed = (upcast: (old: { readonly rooms: ReadonlyArray<string> }) => unknown) =>
      defineSaga({
        type: "booking",
        input: defineEvent({ version: 2, schema: Rooms, upcast: { 1: upcast } }),
        steps: steps("beds"),
      })
    const input = { rooms: ["1", "2"] }
    checkSaga(
      changed(({ rooms }) => ({ beds: rooms })),
      { former, input },
    )
    const failure = failureOf(() =>
      checkSaga(
        changed(({ rooms }) => ({ beds: rooms.slice(1) })),
        { former, input },
      ),
    )
    expect(failure.what).toContain('"do:1:rooms/1"')
  })

  it("takes the input of the former definition", () => {
    const failure = failureOf(() =>
      checkSaga(sagaOf(["a"]), { former: conditional(() => true), input: { isQuick: "?" } as never }),
    )
    expect(failure.reason).toBe("InputInvalid")
  })
})

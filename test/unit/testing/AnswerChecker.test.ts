/** What the checker of answers takes, and what it does not. */
import { Exit } from "effect"
import { describe, expect, it } from "vitest"
import { addressOf } from "../../../runtime/address/ActorAddress.ts"
import { CommandRejected, Unavailable } from "../../../runtime/cell/AskError.ts"
import { AnswerChecker } from "../../../runtime/testing/simulation/AnswerChecker.ts"
import { Reference } from "../../../runtime/testing/simulation/Reference.ts"
import { PROMISES } from "../../../runtime/testing/simulation/Violation.ts"
import { Counter } from "../../fixtures/memory/Counter.ts"

const address = addressOf("counter", "a", 8)
const STORED_AT_MS = 100
const BEGUN_AT_MS = 50

/** A counter to which commands `c-1` and `c-2` have added 1 each, at sequences 10 and 20. */
const checked = ({ isDirect = true, isAskedOnce = true, nowMs = 0 } = {}) => {
  const reference = new Reference([Counter], () => false)
  const store = (number: number) => {
    const entry = { c: `c-${number}`, ev: [{ t: "Added", v: 1, d: { by: 1 } }], re: { total: number } }
    const stored = { address, sequence: 10 * number, atMs: STORED_AT_MS, begunAtMs: BEGUN_AT_MS }
    reference.stored(stored as never, { v: 1, first: number, at: 0, epoch: 1, entries: [entry] })
  }
  for (const number of [1, 2]) store(number)
  const rules = { isStrict: true, isMonotone: true, isDirect, isAskedOnce, wasTold: () => false }
  const checker = new AnswerChecker({ nowMs, mark: () => undefined } as never, reference, {} as never, rules)
  /** Hands an answer to a request over to the checker. */
  const answer = (
    given: Exit.Exit<unknown, unknown>,
    { commandId = "c-2", seenVersion = 0, handedOverAtMs = 0, attemptCount = 1 } = {},
  ) => {
    const command = { type: "Add", by: 1 }
    const operation = {
      index: 1,
      request: { command },
      address,
      commandId,
      attemptCount,
      isRepeated: false,
    }
    const attempt = { process: { number: 0 }, node: { name: "n" }, seenVersion, handedOverAtMs }
    return () => checker.answered(operation as never, attempt as never, given as never)
  }
  const { states } = reference.actor(address)
  return {
    answer,
    states,
    store,
    finish: (...operations: ReadonlyArray<object>) => checker.finish(operations as never),
  }
}
const told = (part: object = {}) =>
  Exit.succeed({ version: 2, sequence: 20, reply: { total: 2 }, duplicate: false, ...part })

describe("an accepted command", () => {
  it("is there, as it was told", () => {
    const { answer } = checked()
    expect(answer(told())).not.toThrow()
    expect(answer(told({ duplicate: true }))).not.toThrow()
  })

  it("is not accepted where it is not there", () => {
    const { answer } = checked()
    expect(answer(told(), { commandId: "c-3" })).toThrow(`${PROMISES.acknowledged}: `)
    expect(answer(told({ version: 3, sequence: 30 }), { commandId: "c-3" })).toThrow("is not there")
  })

  it.each([{ version: 1 }, { sequence: 21 }, { reply: { total: 3 } }, { reply: undefined }])(
    "is told nothing else, like %j",
    (part) => {
      expect(checked().answer(told(part))).toThrow("the journal has")
    },
  )
})

describe("a read", () => {
  it.each([0, 1, 2])("gives the state of version %i", (version) => {
    const { answer, states } = checked()
    expect(answer(Exit.succeed({ version, state: states[version] }))).not.toThrow()
  })

  it("gives no other state, and no other version", () => {
    const { answer, states } = checked()
    for (const [version, index] of [
      [2, 1],
      [1, 2],
      [0, 1],
      [3, 2],
    ] as const) {
      expect(answer(Exit.succeed({ version, state: states[index] }))).toThrow(`${PROMISES.fold}: `)
    }
  })

  it("is not older than what the process has shown", () => {
    const { answer, states } = checked()
    const read = (version: number, seenVersion: number) =>
      answer(Exit.succeed({ version, state: states[version] }), { seenVersion })
    expect(read(2, 2)).not.toThrow()
    expect(read(1, 1)).not.toThrow()
    expect(read(1, 2)).toThrow(`${PROMISES.linearizable}: `)
    expect(read(0, 1)).toThrow(`${PROMISES.linearizable}: `)
  })
})

describe("a refused command", () => {
  const refusal = Exit.fail(
    new CommandRejected({
      actorType: "counter",
      id: "a",
      commandType: "Add",
      reason: "NotToday",
      detail: undefined,
      state: "open",
      version: 2,
    } as never),
  )

  it("is not there", () => {
    expect(checked().answer(refusal, { commandId: "c-3" })).not.toThrow()
    expect(checked().answer(refusal, { handedOverAtMs: STORED_AT_MS + 1 })).toThrow(`${PROMISES.refused}: `)
  })

  it("may be there by an earlier attempt that landed since", () => {
    expect(checked().answer(refusal, { handedOverAtMs: STORED_AT_MS })).not.toThrow()
  })

  it.each([
    ["an append that was begun before", { nowMs: BEGUN_AT_MS + 1 }, {}, true],
    ["an append that was begun after", { nowMs: BEGUN_AT_MS }, {}, false],
    ["one of several attempts", { nowMs: BEGUN_AT_MS + 1 }, { attemptCount: 2 }, false],
    ["nodes that pass asks on", { nowMs: BEGUN_AT_MS + 1, isDirect: false }, {}, false],
  ])("never lands if its only node was asked once: %s", (_, world, attempt, isFound) => {
    const { answer, finish } = checked(world)
    answer(refusal, { handedOverAtMs: STORED_AT_MS, ...attempt })()
    if (isFound) expect(() => finish()).toThrow("an earlier append of it landed")
    else expect(() => finish()).not.toThrow()
  })

  it("was not said to be not stored, unless a copy of it may have come to its node", () => {
    const no = new Unavailable({ actorType: "counter", id: "a", stored: "No", detail: "", hint: "" })
    expect(checked().answer(Exit.fail(no))).toThrow("was said not to be stored, and is")
    expect(checked({ isAskedOnce: false }).answer(Exit.fail(no))).not.toThrow()
  })

  it("never lands if its only node said that it is not stored", () => {
    const no = new Unavailable({ actorType: "counter", id: "a", stored: "No", detail: "", hint: "" })
    const { answer, finish, store } = checked({ nowMs: BEGUN_AT_MS + 1 })
    answer(Exit.fail(no), { commandId: "c-3" })()
    expect(() => finish()).not.toThrow()
    store(3)
    expect(() => finish()).toThrow("an earlier append of it landed")
  })
})

describe("a command with an expected version", () => {
  /** It was applied at version 1. */
  const operation = (ifVersion: number, isRepeated: boolean) => ({
    index: 1,
    request: { command: { type: "Add", by: 1 }, ifVersion },
    address,
    commandId: "c-2",
    invoked: 1,
    returned: 2,
    isRepeated,
    answer: told(),
    attempt: {},
  })

  it.each([
    [1, false, false],
    [0, false, true],
    [2, false, true],
    [2, true, false],
  ])("is applied at no other one: %i, repeated %s", (ifVersion, isRepeated, isFound) => {
    const { finish } = checked()
    const check = () => finish(operation(ifVersion, isRepeated))
    if (isFound) expect(check).toThrow(`was to be applied at version ${ifVersion}, and was at 1`)
    else expect(check).not.toThrow()
  })
})

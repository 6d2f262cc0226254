import { describe, expect, it } from "vitest"
import { Payment, paymentActor } from "../../../../actors/payment/Payment.ts"
import { paymentEvents, SETTLED_STATUSES } from "../../../../actors/payment/PaymentEvents.ts"
import { keptMinor, WAITING_MAX } from "../../../../actors/payment/PaymentMachine.ts"
import { noProvider } from "../../../../actors/payment/PaymentProvider.ts"
import { addressOf } from "../../../../runtime/address/ActorAddress.ts"
import { CallRefused, type CommandsOf } from "../../../../runtime/index.ts"
import { DrivenActor, expectIdempotent } from "../DrivenActor.ts"
import { goldenEvents } from "../GoldenEvents.ts"

goldenEvents("payment", paymentEvents)

type Driven = DrivenActor<typeof Payment>

const amount = { minor: 2500, currency: "EUR" }
const authorise: CommandsOf<typeof Payment> = { type: "Authorise", amount, card: "card-1" }
const capture = { type: "Capture" } as const
const refund = { type: "Refund" } as const
const takeBack = { type: "Void" } as const
const silence = { ok: false, reason: "GatewayUnavailable", isRejection: true }

const names = [
  "new",
  "authorising",
  "authorised",
  "declined",
  "capturing",
  "captureUnknown",
  "captured",
  "refunding",
  "refundUnknown",
  "refunded",
  "voiding",
  "voidFailed",
  "voided",
] as const
type Name = (typeof names)[number]

/** The way to each state. */
const to: { readonly [state in Name]: (payment: Driven) => Driven } = {
  new: (payment) => payment,
  authorising: (payment) => payment.all(authorise),
  authorised: (payment) => to.authorising(payment).done("authorise", { authorisationId: "a-1" }),
  declined: (payment) => to.authorising(payment).failed("authorise", "CardDeclined"),
  capturing: (payment) => to.authorised(payment).all(capture),
  captureUnknown: (payment) => to.capturing(payment).failed("capture", "TimedOut"),
  captured: (payment) => to.capturing(payment).done("capture", { captured: amount }),
  refunding: (payment) => to.captured(payment).all(refund),
  refundUnknown: (payment) => to.refunding(payment).failed("refund", "Failed"),
  refunded: (payment) => to.refunding(payment).done("refund", { refunded: amount }),
  voiding: (payment) => to.authorised(payment).all(takeBack),
  voidFailed: (payment) => to.voiding(payment).failed("void", "TimedOut"),
  voided: (payment) => to.voiding(payment).done("void", { captured: null, refunded: null }),
}

const at = (name: Name): Driven => to[name](new DrivenActor(Payment))

describe("a payment", () => {
  it("gets to each of its states, with the call of that state under way and no other", () => {
    const calls: { readonly [state: string]: string } = {
      authorising: "authorise",
      capturing: "capture",
      refunding: "refund",
      voiding: "void",
    }
    for (const name of names) {
      expect(at(name).state.value).toBe(name)
      expect(at(name).calls).toEqual(calls[name] === undefined ? [] : [calls[name]])
    }
  })

  it("asks the provider in the name of the order, and forgets the card when that has answered", () => {
    expect(at("authorising").inputOf("authorise")).toEqual({ paymentId: "o-1", amount, card: "card-1" })
    expect(at("capturing").inputOf("capture")).toEqual({ paymentId: "o-1" })
    for (const name of names) {
      if (name !== "authorising") expect(at(name).state.context.card).toBeNull()
    }
  })

  it("keeps what was captured and not refunded, to the minor unit", () => {
    for (const name of names) {
      const kept = ["captured", "refunding", "refundUnknown"].includes(name) ? amount.minor : 0
      expect(keptMinor(at(name).state.context), name).toBe(kept)
    }
    const reversed = at("captured").all(takeBack).done("void", { captured: amount, refunded: amount })
    expect(keptMinor(reversed.state.context)).toBe(0)
  })

  it("decides every command once, in every state", () => {
    expectIdempotent(() => new DrivenActor(Payment), to, [authorise, capture, refund, takeBack])
  })

  it("accepts in each state what fits, and words what does not", () => {
    const refusals: { readonly [state in Name]: ReadonlyArray<string | undefined> } = {
      new: [undefined, "NotAuthorised", "NotCaptured"],
      authorising: [undefined, "NotAuthorised", "NotCaptured"],
      authorised: [undefined, undefined, "NotCaptured"],
      declined: ["Declined", "NotAuthorised", "NotCaptured"],
      capturing: [undefined, undefined, "NotCaptured"],
      captureUnknown: [undefined, undefined, "NotCaptured"],
      captured: [undefined, undefined, undefined],
      refunding: [undefined, "PaymentRefunded", undefined],
      refundUnknown: [undefined, "PaymentRefunded", undefined],
      refunded: [undefined, "PaymentRefunded", undefined],
      voiding: ["PaymentVoided", "PaymentVoided", "PaymentVoided"],
      voidFailed: ["PaymentVoided", "PaymentVoided", "PaymentVoided"],
      voided: ["PaymentVoided", "PaymentVoided", "PaymentVoided"],
    }
    for (const name of names) {
      const found = [authorise, capture, refund].map((command) => {
        const step = at(name).do(command)
        return "rejected" in step ? step.rejected : undefined
      })
      expect(found, name).toEqual(refusals[name])
      expect(at(name).do(takeBack), name).toHaveProperty("events")
    }
  })

  it("does not authorise another amount under the same order", () => {
    const other = { ...amount, minor: 2501 }
    expect(at("authorised").do({ ...authorise, amount: other })).toEqual({
      rejected: "AmountMismatch",
      detail: { expected: amount, given: other },
    })
  })
})

describe("whoever asks by a request", () => {
  it("is answered when the provider has, and not before", () => {
    const payment = at("new")
    payment.do(authorise, "takePayment")
    expect(payment.answers).toEqual({})
    payment.done("authorise", { authorisationId: "a-1" })
    expect(payment.answers).toEqual({
      takePayment: { ok: true, reply: { status: "authorised", authorisationId: "a-1" } },
    })
    payment.do(capture, "capture")
    payment.done("capture", { captured: amount })
    expect(payment.answers).toEqual({
      capture: { ok: true, reply: { status: "captured", captured: amount } },
    })
    payment.do(refund, "refund")
    payment.done("refund", { refunded: amount })
    expect(payment.answers).toEqual({ refund: { ok: true, reply: { status: "refunded", refunded: amount } } })
  })

  it("hears of a refusal with its reason", () => {
    const payment = at("new")
    payment.do(authorise, "takePayment")
    payment.failed("authorise", "CardDeclined")
    expect(payment.answers).toEqual({
      takePayment: { ok: false, reason: "Declined", isRejection: true, detail: { reason: "CardDeclined" } },
    })
  })

  it("is answered at once by a repeat of what is done", () => {
    const payment = at("authorised")
    payment.do(authorise, "again")
    expect(payment.answers).toEqual({
      again: { ok: true, reply: { status: "authorised", authorisationId: "a-1" } },
    })
  })

  it("joins what is under way, each asker with an answer of its own", () => {
    const payment = at("new")
    payment.do(authorise, "first")
    payment.do(authorise, "second")
    expect(payment.calls).toEqual(["authorise"])
    payment.done("authorise", { authorisationId: "a-1" })
    expect(Object.keys(payment.answers)).toEqual(["first", "second"])
    expect(payment.state.context.waiting).toEqual([])
  })

  it("finds the waiting room full, not without bound", () => {
    const payment = at("new")
    for (let index = 0; index < WAITING_MAX; index++) payment.do(authorise, `asker-${index}`)
    expect(payment.do(authorise, "one-too-many")).toMatchObject({ events: [] })
    expect(payment.answers).toMatchObject({ "one-too-many": { ok: false, reason: "TooManyRequests" } })
  })
})

describe("an outcome that nobody waits for", () => {
  it("becomes an event, once, by a message of the payment to itself", () => {
    for (const name of SETTLED_STATUSES) {
      const payment = name === "voiding" ? at("authorising").failed("authorise", "TimedOut") : at(name)
      expect(payment.sent).toContainEqual({
        k: "tell",
        to: addressOf("payment", "o-1", 64).key,
        c: { type: "Record" },
      })
      expect(payment.do({ type: "Record" })).toHaveProperty("events", ["PaymentSettled"])
      expect(payment.do({ type: "Record" })).toHaveProperty("events", [])
      expect(payment.state.value).toBe(name)
    }
  })

  it("is not recorded where somebody is answered, or something is under way", () => {
    const payment = at("new")
    payment.do(authorise, "takePayment")
    payment.done("authorise", { authorisationId: "a-1" })
    expect(payment.sent.map(({ k }) => k)).not.toContain("tell")
    for (const name of ["new", "authorising", "capturing", "refunding"] as const) {
      expect(at(name).do({ type: "Record" })).toHaveProperty("events", [])
    }
  })

  it("says why the provider refused, and tells a refused capture from an authorisation by that", () => {
    const recorded = (payment: Driven) => payment.all({ type: "Record" }).state.context.refusal
    expect(recorded(at("declined"))).toBe("CardDeclined")
    expect(recorded(at("authorised"))).toBeNull()
    const refused = at("capturing").failed("capture", "Expired")
    expect(recorded(refused)).toBe("Expired")
    expect(refused.state.value).toBe("authorised")
    expect(recorded(refused.all(capture).done("capture", { captured: amount }))).toBeNull()
  })

  it("is recorded again when the same comes of another attempt", () => {
    const payment = at("captureUnknown").all({ type: "Record" }, capture).failed("capture", "TimedOut")
    expect(payment.do({ type: "Record" })).toHaveProperty("events", ["PaymentSettled"])
  })
})

describe("a provider that keeps silent", () => {
  it("leaves no authorisation behind: what may have been made is taken back", () => {
    for (const reason of ["TimedOut", "Failed"]) {
      const payment = at("new")
      payment.do(authorise, "takePayment")
      payment.failed("authorise", reason)
      expect(payment.answers).toMatchObject({ takePayment: silence })
      expect(payment.state.value).toBe("voiding")
      payment.done("void", { captured: null, refunded: null })
      expect(payment.do(authorise)).toMatchObject({ rejected: "PaymentVoided" })
    }
  })

  it("leaves a capture or refund to be asked for again, or taken back", () => {
    for (const [name, again, call] of [
      ["captureUnknown", capture, "capture"],
      ["refundUnknown", refund, "refund"],
    ] as const) {
      expect(at(name).all(again).calls).toEqual([call])
      expect(at(name).all(takeBack).calls).toEqual(["void"])
    }
  })

  it("shows a void that failed, which can be asked for again", () => {
    const payment = at("voiding")
    payment.do(takeBack, "compensate")
    payment.failed("void", "TimedOut")
    expect(payment.answers).toMatchObject({ compensate: silence })
    expect(payment.state.value).toBe("voidFailed")
    expect(payment.all(takeBack).calls).toEqual(["void"])
  })
})

describe("a provider that refuses", () => {
  it("leaves an authorisation that could not be captured as it was", () => {
    const payment = at("authorised")
    payment.do(capture, "capture")
    payment.failed("capture", "Expired")
    expect(payment.state.value).toBe("authorised")
    expect(payment.state.context.refusal).toBe("Expired")
    expect(payment.answers).toEqual({ capture: { ok: false, reason: "Expired", isRejection: true } })
  })

  it("leaves a capture that could not be refunded as it was", () => {
    expect(at("refunding").failed("refund", "Disputed").state.value).toBe("captured")
  })
})

describe("a void", () => {
  it("wins over an authorisation that comes after it", () => {
    const payment = at("new")
    payment.do(takeBack, "compensate")
    expect(payment.answers).toMatchObject({ compensate: { ok: true, reply: { status: "voided" } } })
    expect(payment.calls).toEqual([])
    expect(payment.do(authorise)).toMatchObject({ rejected: "PaymentVoided" })
  })

  it("breaks into what is under way, and tells those who wait for it", () => {
    const payment = at("new")
    payment.do(authorise, "takePayment")
    payment.do(takeBack, "compensate")
    expect(payment.answers).toEqual({
      takePayment: { ok: false, reason: "PaymentVoided", isRejection: true },
    })
    expect(payment.calls).toEqual(["void"])
    expect(payment.sent).toContainEqual({ k: "abort", n: "authorise" })
    payment.done("void", { captured: null, refunded: null })
    expect(payment.answers).toMatchObject({ compensate: { ok: true } })
  })

  it("has nothing to do where nothing was taken, or all was given back", () => {
    for (const name of ["declined", "refunded", "voided"] as const) {
      expect(at(name).do(takeBack)).toEqual({ events: [], reply: { status: "voided" } })
    }
  })
})

describe("the payment's provider", () => {
  it("is what paymentActor is given", async () => {
    const asked: Array<unknown> = []
    const actor = paymentActor({
      ...noProvider,
      capture: async (request) => {
        asked.push(request)
        return { captured: amount }
      },
    })
    const { signal } = new AbortController()
    const args = {
      input: { paymentId: "o-1" },
      idempotencyKey: "k",
      signal,
      heartbeat: () => undefined,
      attempt: 1,
    }
    expect(await actor.machine.callLogic("capture")?.run(args)).toEqual({ captured: amount })
    expect(asked).toEqual([{ paymentId: "o-1", idempotencyKey: "k", signal }])
    await expect(Payment.machine.callLogic("capture")?.run(args)).rejects.toThrow(CallRefused)
  })
})

/** Payments against a provider that misbehaves in every way: the states of the payments and its books agree to the unit. */
import { expect, it } from "vitest"
import { Payment, paymentActor } from "../../../../actors/payment/Payment.ts"
import { keptMinor } from "../../../../actors/payment/PaymentMachine.ts"
import { PaymentProviderHttp } from "../../../../infra/reference/payments/PaymentProviderHttp.ts"
import { CallRefused, type CommandsOf } from "../../../../runtime/index.ts"
import { DrivenActor } from "../../../unit/actors/DrivenActor.ts"
import { providersForFile } from "./ProviderFixture.ts"

const providers = providersForFile()

const PAYMENT_COUNT = 120
const AT_ONCE = 30
const PATIENCE_MS = 500
const ATTEMPTS_MAX = 4

type Driven = DrivenActor<typeof Payment>

/** Makes the call under way, as often as it takes, and hands its end to the payment. */
const settle = async (payment: Driven, hosted: typeof Payment, id: string): Promise<void> => {
  const [call] = payment.calls
  if (call === undefined) return
  const idempotencyKey = `${id}/${payment.generationOf(call)}`
  const makeOnce = () =>
    Promise.resolve(
      hosted.machine.callLogic(call)?.run({
        input: payment.inputOf(call),
        idempotencyKey,
        signal: AbortSignal.timeout(PATIENCE_MS),
        heartbeat: () => undefined,
        attempt: 1,
      }),
    )
  for (let attempt = 1; ; attempt++) {
    try {
      payment.done(call, await makeOnce())
      break
    } catch (cause) {
      if (cause instanceof CallRefused) payment.failed(call, cause.reason)
      else if (call === "void" || attempt < ATTEMPTS_MAX) continue
      else payment.failed(call, "Failed")
      break
    }
  }
  await settle(payment, hosted, id)
}

type Act = (command: CommandsOf<typeof Payment>["type"] & ("Capture" | "Refund" | "Void")) => Promise<void>

/** What sagas do to a payment: what stays unknown is asked for again, or taken back. */
const lives: ReadonlyArray<(payment: Driven, act: Act) => Promise<void>> = [
  async (payment, act) => {
    do await act("Capture")
    while (payment.state.matches("captureUnknown"))
  },
  async (payment, act) => {
    await act("Capture")
    if (payment.state.matches("captureUnknown")) await act("Void")
    else
      do await act("Refund")
      while (payment.state.matches("refundUnknown"))
  },
  async (_, act) => act("Void"),
  async (payment, act) => {
    payment.do({ type: "Capture" })
    await act("Void")
  },
]

it("keeps payments and the provider's books in balance, and charges nobody twice", async () => {
  const provider = await providers.start({
    seed: 7,
    declined: 0.1,
    hang: 0.15,
    error: 0.15,
    lost: 0.25,
    slow: 0.1,
    slowMs: 20,
  })
  const hosted = paymentActor(new PaymentProviderHttp(provider.url))
  const live = async (index: number): Promise<Driven> => {
    const id = `o-${index}`
    const payment: Driven = new DrivenActor(Payment, id)
    const settled = () => settle(payment, hosted, id)
    payment.do({ type: "Authorise", amount: { minor: 100 + index, currency: "EUR" }, card: "card-1" })
    await settled()
    await lives[index % lives.length]?.(payment, async (type) => {
      payment.do({ type })
      await settled()
    })
    return payment
  }
  const payments: Array<Driven> = []
  // Not all at once: on a busy machine the calls would time out that the provider answers.
  while (payments.length < PAYMENT_COUNT) {
    const next = Array.from({ length: AT_ONCE }, (_, index) => live(payments.length + index))
    payments.push(...(await Promise.all(next)))
  }

  const ledger = provider.ledger()
  expect(ledger.doubleCharges).toBe(0)
  expect(payments.reduce((sum, { state }) => sum + keptMinor(state.context), 0)).toBe(
    ledger.totals["EUR"]?.net,
  )
  const byState = Map.groupBy(payments, ({ state }) => String(state.value))
  for (const state of ["captured", "refunded", "voided", "declined"])
    expect(byState.has(state), state).toBe(true)
  for (const manner of ["hang", "error", "lost", "slow"] as const)
    expect(ledger.manners[manner]).toBeGreaterThan(0)
  expect(ledger.repeats).toBeGreaterThan(0)
  expect(ledger.totals["EUR"]?.held).toBe(
    (byState.get("authorised") ?? []).reduce((sum, { state }) => sum + (state.context.amount?.minor ?? 0), 0),
  )
})

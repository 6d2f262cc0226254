/**
 * The actor under load: an account that takes payments for ever. One guard-free transition with an assign, two
 * validated schemas of five fields, about 250 bytes of command: what Pay of an order is, without an end.
 */
import { Schema } from "effect"
import { assign, setup } from "xstate"
import { defineActor, defineCommand, defineEvent } from "../../infra/everstate.ts"
import { type ActorAddress, addressOf } from "../../runtime/address/ActorAddress.ts"
import { ERA_MIN, encodeCommit } from "../../runtime/commit/Commit.ts"
import { fingerprint, partsOfFingerprint } from "../../runtime/json/Fingerprint.ts"
import { SYSTEM_DEFAULTS } from "../../runtime/system/SystemSettings.ts"

const Payment = Schema.Struct({
  amount: Schema.Struct({
    minor: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 1_000_000_000 })),
    currency: Schema.String.check(Schema.isPattern(/^[A-Z]{3}$/)),
  }),
  paymentId: Schema.String.check(Schema.isMinLength(1), Schema.isMaxLength(64)),
  method: Schema.Literals(["card", "transfer"]),
  note: Schema.String.check(Schema.isMaxLength(500)),
})

const events = { Paid: defineEvent(Payment) }

interface AccountContext {
  readonly paymentCount: number
  readonly totalMinor: number
}

const machine = setup({
  types: {
    context: {} as AccountContext,
    events: {} as { readonly type: "Paid"; readonly amount: { readonly minor: number } },
  },
}).createMachine({
  id: "account",
  initial: "open",
  context: { paymentCount: 0, totalMinor: 0 },
  states: {
    open: {
      on: {
        Paid: {
          actions: assign(({ context, event: { amount } }) => ({
            paymentCount: context.paymentCount + 1,
            totalMinor: context.totalMinor + amount.minor,
          })),
        },
      },
    },
  },
})

export const Account = defineActor({
  type: "account",
  machine,
  events,
  commands: {
    Pay: defineCommand(
      { type: "Pay", machine, events },
      {
        schema: Payment,
        decide: ({ command: { amount, paymentId, method, note } }) => ({
          type: "Paid",
          amount,
          paymentId,
          method,
          note,
        }),
      },
    ),
  },
})

const payment = {
  amount: { minor: 129_900, currency: "KRW" },
  paymentId: "pay_01J9ZK4M7Q8R5T2V6X3Y0ABCDE",
  method: "card" as const,
  note: "Second instalment of three for the spring order, agreed on the phone; the receipt goes to the billing address.",
}

/** 250 bytes of JSON. */
export const pay = { type: "Pay" as const, ...payment }

export const accountAddress = (id: string): ActorAddress =>
  addressOf(Account.type, id, SYSTEM_DEFAULTS.shardCount)

/** The commit that the system writes for one `pay`: what a raw append carries, so that both move the same bytes. */
export const paidCommit = (version: number): Uint8Array =>
  encodeCommit({ first: version, at: 1_763_640_000_000 + version, epoch: 1 }, [paidEntry(version)])

/** The same with what nodes write since the second format: an era, the shard's watermark, and the state's name. */
export const markedCommit = (version: number, watermark: number): Uint8Array => {
  const at = 1_763_640_000_000 + version
  return encodeCommit({ format: 2, first: version, at, epoch: 1, era: ERA_MIN, w: watermark, s: "open" }, [
    paidEntry(version),
  ])
}

const paidEntry = (version: number): string => {
  const { text, structure } = partsOfFingerprint(fingerprint(pay))
  const entry = {
    c: `0fk3m2x9qz1b7c4d8e5f-${version.toString(36).padStart(5, "0")}`,
    fp: text,
    fs: structure,
    ev: [{ t: "Paid", v: 1, d: payment }],
  }
  return JSON.stringify(entry)
}

/** Money from one account to another. When the deposit fails, the withdrawal is undone. */
import { Schema } from "effect"
import { defineSaga } from "everstate/saga"
import { Account } from "./Account.ts"

export const Transfer = defineSaga({
  type: "transfer",
  input: Schema.Struct({ from: Schema.String, to: Schema.String, minor: Schema.Int }),
  steps: (saga) =>
    saga
      .step("withdraw", {
        request: ({ input: { from, minor } }) => ({
          actor: Account,
          id: from,
          command: { type: "Withdraw", minor },
        }),
        compensate: ({ input: { from, minor } }) => ({
          actor: Account,
          id: from,
          command: { type: "Deposit", minor },
        }),
      })
      .step("deposit", {
        request: ({ input: { to, minor } }) => ({
          actor: Account,
          id: to,
          command: { type: "Deposit", minor },
        }),
      }),
})

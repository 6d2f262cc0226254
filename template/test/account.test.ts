/** Decisions of an account. They need no servers; replay, snapshots, purity and repeats are checked as well. */
import { test } from "node:test"
import { reject } from "everstate"
import { testActor } from "everstate/testing"
import { Account } from "../src/definitions.ts"

const opened = { type: "Opened", owner: "Ann" } as const

test("a withdrawal says what is left", () => {
  testActor(Account)
    .given([opened, { type: "Deposited", minor: 100 }])
    .when({ type: "Withdraw", minor: 30 })
    .then({ type: "Withdrawn", minor: 30 })
    .then({ state: "open", context: { balance: 70 } })
    .thenReply({ left: 70 })
})

test("nobody withdraws more than there is", () => {
  testActor(Account)
    .given([opened, { type: "Deposited", minor: 100 }])
    .when({ type: "Withdraw", minor: 500 })
    .then(reject("InsufficientFunds", { balance: 100 }))
})

test("an account with money in it stays open", () => {
  testActor(Account)
    .given([opened, { type: "Deposited", minor: 1 }])
    .when({ type: "Close" })
    .then(reject("NotEmpty", { balance: 1 }))
})

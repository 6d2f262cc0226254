/** Scenarios for `npx everstate sim`, which plays them over many seeds. `npm test` plays a few. */
import type { SimulateOptions } from "everstate/testing"
import { Account, Balances, Transfer } from "../src/definitions.ts"

const owners = ["ann", "bob", "cy"]

/** Accounts are opened and filled, and money goes to and fro between them. */
const transfers: SimulateOptions = {
  actors: [Account],
  sagas: [Transfer],
  projections: [Balances],
  workload: function* ({ random }) {
    for (const id of owners) {
      yield { actor: Account, id, command: { type: "Open", owner: id } }
      yield { actor: Account, id, command: { type: "Deposit", minor: 100 } }
    }
    for (let number = 0; number < 20; number++) {
      const input = { from: random.pick(owners), to: random.pick(owners), minor: 1 + random.index(80) }
      yield { actor: Transfer.actor, id: `t-${number}`, command: { type: "Start", input } }
    }
  },
  invariants: {
    "no account is below zero": ({ type, state }) =>
      type !== "account" || (state.context as { readonly balance: number }).balance >= 0,
  },
}

export const scenarios = { transfers }

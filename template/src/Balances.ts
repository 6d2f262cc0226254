/** Who has how much: a table in Postgres, filled from the events of all accounts. */
import { defineProjection } from "everstate"
import { Account } from "./Account.ts"

export const Balances = defineProjection({
  name: "balances",
  version: 1, // raise it to rebuild; every version has a table of its own
  from: [Account],
  table: {
    name: "balance",
    columns: { id: "text not null", owner: "text not null", minor: "bigint not null" },
    primaryKey: ["id"],
  },
  key: ({ id }) => ({ id }),
  fold: (row, { id, event }) => {
    switch (event.type) {
      case "Opened":
        return { id, owner: event.owner, minor: 0 }
      case "Deposited":
        return row && { ...row, minor: row.minor + event.minor }
      case "Withdrawn":
        return row && { ...row, minor: row.minor - event.minor }
      case "Closed":
        return undefined // no row for an account that is closed
    }
  },
})

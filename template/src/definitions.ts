/** Everything that this service defines. `npx everstate dev` and the other verbs read this module. */
export { Account } from "./Account.ts"
export { Balances } from "./Balances.ts"
export { Transfer } from "./Transfer.ts"

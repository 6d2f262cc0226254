/**
 * Who measures the commands of clients. A client is no member, so the node that answers it measures for it.
 *
 * Owns the reference. AskServer.ts calls the meter; ../../infra/metrics/AskMeter.ts is one.
 */
import { Context, type Exit } from "effect"
import type { AskError } from "../cell/AskError.ts"

/** Called when a client's command is taken; what it returns is called with the outcome. */
export type ClientAskMeter = () => (exit: Exit.Exit<unknown, AskError>) => void

/** The meter of a system; `undefined`: nothing is measured. */
export const ClientAsks = Context.Reference<ClientAskMeter | undefined>("everstate/router/ClientAsks", {
  defaultValue: () => undefined,
})

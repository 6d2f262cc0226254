/**
 * `start`: the order service on embedded servers, or on those that `NATS_URL`, `DATABASE_URL` and
 * `PAYMENT_PROVIDER_URL` name.
 *
 * Owns the command line and the printed text. The service is OrderService.ts, the flags of every service are
 * infra/cli/ServiceFlags.ts and NodeFlags.ts, the end of the program is infra/cli/Program.ts.
 */
import { join } from "node:path"
import { Config, Console, Effect, Logger, Option, Schema } from "effect"
import { Command, Flag } from "effect/cli"
import { buildConsole } from "../../cli/ConsoleBuild.ts"
import { listOf, type NodeInput, nodeFlags, nodeOf } from "../../cli/NodeFlags.ts"
import { runProgram } from "../../cli/Program.ts"
import { showServerProgress } from "../../cli/ServerProgress.ts"
import { type ServiceInput, serviceFlags } from "../../cli/ServiceFlags.ts"
import { acquireServersFromEnv } from "../../embedded.ts"
import { isLoopback } from "../../http/Loopback.ts"
import { InvalidGatewayOption } from "../../http.ts"
import { acquireProvider } from "../payments/ProviderProgram.ts"
import { FLOW_DEFAULT, FLOWS, type Flow } from "./Hosted.ts"
import { acquireOrderService } from "./OrderService.ts"

const flags = {
  ...serviceFlags({ folderHolds: "embedded servers, payments and mail" }),
  flow: Flag.Literals("flow", FLOWS).pipe(
    Flag.withDescription(
      `How orders are fulfilled: ${FLOWS.join(" or ")} (default: FLOW, or ${FLOW_DEFAULT})`,
    ),
    Flag.withFallbackConfig(Config.schema(Schema.Literals(FLOWS), "FLOW")),
    Flag.withDefault(FLOW_DEFAULT),
  ),
  console: Flag.Boolean("console").pipe(
    Flag.withDescription("Serves the console with --json, too; without --json it is always served"),
    Flag.withDefault(false),
  ),
  ...nodeFlags,
}

/** Log message once the service answers requests; its annotation `url` is the address. */
export const LISTENING = "listening"

const json = "-H 'content-type: application/json'"

const placement = {
  customerId: "c-7",
  currency: "EUR",
  lines: [{ sku: "book", quantity: 2, unitPriceMinor: 1250 }],
  fulfilment: {
    address: {
      recipient: "Ann",
      street: "Mapo-daero 1",
      postalCode: "04175",
      city: "Seoul",
      country: "KR",
    },
    card: "card-1",
  },
}

/** Commands to paste into a shell, in this order. */
const curlLines = (url: string): ReadonlyArray<string> => [
  `curl -X POST ${url}/stock/book/receive ${json} -d '{"deliveryId":"d-1","quantity":10}'`,
  `curl -X PUT ${url}/orders/o-42 ${json} -H 'idempotency-key: place-o-42' -d '${JSON.stringify(placement)}'`,
  `curl ${url}/orders/o-42`,
  `curl ${url}/orders/o-42/history`,
]

const welcome = (url: string, flow: Flow, provider: string, hasConsole: boolean): string =>
  [
    "",
    ...(hasConsole ? [`  See the system    ${url}/`] : []),
    `  Orders are taken at ${url}`,
    `  Try it            ${url}/docs`,
    `  OpenAPI           ${url}/openapi.json`,
    `  Events            ${url}/events/catalog  ${url}/asyncapi.json`,
    `  Health, metrics   ${url}/healthz  ${url}/readyz  ${url}/metrics`,
    `  Cluster           ${url}/cluster  ${url}/cluster/events`,
    `  Payments          ${provider}/ledger`,
    "",
    ...curlLines(url).map((line) => `  ${line}`),
    "",
    `  An order with an address and a card is fulfilled by the ${flow}.`,
    `  This is process ${process.pid}. Ctrl-C stops it, kill -9 does too; the orders stay.`,
    "",
  ].join("\n")

interface StartInput extends ServiceInput, NodeInput {
  readonly flow: Flow
  readonly console: boolean
}

/** Variable with the tokens of callers, if there is no file. */
const TOKENS_VARIABLE = "EVERSTATE_TOKENS"

/** Where the tokens are. Refuses to let everybody in from other machines, unless the user says so. */
const tokensIn = Effect.fnUntraced(function* ({ host, tokens, open }: StartInput) {
  if (tokens !== "") return { file: tokens }
  const inEnv = yield* Config.String(TOKENS_VARIABLE).pipe(Config.withDefault(""))
  if (inEnv !== "") return { env: TOKENS_VARIABLE }
  if (isLoopback(host)) return undefined
  if (!open) {
    return yield* new InvalidGatewayOption({
      option: "host",
      detail: `${host} can be reached from other machines, and there are no tokens`,
      hint: `Give the tokens of callers with --tokens or ${TOKENS_VARIABLE}, or let everybody do everything with --open.`,
    })
  }
  yield* Effect.logWarning(`Everybody who reaches ${host} may do everything, because there are no tokens`)
  return undefined
})

/** Address of the payment provider: the user's own, or a fake one that keeps its books in the folder. */
const providerIn = Effect.fnUntraced(function* ({ folder, flow }: StartInput) {
  const given = yield* Config.option(Config.NonEmptyString("PAYMENT_PROVIDER_URL"))
  if (Option.isSome(given)) return given.value.replace(/\/$/, "")
  return (yield* acquireProvider(join(folder, `provider-${flow}.jsonl`))).url()
})

const run = Effect.fnUntraced(function* (input: StartInput) {
  const tokens = yield* tokensIn(input)
  const servers = yield* acquireServersFromEnv(
    input.folder,
    input.json ? {} : { onProgress: showServerProgress(process.stderr) },
  )
  const provider = yield* providerIn(input)
  // Programs that start the service look at no pages, unless they ask for them.
  const isLookedAt = input.console || !input.json
  const hasConsole = isLookedAt && (yield* Effect.promise(() => buildConsole(process.stderr)))
  const url = yield* acquireOrderService({
    provider,
    mailFolder: join(input.folder, "mail"),
    flow: input.flow,
    node: nodeOf(input),
    isPreparation: input.prepare,
    nats: servers.natsUrl,
    postgres: servers.postgresUrl,
    port: input.port,
    host: input.host,
    allowedHosts: listOf(input.allowedHosts),
    tokens,
    isOpen: input.open,
    hasConsole,
  })
  if (input.json) yield* Effect.log(LISTENING).pipe(Effect.annotateLogs({ url, provider, pid: process.pid }))
  else yield* Console.log(welcome(url, input.flow, provider, hasConsole))
  return yield* Effect.never
}, Effect.scoped)

const command = Command.make("start", flags, (input) =>
  run(input).pipe(Effect.provide(Logger.layer([input.json ? Logger.consoleJson : Logger.consolePretty()]))),
).pipe(
  Command.withDescription(
    "Runs the order service: durable statecharts on NATS and Postgres. Without NATS_URL and DATABASE_URL both are started for you.",
  ),
)

/** Runs until a signal, or until the end of a parent that keeps a channel to it. */
export const start = (): void => {
  const isJson = process.argv.includes("--json")
  process.once("disconnect", () => process.kill(process.pid, "SIGTERM"))
  runProgram(command, {
    signalExitCode: 0,
    onSignal: () => {
      if (!isJson) console.error("\nStopping in order; once more to stop at once.")
    },
  })
}

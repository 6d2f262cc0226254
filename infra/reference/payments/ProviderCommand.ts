/**
 * `provider`: the fake payment provider as a program.
 *
 * Owns the command line and the printed text. ProviderServer.ts is the provider; infra/cli/Program.ts ends the
 * program.
 */
import { Console, Effect, Option, Schema } from "effect"
import { Command, Flag } from "effect/cli"
import { boundedFlag, portFlag } from "../../cli/BoundedFlag.ts"
import { runProgram } from "../../cli/Program.ts"
import { type ProviderOptions, startProvider } from "./ProviderServer.ts"

const share = (name: string, description: string) =>
  Flag.Finite(name).pipe(
    Flag.withSchema(Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum: 1 }))),
    Flag.withDescription(`${description}, 0 to 1 (default 0)`),
    Flag.withDefault(0),
  )

const flags = {
  port: portFlag(0, "Port to listen on"),
  file: Flag.String("file").pipe(
    Flag.withDescription("Keeps the books in this file, and goes on from them (default: in memory)"),
    Flag.optional,
  ),
  seed: Flag.Int("seed").pipe(
    Flag.withDescription("The same seed, the same misfortunes (default 42)"),
    Flag.withDefault(42),
  ),
  declined: share("declined", "Share of payments that are declined"),
  hang: share("hang", "Share of requests that are never answered, and nothing done"),
  error: share("error", "Share of requests that are answered 500, and nothing done"),
  lost: share("lost", "Share of requests that are done and whose answer is lost"),
  slow: share("slow", "Share of requests that are answered late"),
  slowMs: boundedFlag("slow-ms", 0, 60_000, 500, "How late, in milliseconds"),
  declineAboveMinor: Flag.Int("decline-above").pipe(
    Flag.withDescription("Declines amounts above so many minor units"),
    Flag.optional,
  ),
  json: Flag.Boolean("json").pipe(
    Flag.withDescription("Prints one line of JSON with url and pid"),
    Flag.withDefault(false),
  ),
}

interface ProviderInput extends Omit<ProviderOptions, "file" | "declineAboveMinor"> {
  readonly file: Option.Option<string>
  readonly declineAboveMinor: Option.Option<number>
  readonly json: boolean
}

const welcome = (url: string): string =>
  [
    "",
    `  Payments are taken at ${url}`,
    `  The books             ${url}/ledger`,
    "",
    "  Cards that begin with card-declined, card-hang, card-error, card-lost or card-slow do as they say.",
    "",
  ].join("\n")

const run = Effect.fnUntraced(function* ({ json, file, declineAboveMinor, ...input }: ProviderInput) {
  const options: ProviderOptions = {
    ...input,
    ...(Option.isSome(file) ? { file: file.value } : {}),
    ...(Option.isSome(declineAboveMinor) ? { declineAboveMinor: declineAboveMinor.value } : {}),
  }
  const provider = yield* Effect.acquireRelease(
    Effect.tryPromise(() => startProvider(options)),
    (started) => Effect.promise(() => started.stop()),
  )
  yield* Console.log(json ? JSON.stringify({ url: provider.url, pid: process.pid }) : welcome(provider.url))
  return yield* Effect.never
}, Effect.scoped)

const command = Command.make("provider", flags, run).pipe(
  Command.withDescription(
    "A payment provider that takes no money, and misbehaves on demand: it declines, hangs, breaks and loses answers, and keeps books of all it did.",
  ),
)

/** Runs until a signal, or until the end of a parent that keeps a channel to it. */
export const provider = (): void => {
  process.once("disconnect", () => process.kill(process.pid, "SIGTERM"))
  runProgram(command, { signalExitCode: 0 })
}

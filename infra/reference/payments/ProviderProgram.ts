/**
 * The fake payment provider beside a service: its own process on a free port, which ends with this process.
 *
 * The provider is infra/reference/payments/ProviderServer.ts.
 */
import { mkdir } from "node:fs/promises"
import { dirname } from "node:path"
import { fileURLToPath } from "node:url"
import { Effect, Schema, type Scope } from "effect"
import { acquireProgram, type ChildProgram, type ProgramFailed } from "../../cli/ChildProgram.ts"

const script = fileURLToPath(new URL("./provider.ts", import.meta.url))

const Told = Schema.fromJsonString(Schema.Struct({ url: Schema.String, pid: Schema.Int }))

const addressIn = (line: string): string | undefined => {
  const decoded = Schema.decodeUnknownOption(Told)(line)
  return decoded._tag === "Some" ? decoded.value.url : undefined
}

/**
 * Starts the provider; it ends with the scope. `file`: file of its books. `manners`: its flags, such as
 * `--lost=0.1`.
 */
export const acquireProvider = (
  file: string,
  manners: ReadonlyArray<string> = [],
): Effect.Effect<ChildProgram, ProgramFailed, Scope.Scope> =>
  Effect.promise(() => mkdir(dirname(file), { recursive: true })).pipe(
    Effect.andThen(
      acquireProgram({
        name: "payment provider",
        script,
        args: ["--json", "--file", file, ...manners],
        addressIn,
      }),
    ),
  )

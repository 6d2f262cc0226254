/**
 * The fake payment gateway beside a service: a process of its own, on a free port, that ends with this one.
 *
 * What it does: infra/reference/payments/GatewayServer.ts.
 */
import { mkdir } from "node:fs/promises"
import { dirname } from "node:path"
import { fileURLToPath } from "node:url"
import { Effect, Schema, type Scope } from "effect"
import { acquireProgram, type ChildProgram, type ProgramFailed } from "../../cli/ChildProgram.ts"

const script = fileURLToPath(new URL("./gateway.ts", import.meta.url))

const Told = Schema.fromJsonString(Schema.Struct({ url: Schema.String, pid: Schema.Int }))

const addressIn = (line: string): string | undefined => {
  const decoded = Schema.decodeUnknownOption(Told)(line)
  return decoded._tag === "Some" ? decoded.value.url : undefined
}

/** `file`: where it keeps its books. `manners`: its flags, such as `--lost=0.1`. Ended with the scope. */
export const acquireGateway = (
  file: string,
  manners: ReadonlyArray<string> = [],
): Effect.Effect<ChildProgram, ProgramFailed, Scope.Scope> =>
  Effect.promise(() => mkdir(dirname(file), { recursive: true })).pipe(
    Effect.andThen(
      acquireProgram({
        name: "payment gateway",
        script,
        args: ["--json", "--file", file, ...manners],
        addressIn,
      }),
    ),
  )

/**
 * The service as a child process that can be killed and started again on the same data.
 *
 * Owns its command line. It runs the normal `start`. Its servers and its payment provider are given, so they
 * outlive the process.
 */
import { fileURLToPath } from "node:url"
import { type Effect, Schema, type Scope } from "effect"
import { acquireProgram, type ChildProgram, type ProgramFailed } from "../../cli/ChildProgram.ts"

const script = fileURLToPath(new URL("../service/start.ts", import.meta.url))

const LogLine = Schema.fromJsonString(
  Schema.Struct({
    message: Schema.Union([Schema.String, Schema.Array(Schema.Unknown)]),
    annotations: Schema.Struct({ url: Schema.String }),
  }),
)

const addressIn = (line: string): string | undefined => {
  const decoded = Schema.decodeUnknownOption(LogLine)(line)
  return decoded._tag === "Some" ? decoded.value.annotations.url : undefined
}

export interface DemoServiceOptions {
  readonly natsUrl: string
  readonly postgresUrl: string
  readonly providerUrl: string
  /** Folder for the files besides the servers' data: mail. */
  readonly folder: string
  /** Flow; by default the service's own. */
  readonly flow?: string
  /** Name of the node, and of the process in errors. */
  readonly nodeName?: string
  readonly nodeVersion?: string
  /** Port; any free one by default. */
  readonly port?: number
  /** Whether the service has the console. */
  readonly hasConsole?: boolean
  /** Called with every line of its log. */
  readonly onLine?: (line: string) => void
}

/** Starts the service; it ends with the scope. */
export const acquireDemoService = ({
  natsUrl,
  postgresUrl,
  providerUrl,
  folder,
  flow,
  nodeName,
  nodeVersion,
  port = 0,
  hasConsole = false,
  onLine,
}: DemoServiceOptions): Effect.Effect<ChildProgram, ProgramFailed, Scope.Scope> =>
  acquireProgram({
    name: nodeName === undefined ? "service" : `service ${nodeName}`,
    script,
    args: [
      ...["--port", String(port), "--json", "--folder", folder],
      ...(hasConsole ? ["--console"] : []),
      ...flagOf("--flow", flow),
      ...flagOf("--node-name", nodeName),
      ...flagOf("--node-version", nodeVersion),
    ],
    env: { NATS_URL: natsUrl, DATABASE_URL: postgresUrl, PAYMENT_PROVIDER_URL: providerUrl },
    addressIn,
    ...(onLine === undefined ? {} : { onLine }),
  })

const flagOf = (name: string, value: string | undefined): ReadonlyArray<string> =>
  value === undefined ? [] : [name, value]

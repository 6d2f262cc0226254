/**
 * The process that `everstate dev` starts again and again: a system with the definitions of a module, and its
 * gateway with the console.
 *
 * Its argument is a `DevNodeInput` as JSON. It reports its address on a line of output, and ends in order at
 * SIGTERM or when its parent is gone.
 */
import { existsSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { Effect } from "effect"
import { ActorSystem } from "../everstate.ts"
import { makeGateway } from "../http.ts"
import { loadDefinitions } from "./DefinitionModule.ts"
import { DEV_LISTENING, type DevNodeInput } from "./DevProcess.ts"
import { reportOf } from "./RunEverstate.ts"
import { VerbFailed } from "./VerbFailed.ts"

const start = async ({ module, nats, postgres, namespace, port }: DevNodeInput): Promise<void> => {
  const { definitions } = await Effect.runPromise(loadDefinitions(module))
  const system = await ActorSystem.start({ nats, postgres, namespace, ...definitions })
  const gateway = makeGateway(system, { console: isConsoleBuilt() })
  const { url } = await gateway.listen({ port })
  console.log(`${DEV_LISTENING}${url}`)
  const stop = async () => {
    await gateway.close()
    await system.stop()
    process.exit(0)
  }
  process.once("SIGTERM", stop).once("disconnect", stop)
}

/** A checkout has the pages of the console only after they were built; the package always has them. */
const isConsoleBuilt = (): boolean =>
  existsSync(fileURLToPath(new URL("../console/site/index.html", import.meta.url)))

// Without a parent from the start, there is nobody to report to.
process.once("disconnect", () => process.exit(1))
const input = JSON.parse(process.argv[2] ?? "{}") as DevNodeInput
start(input).catch((error: unknown) => {
  const { code } = Object(error) as NodeJS.ErrnoException
  const shown =
    code === "EADDRINUSE"
      ? new VerbFailed({
          exit: "failed",
          what: `Port ${input.port} is in use by another process.`,
          hint: "End that process and save a source, or start again with another port: --port 4000.",
        })
      : error
  console.error(reportOf(shown, false))
  process.exit(1)
})

/**
 * A process that runs a system under load, for tests that end it: `node LoadedSystem.ts <nats> <postgres>`. Prints each
 * acknowledged command as a line, `{ actor, commandId, version }`, and `stopped` when SIGTERM has drained it.
 */
import { ActorSystem } from "../../../infra/system/ActorSystem.ts"
import { Counter } from "../../fixtures/memory/Counter.ts"

const [, , nats = "", postgres = "", run = ""] = process.argv
const system = await ActorSystem.start({ nats, postgres, actors: [Counter], namespace: "killed" })
let isOver = false

const client = async (name: number): Promise<void> => {
  for (let index = 0; !isOver; index++) {
    const actor = `n${(name + index) % 20}`
    const commandId = `${run}-${name}-${index}`
    try {
      const { version } = await system.get(Counter, actor).ask({ type: "Add", by: 1 }, { commandId })
      process.stdout.write(`${JSON.stringify({ actor, commandId, version })}\n`)
    } catch (error) {
      if (!isOver) throw error
    }
  }
}

process.once("SIGTERM", async () => {
  const stopped = system.stop()
  isOver = true
  await stopped
  process.stdout.write("stopped\n")
})
await Promise.all(Array.from({ length: 32 }, (_, name) => client(name)))

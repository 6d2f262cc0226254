/**
 * A process with servers of its own, for tests that end it. `node parent.ts <folder> <ending>` prints one line of
 * JSON, `{ natsPid, postgresPid }`, and then ends as told.
 */
import { startServers } from "../../../infra/embedded.ts"

const [, , folder = "", ending = "wait"] = process.argv
const keepsProcess = ending !== "return"
const { nats, postgres } = await startServers({ folder, postgres: { durable: false }, keepsProcess })
if (ending === "paused") {
  nats.pause()
  postgres.pause()
}
process.stdout.write(`${JSON.stringify({ natsPid: nats.pid, postgresPid: postgres.pid })}\n`)

/** Only so that the process stays until it is killed. */
const forever = () => setInterval(() => undefined, 60_000)

switch (ending) {
  case "return":
    break
  case "stay":
    // Fires only where something else keeps the process.
    setTimeout(() => process.exit(7), 200).unref()
    break
  case "throw":
    setImmediate(() => {
      throw new Error("nobody catches this")
    })
    forever()
    break
  case "exit":
    process.exit(3)
    break
  default:
    forever()
}

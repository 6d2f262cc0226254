/** `npm start`: the order service. It checks the version of Node first; the program is StartCommand.ts. */
import { requireNode } from "../../cli/NodeVersion.ts"

requireNode()
const { start } = await import("./StartCommand.ts")
start()

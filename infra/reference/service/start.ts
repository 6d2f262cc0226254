/** `npm start`: the order service. A look at Node first; the program is StartCommand.ts. */
import { requireNode } from "../../cli/NodeVersion.ts"

requireNode()
const { start } = await import("./StartCommand.ts")
start()

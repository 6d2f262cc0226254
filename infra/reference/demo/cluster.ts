/** `npm run cluster`: several nodes on this machine. A look at Node first; the program is ClusterCommand.ts. */
import { requireNode } from "../../cli/NodeVersion.ts"

requireNode()
const { cluster } = await import("./ClusterCommand.ts")
cluster()

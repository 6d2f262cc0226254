/**
 * `npm run cluster`: several nodes on this machine. It checks the version of Node first; the program is
 * ClusterCommand.ts.
 */
import { requireNode } from "../../cli/NodeVersion.ts"

requireNode()
const { cluster } = await import("./ClusterCommand.ts")
cluster()

/** The fake payment provider, as a process of its own. A look at Node first; the program is GatewayCommand.ts. */
import { requireNode } from "../../cli/NodeVersion.ts"

requireNode()
const { gateway } = await import("./GatewayCommand.ts")
gateway()

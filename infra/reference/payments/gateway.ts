/**
 * The fake payment provider as its own process. It checks the version of Node first; the program is
 * GatewayCommand.ts.
 */
import { requireNode } from "../../cli/NodeVersion.ts"

requireNode()
const { gateway } = await import("./GatewayCommand.ts")
gateway()

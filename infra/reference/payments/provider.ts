/**
 * The fake payment provider as its own process. It checks the version of Node first; the program is
 * ProviderCommand.ts.
 */
import { requireNode } from "../../cli/NodeVersion.ts"

requireNode()
const { provider } = await import("./ProviderCommand.ts")
provider()

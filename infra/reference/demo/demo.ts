/**
 * `npm run demo`: a thousand orders and crashes. It checks the version of Node first; the program is
 * DemoCommand.ts.
 */
import { requireNode } from "../../cli/NodeVersion.ts"

requireNode()
const { demo } = await import("./DemoCommand.ts")
demo()

/** The second node of the shop as a process of its own: `node South.ts '<NodeGiven as JSON>'`. Tells its parent its address. */
import { makeGateway } from "../../../infra/http.ts"
import { type NodeGiven, startNode } from "./Node.ts"

process.on("disconnect", () => process.exit(1))
const system = await startNode(JSON.parse(process.argv[2] ?? "") as NodeGiven)
const { url } = await makeGateway(system, { console: true }).listen()
process.send?.(url)

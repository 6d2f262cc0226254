/**
 * Starts the service: on the servers that NATS_URL and DATABASE_URL name, or on embedded ones whose data is in
 * .everstate/. Start it several times, each with a PORT of its own, and the processes are one system.
 */
import { ActorSystem } from "everstate"
import { serversFromEnv } from "everstate/embedded"
import { makeGateway } from "everstate/http"
import { Account, Balances, Transfer } from "./definitions.ts"

const servers = await serversFromEnv(".everstate")
const system = await ActorSystem.start({
  nats: servers.natsUrl,
  postgres: servers.postgresUrl,
  actors: [Account],
  sagas: [Transfer],
  projections: [Balances],
})
const { PORT = "3000", HOST = "127.0.0.1", ALLOWED_HOSTS = "", EVERSTATE_TOKENS } = process.env
// Without tokens it takes requests of this machine alone. EVERSTATE_TOKENS has one on each line: role (viewer or
// operator), name, token. In place of tokens give `authorize`, if you have an identity provider.
const gateway = makeGateway(system, {
  console: true,
  allowedHosts: ALLOWED_HOSTS.split(",").filter((host) => host !== ""),
  ...(EVERSTATE_TOKENS === undefined ? {} : { tokens: { env: "EVERSTATE_TOKENS" } }),
})
const { url } = await gateway.listen({ port: Number(PORT), host: HOST })
console.log(`
  The service runs at ${url}

  json='Content-Type: application/json'
  curl -X POST ${url}/actors/account/ann/Open -H "$json" -d '{"owner":"Ann"}'
  curl -X POST ${url}/actors/account/ann/Deposit -H "$json" -d '{"minor":100}'
  curl ${url}/actors/account/ann

  ${url}/console/ shows them, npx everstate --help does it from here.
  Ctrl-C stops it; the accounts stay.
`)

const stop = async () => {
  await gateway.close()
  await system.stop()
  await servers.stop()
}
process.once("SIGINT", stop).once("SIGTERM", stop)

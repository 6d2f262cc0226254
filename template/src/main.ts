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
// It listens on this machine alone. Before others may reach it, give `authorize`: who may do what.
const gateway = makeGateway(system)
const { url } = await gateway.listen({ port: Number(process.env.PORT ?? 3000) })
console.log(`
  The service runs at ${url}

  json='Content-Type: application/json'
  curl -X POST ${url}/actors/account/ann/Open -H "$json" -d '{"owner":"Ann"}'
  curl -X POST ${url}/actors/account/ann/Deposit -H "$json" -d '{"minor":100}'
  curl ${url}/actors/account/ann

  Ctrl-C stops it; the accounts stay.
`)

const stop = async () => {
  await gateway.close()
  await system.stop()
  await servers.stop()
}
process.once("SIGINT", stop).once("SIGTERM", stop)

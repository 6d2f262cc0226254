/** Which server leads a stream now, and so takes its writes. */
import { jetstreamManager } from "@nats-io/jetstream"
import { connect } from "@nats-io/transport-node"
import type { NatsServer } from "../../infra/embedded.ts"

/** Servers are called n1, n2, ... (NatsCluster.ts). */
export const leaderOf = async (
  servers: ReadonlyArray<NatsServer>,
  stream: string,
): Promise<NatsServer | undefined> => {
  const connection = await connect({
    ...servers[0]?.login,
    servers: servers.map(({ login }) => login.servers),
  })
  try {
    const manager = await jetstreamManager(connection)
    const { cluster } = await manager.streams.info(stream)
    return servers.find((_, index) => `n${index + 1}` === cluster?.leader)
  } finally {
    await connection.close()
  }
}

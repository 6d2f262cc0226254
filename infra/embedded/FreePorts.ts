/** Loopback ports for servers that cannot choose one themselves. */
import { createServer, type Server } from "node:net"

/**
 * Ports that were free a moment ago, all different. Another process may still take one: the caller starts
 * again then.
 */
export const freePorts = async (count: number): Promise<ReadonlyArray<number>> => {
  const probes = await Promise.all(Array.from({ length: count }, listenAnywhere))
  const ports = probes.map(({ port }) => port)
  await Promise.all(probes.map(({ server }) => new Promise((resolve) => server.close(resolve))))
  return ports
}

const listenAnywhere = (): Promise<{ readonly server: Server; readonly port: number }> =>
  new Promise((resolve, reject) => {
    const server = createServer()
    server.once("error", reject)
    server.listen(0, "127.0.0.1", () => {
      const address = server.address()
      if (typeof address === "object" && address !== null) resolve({ server, port: address.port })
    })
  })

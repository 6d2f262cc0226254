/**
 * A wire that can be cut: a TCP proxy on loopback between a node and a NATS server.
 *
 * Owns what the network does to a connection. `cut`: connections are reset and new ones too. `blackhole`: nothing comes
 * through, and nobody is told. `delay`: everything comes, later.
 */
import { connect, createServer, type Server, type Socket } from "node:net"

export type WireState = "pass" | "cut" | "blackhole" | "delay"

/** What `delay` adds in each direction, in milliseconds. */
const DELAY_MS = 200

interface Pair {
  readonly near: Socket
  readonly far: Socket
}

export class Wire {
  readonly #server: Server
  readonly #target: string
  readonly #pairs = new Set<Pair>()
  #state: WireState = "pass"

  private constructor(server: Server, target: string) {
    this.#server = server
    this.#target = target
    server.on("connection", (near) => this.#accept(near))
  }

  /** To the server at this address, whose credentials the wire's own has, too. */
  static async open(target: string): Promise<Wire> {
    const server = createServer()
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject)
      server.listen(0, "127.0.0.1", resolve)
    })
    return new Wire(server, target)
  }

  get url(): string {
    const address = this.#server.address()
    const url = new URL(this.#target)
    if (typeof address === "object" && address !== null) url.port = String(address.port)
    return url.href
  }

  set(state: WireState): void {
    this.#state = state
    if (state === "cut") for (const pair of [...this.#pairs]) end(pair)
    const isOpen = state === "pass" || state === "delay"
    for (const { near, far } of this.#pairs) {
      for (const socket of [near, far]) isOpen ? socket.resume() : socket.pause()
    }
  }

  async close(): Promise<void> {
    this.set("cut")
    await new Promise((resolve) => this.#server.close(resolve))
  }

  #accept(near: Socket): void {
    if (this.#state === "cut") {
      near.on("error", () => undefined)
      near.resetAndDestroy()
      return
    }
    const far = connect({ host: "127.0.0.1", port: Number(new URL(this.#target).port), noDelay: true })
    near.setNoDelay(true)
    const pair = { near, far }
    this.#pairs.add(pair)
    this.#carry(near, far)
    this.#carry(far, near)
    for (const socket of [near, far]) {
      socket.on("error", () => undefined)
      socket.on("close", () => {
        this.#pairs.delete(pair)
        end(pair)
      })
    }
    if (this.#state === "blackhole") for (const socket of [near, far]) socket.pause()
  }

  #carry(from: Socket, to: Socket): void {
    const pass = (data: Buffer): void => {
      if (to.destroyed || to.write(data)) return
      from.pause()
      to.once("drain", () => this.#state !== "blackhole" && from.resume())
    }
    let delayedCount = 0
    from.on("data", (data: Buffer) => {
      // What comes after something that waits, waits as well: bytes keep their order.
      if (this.#state !== "delay" && delayedCount === 0) return pass(data)
      delayedCount++
      setTimeout(() => {
        delayedCount--
        pass(data)
      }, DELAY_MS)
    })
  }
}

const end = ({ near, far }: Pair): void => {
  for (const socket of [near, far]) if (!socket.destroyed) socket.resetAndDestroy()
}

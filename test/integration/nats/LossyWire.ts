/**
 * A wire between a client and a NATS server that loses or changes single messages: a proxy that reads the server's
 * half of the protocol, frame by frame.
 *
 * Owns the frames. What becomes of a message is the test's: `carry` sees each and says what arrives instead of it.
 */
import { connect, createServer, type Socket } from "node:net"
import { Effect, type Scope } from "effect"

/** A message on its way to the client. */
export interface CarriedMessage {
  readonly subject: string
  readonly sid: string
  readonly reply: string | undefined
  /** The header block as it is on the wire, empty where there is none. */
  readonly headers: string
  readonly data: Buffer
}

/** What a server says of itself before it refuses a connection. */
const REFUSING_SERVER = {
  server_id: "wire",
  version: "2.14.0",
  proto: 1,
  headers: true,
  max_payload: 1_048_576,
}

/** The message as it arrives; undefined: it is lost. */
type Carry = (message: CarriedMessage) => CarriedMessage | undefined

export interface LossyWire {
  /** Address of the wire, with the credentials of the server's. */
  readonly url: string
  /** Decides about every message from now on. */
  carry: Carry
  /** Errors that the next connections get for an answer, one each, as the server would say them. */
  readonly refusals: Array<string>
  /** Ends the connections that there are; new ones are taken. */
  readonly cut: () => void
}

/** The value of a header; undefined where it is missing. */
export const headerOf = ({ headers }: CarriedMessage, name: string): string | undefined =>
  new RegExp(`^${name}: (.*)\r$`, "m").exec(headers)?.[1]

const encode = ({ subject, sid, reply, headers, data }: CarriedMessage): Buffer => {
  const head = Buffer.from(headers, "latin1")
  const to = [subject, sid, ...(reply === undefined ? [] : [reply])].join(" ")
  const line =
    head.length === 0
      ? `MSG ${to} ${data.length}\r\n`
      : `HMSG ${to} ${head.length} ${head.length + data.length}\r\n`
  return Buffer.concat([Buffer.from(line, "latin1"), head, data, Buffer.from("\r\n")])
}

/** Frames of the server's half, as they become whole. */
class Frames {
  #rest = Buffer.alloc(0)

  /** What goes on to the client of what has come. */
  take(chunk: Buffer, carry: Carry): Buffer {
    this.#rest = Buffer.concat([this.#rest, chunk])
    const out: Array<Buffer> = []
    for (;;) {
      const lineEnd = this.#rest.indexOf("\r\n")
      if (lineEnd === -1) break
      const [verb, ...words] = this.#rest.subarray(0, lineEnd).toString("latin1").split(" ")
      if (verb !== "MSG" && verb !== "HMSG") {
        out.push(this.#rest.subarray(0, lineEnd + 2))
        this.#rest = this.#rest.subarray(lineEnd + 2)
        continue
      }
      const total = Number(words.pop())
      const headerLength = verb === "HMSG" ? Number(words.pop()) : 0
      const start = lineEnd + 2
      if (this.#rest.length < start + total + 2) break
      const body = this.#rest.subarray(start, start + total)
      this.#rest = this.#rest.subarray(start + total + 2)
      const [subject = "", sid = "", reply] = words
      const headers = body.subarray(0, headerLength).toString("latin1")
      const arrived = carry({ subject, sid, reply, headers, data: body.subarray(headerLength) })
      if (arrived !== undefined) out.push(encode(arrived))
    }
    return Buffer.concat(out)
  }
}

/** A wire to the server at this address, gone with the scope. At first it loses nothing. */
export const lossyWire = (target: string): Effect.Effect<LossyWire, never, Scope.Scope> =>
  Effect.gen(function* () {
    const sockets = new Set<Socket>()
    const server = createServer((near) => {
      const refusal = wire.refusals.shift()
      if (refusal !== undefined) {
        near.on("error", () => undefined).resume()
        near.end(`INFO ${JSON.stringify(REFUSING_SERVER)}\r\n-ERR '${refusal}'\r\n`)
        return
      }
      const far = connect({ host: "127.0.0.1", port: Number(new URL(target).port), noDelay: true })
      const frames = new Frames()
      near.pipe(far)
      far.on("data", (chunk) => {
        const out = frames.take(chunk, (message) => wire.carry(message))
        if (out.length > 0) near.write(out)
      })
      for (const [one, other] of [
        [near, far],
        [far, near],
      ] as const) {
        sockets.add(one)
        one.on("error", () => other.destroy())
        one.on("close", () => other.destroy())
      }
    })
    yield* Effect.acquireRelease(
      Effect.promise(() => new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))),
      () =>
        Effect.promise(() => {
          for (const socket of sockets) socket.destroy()
          return new Promise((resolve) => server.close(resolve))
        }),
    )
    const address = server.address()
    const url = new URL(target)
    if (typeof address === "object" && address !== null) url.port = String(address.port)
    const wire: LossyWire = {
      url: url.href,
      carry: (message) => message,
      refusals: [],
      cut: () => {
        for (const socket of sockets) socket.destroy()
      },
    }
    return wire
  })

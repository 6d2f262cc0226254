/**
 * A fetch handler on Node's HTTP server.
 *
 * Owns the translation of Node's requests and responses, the limits of the server, and the answers that Node's
 * parser would give by itself: they are problem documents, too. Bodies are written as bytes, because Node
 * would write the header lines in the encoding of a text body, and names in headers would change.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from "node:http"
import type { AddressInfo, Socket } from "node:net"
import { Readable } from "node:stream"
import { type Problem, problem } from "../http/Problem.ts"
import { guarded, problemAnswer } from "./Answers.ts"

/** Answers one request. Never rejects. */
export type Fetch = (request: Request) => Promise<Response>

/** Largest headers of a request, in bytes. */
export const HEADER_BYTES_MAX = 16_384
/** Longest time that a client may take to send its headers, in milliseconds. */
const HEADERS_MS = 20_000
/** Longest time that a client may take to send a whole request, in milliseconds. */
const REQUEST_MS = 60_000
/** Longest wait for running requests at the end, in milliseconds. */
export const REQUESTS_DRAIN_MS = 10_000
/** Time between two looks for idle connections at the end, in milliseconds. */
const IDLE_CHECK_MS = 20

/** An open listener. */
export interface Listening {
  /** Address of the listener, as in `http://127.0.0.1:3000`. */
  readonly url: string
  readonly host: string
  readonly port: number
  /** Takes no more connections, waits 10 s at most for running requests, then closes all connections. */
  readonly close: () => Promise<void>
}

/** Opens a server. Rejects with Node's error if it cannot listen there. */
export const listenOn = (fetch: Fetch, { port, host }: { readonly port: number; readonly host: string }) =>
  new Promise<Listening>((resolve, reject) => {
    const server = createServer({
      maxHeaderSize: HEADER_BYTES_MAX,
      headersTimeout: HEADERS_MS,
      requestTimeout: REQUEST_MS,
      // Node's own answer to a request without Host is no problem document.
      requireHostHeader: false,
    })
    server.on("request", nodeHandler(fetch))
    server.on("checkExpectation", (_, response: ServerResponse) => {
      void write(
        response,
        guarded(problemAnswer(problem("expectationFailed", "Expect is not 100-continue."))),
      )
    })
    server.on("clientError", answerParserError)
    server.once("error", reject)
    server.listen({ port, host }, () => {
      server.off("error", reject)
      const address = server.address() as AddressInfo
      const name = address.family === "IPv6" ? `[${address.address}]` : address.address
      resolve({
        url: `http://${name}:${address.port}`,
        host: address.address,
        port: address.port,
        close: () => closeServer(server),
      })
    })
  })

const closeServer = (server: Server): Promise<void> =>
  new Promise((resolve) => {
    const late = setTimeout(() => server.closeAllConnections(), REQUESTS_DRAIN_MS)
    // A connection that is kept alive becomes idle when its last answer is out.
    const idle = setInterval(() => server.closeIdleConnections(), IDLE_CHECK_MS)
    server.close(() => {
      clearTimeout(late)
      clearInterval(idle)
      resolve()
    })
  })

/** The fetch handler as a listener of `node:http`, for Express and other servers on it. */
export const nodeHandler =
  (fetch: Fetch) =>
  (incoming: IncomingMessage, outgoing: ServerResponse): void => {
    void respond(fetch, incoming, outgoing)
  }

const respond = async (fetch: Fetch, incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
  const gone = new AbortController()
  outgoing.once("close", () => gone.abort())
  const request = webRequest(incoming, gone.signal)
  const response = request instanceof Request ? await fetch(request) : guarded(problemAnswer(request))
  await write(outgoing, response)
}

/** The request in the form of the web; a problem if it has none. */
const webRequest = (incoming: IncomingMessage, signal: AbortSignal): Request | Problem => {
  const { method = "GET", url = "/", rawHeaders } = incoming
  if (incoming.headers.host === undefined && incoming.httpVersionMinor > 0) {
    return problem("invalidRequest", "The request has no Host.")
  }
  try {
    const headers = new Headers()
    for (let index = 0; index < rawHeaders.length; index += 2) {
      headers.append(rawHeaders[index] ?? "", rawHeaders[index + 1] ?? "")
    }
    const { "content-length": length = "0", "transfer-encoding": coding } = incoming.headers
    const hasBody = method !== "GET" && method !== "HEAD" && (length !== "0" || coding !== undefined)
    return new Request(`${originOf(incoming)}${pathOf(url)}`, {
      method,
      headers,
      signal,
      ...(hasBody ? { body: Readable.toWeb(incoming) as ReadableStream<Uint8Array>, duplex: "half" } : {}),
    })
  } catch {
    return problem(
      "invalidRequest",
      `The request line or a header cannot be read: ${method} ${url.slice(0, 100)}`,
    )
  }
}

/** The checks of Host look at the header. A name that is no name does not get into the URL. */
const originOf = ({ headers: { host = "" } }: IncomingMessage): string => {
  const origin = `http://${host}`
  return /^[\w.:[\]-]+$/.test(host) && URL.canParse(origin) ? origin : "http://localhost"
}

/** The path of the request line, which may be a whole URL. */
const pathOf = (url: string): string => {
  if (url.startsWith("/")) return url
  const whole = URL.parse(url)
  return whole === null ? "/" : whole.pathname + whole.search
}

const write = async (outgoing: ServerResponse, response: Response): Promise<void> => {
  outgoing.writeHead(response.status, [...response.headers].flat())
  if (response.body === null) {
    outgoing.end()
    return
  }
  const reader = response.body.getReader()
  outgoing.once("close", () => void reader.cancel().catch(() => undefined))
  try {
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      if (outgoing.destroyed) return
      if (!outgoing.write(part.value)) await drained(outgoing)
    }
    outgoing.end()
  } catch {
    // The body broke off: only a broken connection tells the client so.
    outgoing.destroy()
  }
}

const drained = (outgoing: ServerResponse): Promise<void> =>
  new Promise((resolve) => {
    const done = () => {
      outgoing.off("drain", done)
      outgoing.off("close", done)
      resolve()
    }
    outgoing.on("drain", done)
    outgoing.on("close", done)
  })

/** The problem for an error of Node's parser. */
const parserProblem = (code: string | undefined): Problem => {
  switch (code) {
    case "HPE_HEADER_OVERFLOW":
      return problem("invalidHeaders", `The headers are larger than ${HEADER_BYTES_MAX} bytes.`)
    case "ERR_HTTP_REQUEST_TIMEOUT":
      return { ...problem("invalidRequest", "The request did not come in time."), status: 408 }
    default:
      return problem("invalidRequest", "The request is not HTTP.")
  }
}

const answerParserError = (error: Error & { readonly code?: string }, socket: Socket): void => {
  if (error.code === "ECONNRESET" || !socket.writable) {
    socket.destroy()
    return
  }
  const given = parserProblem(error.code)
  const response = guarded(problemAnswer(given, { connection: "close" }))
  const lines = [...response.headers].map(([name, value]) => `${name}: ${value}`)
  const body = JSON.stringify(given)
  const status = `HTTP/1.1 ${given.status} ${STATUS_CODES[given.status] ?? ""}`
  socket.end([status, ...lines, `content-length: ${Buffer.byteLength(body)}`, "", body].join("\r\n"))
}

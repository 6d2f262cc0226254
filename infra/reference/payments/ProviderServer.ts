/**
 * The fake payment provider over HTTP: `POST /{authorise,capture,refund,void}` with an `Idempotency-Key` and
 * the payment in the body (because not every id fits into a path), and `GET /ledger` for auditors.
 *
 * Owns requests and answers: 200, 402 declined, 409 not in this state, 400 and 422 for mistakes, 500 for a
 * simulated error, 413 for a body that is too large, 403, 415 and 421 for requests from pages of other sites (infra/http/RequestGuard.ts). The
 * body of a refusal is `{ reason }`. A key that was answered before gets the same answer, and nothing else is
 * done. ProviderLedger.ts books, ProviderManners.ts misbehaves, provider.ts is the program.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { Readable } from "node:stream"
import { Schema } from "effect"
import { actorId } from "../../../actors/BoundedText.ts"
import { Money } from "../../../actors/Money.ts"
import { CardToken } from "../../../actors/payment/PaymentEvents.ts"
import { boundedBody, TOO_LARGE } from "../../http/BoundedBody.ts"
import { type RequestGuard, requestGuard } from "../../http/RequestGuard.ts"
import { ProviderFile } from "./ProviderFile.ts"
import {
  OPERATIONS,
  type Operation,
  type ProviderAnswer,
  type ProviderEntry,
  ProviderLedger,
} from "./ProviderLedger.ts"
import { type Manner, ProviderManners, type ProviderMannersOptions } from "./ProviderManners.ts"

/** Largest body, in bytes. */
export const BODY_BYTES_MAX = 16_384

/** Longest wait at a stop for slow answers, in milliseconds. */
export const STOP_DRAIN_MS = 5_000

const HOST_DEFAULT = "127.0.0.1"

export interface ProviderOptions extends ProviderMannersOptions {
  /** Port; 0, the default, for any free one. */
  readonly port?: number
  /** Host; by default this machine alone. */
  readonly host?: string
  /** File of the books; without it they end with the process. */
  readonly file?: string
}

/** Count of requests for each treatment. */
export type MannerCounts = { readonly [manner in Manner]: number }

export interface Provider {
  readonly url: string
  /** The answer of `GET /ledger`. */
  readonly ledger: () => ReturnType<ProviderLedger["report"]> & { readonly manners: MannerCounts }
  /** Takes no more requests, finishes slow answers, drops those that hang. */
  readonly stop: () => Promise<void>
}

const payment = { paymentId: actorId }
const decodePayment = Schema.decodeUnknownSync(Schema.fromJsonString(Schema.Struct(payment)))
const decodeAuthorisation = Schema.decodeUnknownSync(
  Schema.fromJsonString(Schema.Struct({ ...payment, amount: Money, card: CardToken })),
)

class BadRequest extends Error {
  readonly answer: ProviderAnswer

  constructor(status: number, reason: string, detail?: string) {
    super(reason)
    this.answer = { status, body: { reason, ...(detail === undefined ? {} : { detail }) } }
  }
}

class RunningProvider implements Provider {
  url = ""
  readonly #server: Server
  readonly #books = new ProviderLedger()
  readonly #manners: ProviderManners
  readonly #file: ProviderFile | undefined
  readonly #attempts = new Map<string, number>()
  readonly #counts = { prompt: 0, hang: 0, error: 0, lost: 0, slow: 0 }
  readonly #hanging = new Set<ServerResponse>()
  readonly #guard: RequestGuard

  constructor(options: ProviderOptions) {
    this.#guard = requestGuard([options.host ?? HOST_DEFAULT])
    this.#manners = new ProviderManners(options)
    this.#file = options.file === undefined ? undefined : new ProviderFile(options.file)
    for (const entry of this.#file?.read() ?? []) this.#books.book(entry)
    this.#server = createServer((request, response) => void this.#serve(request, response))
  }

  listen({ port = 0, host = HOST_DEFAULT }: ProviderOptions): Promise<this> {
    return new Promise((resolve, reject) => {
      this.#server.once("error", reject)
      this.#server.listen(port, host, () => {
        this.url = urlOf(this.#server.address() as AddressInfo)
        resolve(this)
      })
    })
  }

  ledger(): ReturnType<Provider["ledger"]> {
    return { ...this.#books.report(), manners: { ...this.#counts } }
  }

  async stop(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()))
    for (const response of this.#hanging) response.destroy()
    const force = setTimeout(() => this.#server.closeAllConnections(), STOP_DRAIN_MS)
    await closed
    clearTimeout(force)
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const refusal = this.#guard({ method: request.method ?? "", headers: request.headers })
      if (refusal !== undefined) {
        const status = { foreignHost: 421, crossOrigin: 403, unsupportedMediaType: 415 }[refusal.kind]
        throw new BadRequest(status, refusal.kind, refusal.detail)
      }
      if (request.method === "GET" && request.url === "/ledger") {
        send(response, { status: 200, body: { ...this.ledger() } })
      } else {
        this.#operate(await entryOf(request), response)
      }
    } catch (cause) {
      if (cause instanceof BadRequest) send(response, cause.answer)
      else response.destroy() // the client has gone while it was sending
    }
  }

  #operate(asked: ProviderEntry, response: ServerResponse): void {
    const attempt = (this.#attempts.get(asked.key) ?? 0) + 1
    this.#attempts.set(asked.key, attempt)
    const manner = this.#manners.mannerOf(asked.key, attempt, asked.card)
    this.#counts[manner]++
    if (manner === "hang") {
      this.#hanging.add(response)
      response.once("close", () => this.#hanging.delete(response))
    } else if (manner === "error") {
      send(response, { status: 500, body: { reason: "Broken" } })
    } else {
      const answer = this.#books.repeated(asked) ?? this.#book(asked)
      if (manner === "lost") response.destroy()
      else if (manner === "slow") setTimeout(() => send(response, answer), this.#manners.slowMs)
      else send(response, answer)
    }
  }

  /** Books an operation. It is in the file before it is answered. */
  #book(asked: ProviderEntry): ProviderAnswer {
    const { paymentId, amount, card } = asked
    const declined =
      amount === undefined || card === undefined ? undefined : this.#manners.declines(paymentId, amount, card)
    const entry = declined === undefined ? asked : { ...asked, declined }
    this.#file?.append(entry)
    return this.#books.book(entry)
  }
}

/** Starts the provider; it listens when the promise resolves. */
export const startProvider = (options: ProviderOptions = {}): Promise<Provider> =>
  new RunningProvider(options).listen(options)

const urlOf = ({ address, family, port }: AddressInfo): string =>
  `http://${family === "IPv6" ? `[${address}]` : address}:${port}`

const send = (response: ServerResponse, { status, body }: ProviderAnswer): void => {
  const text = JSON.stringify(body)
  response.writeHead(status, {
    "content-type": "application/json",
    "content-length": Buffer.byteLength(text),
  })
  response.end(text)
}

/** The operation that the request asks for. Throws {@link BadRequest}. */
const entryOf = async (request: IncomingMessage): Promise<ProviderEntry> => {
  const operation = request.url?.slice(1) ?? ""
  if (!isOperation(operation)) throw new BadRequest(404, "NoSuchOperation")
  if (request.method !== "POST") throw new BadRequest(405, "PostOnly")
  const key = request.headers["idempotency-key"]
  if (typeof key !== "string" || key === "") throw new BadRequest(400, "NoIdempotencyKey")
  const body = await bodyOf(request)
  try {
    const asked = operation === "authorise" ? decodeAuthorisation(body) : decodePayment(body)
    return { key, operation, ...asked }
  } catch (cause) {
    throw new BadRequest(400, "Malformed", String(cause))
  }
}

const isOperation = (text: string): text is Operation => (OPERATIONS as ReadonlyArray<string>).includes(text)

const bodyOf = async (request: IncomingMessage): Promise<string> => {
  const body = Readable.toWeb(request) as ReadableStream<Uint8Array>
  const contentLength = request.headers["content-length"]
  const whole = await boundedBody({ body, contentLength }, BODY_BYTES_MAX)
  if (whole === TOO_LARGE) throw new BadRequest(413, "TooLarge")
  return new TextDecoder().decode(whole)
}

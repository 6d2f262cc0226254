/**
 * Requests between simulated processes through their server: lost, slow, doubled, or unrouted although a node
 * serves the subject.
 *
 * Owns which process serves which subject. A dead process is removed at once. A paused one still gets
 * requests and answers them when it resumes. A disconnected one is forgotten after a while
 * (SimulatedLinks.ts). Transport and journal are one server.
 */
import { Effect, Exit } from "effect"
import { RequestFailed, type RequestHandler, type TransportService } from "../../transport/Transport.ts"
import type { FaultKind } from "./FaultKind.ts"
import type { Network } from "./Network.ts"
import type { Randomness } from "./Randomness.ts"
import { SimulatedLinks } from "./SimulatedLinks.ts"
import type { SimulatedProcess } from "./SimulatedProcess.ts"

/** Largest message in bytes: the default limit of nats-server. */
const MESSAGE_BYTES_MAX = 1024 * 1024

/** Longest time of a subscription, in milliseconds. */
const SERVE_TIMEOUT_MS = 5_000

/** Extra delay of a slow request, in milliseconds. */
const SLOW_MS = { min: 20, max: 4_000 }

/** Delay of the copy of a request, in milliseconds. */
const TWICE_AFTER_MS = 5

type Handle = Parameters<TransportService["serve"]>[1]

interface Served {
  readonly host: SimulatedProcess
  readonly subject: string
  readonly handle: Handle
  isOver: boolean
}

/** A request in flight. Its outcome is reported once, in its sender's process. */
interface Sent {
  readonly host: SimulatedProcess
  readonly subject: string
  readonly data: Uint8Array
  readonly isAnswerLost: boolean
  readonly succeed: (reply: Uint8Array) => void
  readonly fail: (reason: RequestFailed["reason"]) => void
}

const forget = (): void => undefined

export class SimulatedTransport {
  readonly #network: Network
  readonly #links: SimulatedLinks
  readonly #served = new Map<string, Set<Served>>()

  constructor(network: Network) {
    this.#network = network
    this.#links = new SimulatedLinks(network, "journal")
  }

  connect(host: SimulatedProcess): TransportService {
    const link = this.#links.of(host)
    return {
      messageBytesMax: MESSAGE_BYTES_MAX,
      send: (subject, request, timeoutMs, handler) => this.#send(host, subject, request, timeoutMs, handler),
      serve: (subject, handle) => this.#serve(host, subject, handle),
      disconnectedAtMs: () => (link.isDown ? this.#network.world.nowMs : link.reconnectedAtMs),
      refusedCount: () => 0,
    }
  }

  /** Sends a request that no node sends, on a subject that is served; returns the subject. */
  put(
    random: Randomness,
    request: Uint8Array,
    told: (outcome: { readonly reply: Uint8Array } | { readonly thrown: unknown }) => void,
  ): string | undefined {
    const subjects = [...this.#served.keys()]
    if (subjects.length === 0) return undefined
    const subject = random.pick(subjects)
    for (const served of this.#whoServes(subject)) {
      this.#network.answer(served.host, "journal", 0, () => {
        try {
          if (!served.isOver) served.handle(request, (reply) => told({ reply }))
        } catch (thrown) {
          told({ thrown })
        }
      })
    }
    return subject
  }

  #send(
    host: SimulatedProcess,
    subject: string,
    data: Uint8Array,
    timeoutMs: number,
    { onReply, onFailure }: RequestHandler,
  ): () => void {
    const { world } = this.#network
    const link = this.#links.of(host)
    world.note(host.name, `request ${subject}`)
    const tell = (reason: RequestFailed["reason"]): void => {
      world.note(host.name, `request ${subject} failed: ${reason}`)
      if (subject.startsWith("ask.")) world.mark(`an ask between nodes failed: ${reason}`)
      onFailure(new RequestFailed({ reason, subject, detail: "simulated" }))
    }
    if (data.length > MESSAGE_BYTES_MAX || link.isDown) {
      tell(link.isDown ? "Disconnected" : "TooLarge")
      return forget
    }
    let isOver = false
    const end = (work: () => void): void => {
      if (isOver) return
      isOver = true
      timeout.cancel()
      link.waiting.delete(lost)
      work()
    }
    const fail: Sent["fail"] = (reason) => end(() => tell(reason))
    const lost = (): void => fail("Disconnected")
    const timeout = world.after(timeoutMs, host, () => fail("Timeout"))
    link.waiting.add(lost)
    this.#depart({
      host,
      subject,
      data: data.slice(),
      isAnswerLost: this.#strikes("request answer lost", host, subject),
      succeed: (reply) => end(() => onReply(reply)),
      fail,
    })
    return () => end(forget)
  }

  #strikes(kind: FaultKind, { name }: SimulatedProcess, subject: string): boolean {
    return this.#network.faults.strikes(kind, name, subject)
  }

  #depart(sent: Sent): void {
    const { host, subject } = sent
    const network = this.#network
    if (this.#strikes("request lost", host, subject)) return
    const isUnrouted = this.#strikes("request unrouted", host, subject)
    const slowMs = this.#strikes("request slow", host, subject)
      ? network.faults.details("request slow").between(SLOW_MS.min, SLOW_MS.max)
      : 0
    const arrive = (): void => this.#route(sent, isUnrouted ? [] : this.#whoServes(subject))
    network.send(host, "journal", slowMs, arrive, () => sent.fail("Disconnected"))
    if (this.#strikes("request twice", host, subject)) {
      network.send(host, "journal", slowMs + TWICE_AFTER_MS, arrive)
    }
  }

  /** Servers of the subject that the server knows of now. */
  #whoServes(subject: string): ReadonlyArray<Served> {
    const all = this.#served.get(subject) ?? new Set<Served>()
    for (const served of all) if (served.host.life === "dead") all.delete(served)
    return Array.from(all).filter(({ host }) => this.#links.of(host).isKnown)
  }

  #route(sent: Sent, servers: ReadonlyArray<Served>): void {
    const network = this.#network
    if (servers.length === 0) {
      network.answer(sent.host, "journal", 0, () => sent.fail("NoResponders"))
    }
    for (const served of servers) {
      network.answer(served.host, "journal", 0, () => {
        if (!served.isOver) served.handle(sent.data, (reply) => this.#reply(sent, served.host, reply))
      })
    }
  }

  #reply(sent: Sent, from: SimulatedProcess, reply: Uint8Array): void {
    const network = this.#network
    if (sent.subject.startsWith("ask.")) network.world.mark("an ask was answered by another node")
    if (sent.isAnswerLost) return
    const take = (): void => (reply.length > MESSAGE_BYTES_MAX ? sent.fail("TooLarge") : sent.succeed(reply))
    network.send(from, "journal", 0, () => network.answer(sent.host, "journal", 0, take))
  }

  #serve(host: SimulatedProcess, subject: string, handle: Handle): ReturnType<TransportService["serve"]> {
    const network = this.#network
    return Effect.suspend(() => {
      const served: Served = { host, subject, handle, isOver: false }
      const remove = (): void => this.#remove(served)
      const leave = Effect.sync(() => {
        served.isOver = true
        network.send(host, "journal", 0, remove, remove, remove)
      })
      const enter = network.call<void, RequestFailed>({
        host,
        server: "journal",
        what: `serve ${subject}`,
        serve: () => {
          if (!served.isOver) this.#served.set(subject, (this.#served.get(subject) ?? new Set()).add(served))
          return Exit.void
        },
        timeoutMs: SERVE_TIMEOUT_MS,
        unanswered: (reason) => new RequestFailed({ reason, subject, detail: "simulated" }),
        fate: {},
      })
      return Effect.andThen(
        Effect.addFinalizer(() => leave),
        Effect.onError(enter, () => leave),
      )
    })
  }

  #remove(served: Served): void {
    const all = this.#served.get(served.subject)
    all?.delete(served)
    if (all?.size === 0) this.#served.delete(served.subject)
  }
}

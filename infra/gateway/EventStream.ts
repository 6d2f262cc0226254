/**
 * Server-sent events: their text, signs of life, and a bound on how many streams are open.
 *
 * Owns the form of the stream. What is sent: WatchRoutes.ts.
 */
import { Duration, Effect, Stream } from "effect"
import { HttpServerResponse } from "effect/http"
import { type Problem, problem } from "../http/Problem.ts"
import { problemResponse } from "../http/ProblemResponses.ts"

/** Streams that one gateway keeps open at the same time. */
export const STREAMS_MAX = 10_000

/** Time between two signs of life, in milliseconds: proxies close connections on which nothing happens. */
const ALIVE_MS = 15_000

/** Time after which a browser connects again, in milliseconds. */
const RETRY_MS = 2_000

/** One event of a stream. */
export interface StreamEvent {
  readonly name: string
  /** Sent back as `Last-Event-ID` when the client connects again. */
  readonly id?: number
  readonly data: unknown
}

const eventText = ({ name, id, data }: StreamEvent): string =>
  `${id === undefined ? "" : `id: ${id}\n`}event: ${name}\ndata: ${JSON.stringify(data)}\n\n`

/** The streams of a gateway. */
export class EventStreams {
  readonly #limit: number
  readonly #ended: Effect.Effect<void>
  #openCount = 0

  constructor(ended: Effect.Effect<void>, limit = STREAMS_MAX) {
    this.#ended = ended
    this.#limit = limit
  }

  get openCount(): number {
    return this.#openCount
  }

  /**
   * The answer that sends the events until the gateway closes. An error of the source is sent as the last event,
   * of the name `problem`, because the answer has begun already.
   */
  answer<E>(
    events: Stream.Stream<StreamEvent, E>,
    problemOf: (error: E) => Problem,
  ): HttpServerResponse.HttpServerResponse {
    if (this.#openCount >= this.#limit) {
      return problemResponse(problem("tooManyStreams", `${this.#limit} streams are open.`))
    }
    const said = events.pipe(
      Stream.map(eventText),
      Stream.catch((error) => Stream.succeed(eventText({ name: "problem", data: problemOf(error) }))),
      Stream.map((text) => ({ text, isLast: false })),
      Stream.concat(Stream.succeed({ text: "", isLast: true })),
    )
    const alive = Stream.map(Stream.tick(Duration.millis(ALIVE_MS)), () => ({ text: ":\n\n", isLast: false }))
    const text = Stream.merge(said, alive).pipe(
      Stream.takeWhile(({ isLast }) => !isLast),
      Stream.map(({ text }) => text),
      Stream.interruptWhen(this.#ended),
    )
    const counted = Stream.suspend(() => {
      this.#openCount++
      return Stream.concat(Stream.succeed(`retry: ${RETRY_MS}\n\n`), text)
    }).pipe(
      Stream.ensuring(
        Effect.sync(() => {
          this.#openCount--
        }),
      ),
    )
    return HttpServerResponse.stream(Stream.encodeText(counted), {
      contentType: "text/event-stream",
      headers: { "cache-control": "no-store", "x-accel-buffering": "no" },
    })
  }
}

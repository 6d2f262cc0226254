/**
 * Server-sent events: their text, signs of life, a bound on how many streams are open, and their end.
 *
 * Owns the form of the stream. They end before the port of the service closes, because they would delay every stop by
 * the longest time that requests may take. What is sent: ClusterRoutes.ts and ../gateway/WatchRoutes.ts.
 */
import { Context, Duration, Effect, Latch, Stream } from "effect"
import { HttpServerResponse } from "effect/http"
import { type Problem, problem } from "./Problem.ts"
import { problemResponse } from "./ProblemResponses.ts"

/** Streams that one gateway keeps open at the same time. */
export const STREAMS_MAX = 10_000

/** Time between two signs of life, in milliseconds: proxies close connections on which nothing happens. */
const ALIVE_MS = 15_000

/** Time after which a browser connects again, in milliseconds. */
const RETRY_MS = 2_000

/** One event of a stream. */
export interface StreamEvent {
  /** Name of the kind; absent: an event of no name, which browsers call `message`. */
  readonly name?: string
  /** Sent back as `Last-Event-ID` when the client connects again. */
  readonly id?: number
  readonly data: unknown
}

const eventText = ({ name, id, data }: StreamEvent): string =>
  `${id === undefined ? "" : `id: ${id}\n`}${name === undefined ? "" : `event: ${name}\n`}data: ${JSON.stringify(data)}\n\n`

class OpenStreams {
  readonly #limit: number
  readonly #ended = Latch.makeUnsafe(false)
  #openCount = 0

  constructor(limit: number) {
    this.#limit = limit
  }

  /** Ends all streams, also those that come later. */
  get end(): Effect.Effect<void> {
    return Effect.asVoid(this.#ended.open)
  }

  get openCount(): number {
    return this.#openCount
  }

  /**
   * The answer that sends the events until the streams end. An error of the source is sent as the last event,
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
      Stream.interruptWhen(this.#ended.await),
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

/** The streams of a gateway, whatever they tell of: they share one bound. */
export class EventStreams extends Context.Service<EventStreams, OpenStreams>()(
  "everstate/http/EventStreams",
) {
  static readonly make = (limit = STREAMS_MAX): EventStreams["Service"] => new OpenStreams(limit)
}

/**
 * A remote over a gateway's routes: by HTTP, or by a gateway in this process.
 *
 * Owns requests, and the translation of problem documents into failures of verbs.
 */
import { Effect, Stream } from "effect"
import { Sse } from "effect/encoding"
import { jsonLine } from "./ActorText.ts"
import type { Document, FollowedEvent, Order, Query, Remote } from "./Remote.ts"
import { type ExitName, VerbFailed, wrongUse } from "./VerbFailed.ts"

/** Longest wait for an answer, in milliseconds: longer than the gateway waits for an actor. */
const ANSWER_MS = 60_000

type Fetch = (request: Request) => Promise<Response>

interface RemoteHttpOptions {
  /** Address of the gateway, base path included, without a slash at the end. */
  readonly url: string
  readonly token: string | undefined
  readonly fetch?: Fetch
}

export const remoteHttp = ({ url, token, fetch = globalThis.fetch }: RemoteHttpOptions): Remote => {
  const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` }

  const answerTo = (
    path: string,
    query: Query | undefined,
    init: RequestInit,
  ): Effect.Effect<Response, VerbFailed> => {
    const word = path.split("/").slice(1).find(isLostInPaths)
    if (word !== undefined) return Effect.fail(wrongUse(`Nothing has the name "${word}" here.`, WORDS_HINT))
    return Effect.tryPromise({
      try: async (signal) =>
        fetch(
          new Request(`${url}${path}${queryText(query)}`, {
            ...init,
            signal,
            headers: { ...authorization, ...init.headers },
          }),
        ),
      catch: (error) => unreachable(url, error),
    }).pipe(
      Effect.flatMap((response) => (response.ok ? Effect.succeed(response) : failureOf(response, path))),
    )
  }

  const document = (response: Response): Effect.Effect<Document, VerbFailed> =>
    response.status === 204
      ? Effect.succeed({})
      : Effect.tryPromise({
          try: () => response.json() as Promise<Document>,
          catch: () =>
            new VerbFailed({
              exit: "failed",
              what: `${url} answered with something that is no JSON.`,
              hint: "Is it the address of a gateway of Everstate, with its base path?",
            }),
        })

  const inTime = <A>(effect: Effect.Effect<A, VerbFailed>): Effect.Effect<A, VerbFailed> =>
    Effect.timeoutOrElse(effect, {
      duration: ANSWER_MS,
      orElse: () => Effect.fail(unreachable(url, new Error(`no answer in ${ANSWER_MS} ms`))),
    })

  return {
    where: url,
    endsWithVerb: false,
    get: (path, query) => inTime(Effect.flatMap(answerTo(path, query, { method: "GET" }), document)),
    send: ({ method, path, query, body, headers }: Order) =>
      inTime(
        Effect.flatMap(
          answerTo(path, query, {
            method,
            headers: { "x-everstate": "command", "content-type": "application/json", ...given(headers) },
            ...(body === undefined ? {} : { body: JSON.stringify(body) }),
          }),
          document,
        ),
      ),
    follow: (path, query) =>
      Stream.unwrap(
        Effect.map(
          answerTo(path, query, { method: "GET", headers: { accept: "text/event-stream" } }),
          (response) => eventsOf(response, url),
        ),
      ),
  }
}

const eventsOf = ({ body }: Response, url: string): Stream.Stream<FollowedEvent, VerbFailed> =>
  body === null
    ? Stream.empty
    : Stream.fromReadableStream({ evaluate: () => body, onError: (error) => unreachable(url, error) }).pipe(
        Stream.decodeText(),
        parsedEvents,
        // The answer has begun already when its stream fails, so the problem comes as an event.
        Stream.mapEffect((event) =>
          event.kind === "problem"
            ? Effect.fail(problemFailure(event.data, Number(event.data["status"]), url))
            : Effect.succeed(event),
        ),
      )

/** The events in the text. The pause that a server wishes before a reconnect is the verb's to choose. */
const parsedEvents = <E>(text: Stream.Stream<string, E>): Stream.Stream<FollowedEvent, E> =>
  Stream.suspend(() => {
    const events: Array<FollowedEvent> = []
    const parser = Sse.makeParser((event) => {
      if (event._tag === "Event") {
        events.push({ kind: event.event, data: JSON.parse(event.data) as Document })
      }
    })
    return Stream.flatMap(text, (chunk) => {
      parser.feed(chunk)
      return Stream.fromIterable(events.splice(0))
    })
  })

/** Whether a word of a path would be left out of it, so that the path leads to something else. */
const isLostInPaths = (word: string): boolean => word === "" || word === "." || word === ".."

const WORDS_HINT = 'Give a name other than "", "." and "..".'

const queryText = (query: Query = {}): string => {
  const known = Object.entries(query).filter(([, value]) => value !== undefined)
  return known.length === 0
    ? ""
    : `?${new URLSearchParams(Object.fromEntries(known.map(([name, value]) => [name, String(value)])))}`
}

const given = (headers: Order["headers"] = {}): Record<string, string> =>
  Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, headerText(value)]],
    ),
  )

/** Text as UTF-8 in a header, which the gateway reads back. */
const headerText = (text: string): string => Buffer.from(text, "utf8").toString("latin1")

const unreachable = (url: string, error: unknown): VerbFailed => {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  const { code, message } = Object(cause) as { readonly code?: string; readonly message?: string }
  return new VerbFailed({
    exit: "unavailable",
    what: `${url} cannot be reached: ${[code, message].filter(Boolean).join(" ") || String(error)}`,
    hint: "Is the service up? Give the address of its gateway with --url or EVERSTATE_URL, or its servers with --nats and --postgres.",
  })
}

const EXITS: { readonly [status: number]: ExitName } = {
  400: "wrongUse",
  401: "refused",
  403: "refused",
  404: "notFound",
  409: "refused",
  412: "refused",
  422: "refused",
  429: "unavailable",
  503: "unavailable",
  504: "unavailable",
}

const UNAUTHENTICATED = 401
const REJECTED = 422

const TOKEN_HINT = "Give a token: --token-file with the name of its file, or EVERSTATE_TOKEN."

/** What a rejection adds to its reason. */
const factsText = (facts: unknown): string =>
  typeof facts !== "object" || facts === null
    ? ""
    : Object.entries(facts)
        .map(([name, value]) => `${name}: ${jsonLine(value)}`)
        .join(", ")

/** The failure of an answer that is no success. */
const failureOf = (response: Response, path: string): Effect.Effect<never, VerbFailed> =>
  Effect.flatMap(
    Effect.promise(() => response.json().catch(() => ({})) as Promise<Document>),
    (problem) => Effect.fail(problemFailure(problem, response.status, path)),
  )

/** The failure that a problem document tells of. */
const problemFailure = (problem: Document, status: number, path: string): VerbFailed => {
  const { type, title, detail, hint, reason } = problem
  const isForeign = typeof type !== "string" || type.endsWith(":route-not-found")
  // The detail of a rejection says who rejects what; its title says only that something was rejected.
  const isRejection = status === REJECTED && typeof detail === "string"
  const said = (isRejection ? [detail] : [title, detail])
    .filter((text) => typeof text === "string")
    .join(": ")
  const isReasonSaid = reason === undefined || said.includes(reason)
  return new VerbFailed({
    exit: isForeign ? "failed" : (EXITS[status] ?? "failed"),
    what: said === "" ? `${path} was answered with status ${status}.` : said,
    hint: isForeign
      ? `There is no route ${path}. Is it the address of a gateway of Everstate, with its base path, and of this version?`
      : [
          isReasonSaid ? "" : `Reason: ${reason}.`,
          factsText(problem["facts"]),
          status === UNAUTHENTICATED ? TOKEN_HINT : said.includes(hint) ? "" : (hint ?? ""),
        ]
          .filter(Boolean)
          .join(" "),
    facts: problem,
  })
}

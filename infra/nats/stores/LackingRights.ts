/**
 * The rights that the user of a connection lacks, found without writing anything.
 *
 * Owns two ways. nats-server tells a user its own rights, if the user may ask for them: that is exact. A user who may
 * not ask is tried out: each right is used for something that stores and changes nothing, and a server that denies a
 * right says so at once. The lists of rights are in NatsPermissions.ts.
 */
import { Effect } from "effect"
import { subscribe } from "../connection/CoreSubscription.ts"
import type { NatsConnectionService } from "../connection/NatsConnection.ts"
import type { NatsRequestFailed } from "../connection/NatsErrors.ts"
import { headersOf } from "../connection/PubAck.ts"
import { type NatsPermissions, RIGHTS_SUBJECT } from "./NatsPermissions.ts"
import { covers, overlaps } from "./SubjectPattern.ts"

export interface LackingRights {
  /** `publish on …` or `subscribe to …`. */
  readonly lacking: ReadonlyArray<string>
  /** Rights that were not tried out, in the same form. */
  readonly untried: ReadonlyArray<string>
  /** Name of the user; `undefined` if the server does not say it. */
  readonly user: string | undefined
}

type Direction = keyof NatsPermissions

/** Rights of one direction as the server tells them: without a list of allowed subjects, all are. */
interface Allowance {
  readonly allow?: ReadonlyArray<string> | null
  readonly deny?: ReadonlyArray<string> | null
}

type Told = { readonly [Way in Direction]?: Allowance | null }

interface UserInfo {
  readonly data?: { readonly user?: string; readonly permissions?: Told | null }
}

const WORDS = { publish: "publish on", subscribe: "subscribe to" } satisfies Record<Direction, string>
const DIRECTIONS = Object.keys(WORDS) as ReadonlyArray<Direction>

/** Longest wait for the answer to a trial: a denial comes within one round trip, and an answer is not needed. */
const TRIAL_MS = 1_000

const textOf = (direction: Direction, subject: string): string => `${WORDS[direction]} ${subject}`

/** A subscription's right may name a queue behind the subject. */
const subjectOf = (right: string): string => right.split(" ", 1)[0] ?? right

const isAllowed = ({ allow, deny }: Allowance, subject: string): boolean => {
  const isGiven =
    (allow?.length ?? 0) === 0 || allow?.some((right) => covers(subjectOf(right), subject)) === true
  return isGiven && deny?.some((right) => overlaps(subjectOf(right), subject)) !== true
}

/** The needed rights that the told ones do not contain as a whole. */
export const lackingOf = (needed: NatsPermissions, told: Told): ReadonlyArray<string> =>
  DIRECTIONS.flatMap((direction) => {
    const allowance = told[direction] ?? {}
    return needed[direction].allow
      .filter((subject) => !isAllowed(allowance, subject))
      .map((subject) => textOf(direction, subject))
  })

/** Last token of subjects that nothing listens to. */
const NOBODY = "everstate-doctor"

const concrete = (subject: string): string => subject.replaceAll(/[*>]/g, NOBODY)

/** A right whose use might change something if a server read the request in another way. */
const isRisky = (subject: string): boolean => subject.startsWith("$JS.API.STREAM.PURGE.")

/** The API refuses it as broken JSON. */
const BROKEN = new TextEncoder().encode("{")
/** A stream refuses a message for another stream. */
const FOR_NO_STREAM = headersOf({ "Nats-Expected-Stream": NOBODY })

const isDenied = <A>(trial: Effect.Effect<A, NatsRequestFailed>): Effect.Effect<boolean> =>
  Effect.match(trial, { onSuccess: () => false, onFailure: ({ reason }) => reason === "NotPermitted" })

const listen = (connection: NatsConnectionService, subject: string) =>
  Effect.scoped(subscribe(connection, concrete(subject), () => undefined))

const tryOut = Effect.fnUntraced(function* (connection: NatsConnectionService, needed: NatsPermissions) {
  const publish = (subject: string) =>
    connection.requests.request(concrete(subject), BROKEN, { timeoutMs: TRIAL_MS, headers: FOR_NO_STREAM })
  const denied = (
    direction: Direction,
    trial: (subject: string) => Effect.Effect<unknown, NatsRequestFailed>,
  ) =>
    Effect.filter(
      needed[direction].allow.filter((subject) => !isRisky(subject)),
      (subject) => isDenied(trial(subject)),
      { concurrency: "unbounded" },
    )
  const unpublished = yield* denied("publish", publish)
  const unheard = yield* denied("subscribe", (subject) => listen(connection, subject))
  return [
    ...unpublished.map((subject) => textOf("publish", subject)),
    ...unheard.map((subject) => textOf("subscribe", subject)),
  ]
})

/** What the server tells this user of itself; `undefined` if it does not. */
const askServer = ({ requests }: NatsConnectionService) =>
  requests.request(RIGHTS_SUBJECT, new Uint8Array(), { timeoutMs: TRIAL_MS }).pipe(
    Effect.map((message) => message.json<UserInfo>().data),
    Effect.orElseSucceed(() => undefined),
  )

/** False if the user may not subscribe to its replies: then it hears no answer at all. */
export const hearsAnswers = (
  connection: NatsConnectionService,
  inboxPrefix: string,
): Effect.Effect<boolean> =>
  Effect.map(isDenied(listen(connection, `${inboxPrefix}.*.*`)), (denied) => !denied)

/** The needed rights that the user of this connection lacks. It must hear answers. */
export const lackingRights = Effect.fn("lackingRights")(function* (
  connection: NatsConnectionService,
  needed: NatsPermissions,
): Effect.fn.Return<LackingRights> {
  const told = yield* askServer(connection)
  if (told !== undefined) {
    return { lacking: lackingOf(needed, told.permissions ?? {}), untried: [], user: told.user }
  }
  const untried = needed.publish.allow.filter(isRisky).map((subject) => textOf("publish", subject))
  return { lacking: yield* tryOut(connection, needed), untried, user: undefined }
})

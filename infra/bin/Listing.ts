/** Lists of actors and sagas: the flags of their conditions, and pages until the limit. */
import { Effect, Option, Schema } from "effect"
import { Flag } from "effect/cli"
import type { Document, Page, Query, Remote } from "./Remote.ts"
import type { VerbFailed } from "./VerbFailed.ts"

/** Items on one page of a gateway. */
const PAGE_MAX = 100
const LIMIT_DEFAULT = 100

const UNITS_MS = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

const text = (name: string, description: string) =>
  Flag.String(name).pipe(Flag.withDescription(description), Flag.optional, Flag.map(Option.getOrUndefined))

const Age = Schema.String.check(
  Schema.isPattern(/^\d{1,6}[smhd]$/, { expected: "a number with s, m, h or d" }),
)

const age = (name: string, description: string) =>
  Flag.String(name).pipe(
    Flag.withSchema(Age),
    Flag.withMetavar("AGE"),
    Flag.withDescription(description),
    Flag.optional,
    Flag.map(Option.getOrUndefined),
  )

const onlyIf = (name: string, description: string) =>
  Flag.Boolean(name).pipe(Flag.withDescription(description), Flag.withDefault(false))

/** How many items a verb shows. */
export const limitFlag = Flag.Int("limit").pipe(
  Flag.withSchema(Schema.Int.check(Schema.isGreaterThan(0))),
  Flag.withDescription(`Most items to show (default ${LIMIT_DEFAULT})`),
  Flag.withDefault(LIMIT_DEFAULT),
)

export const listFlags = {
  state: text("state", "Only in this state, or in a state inside of it: placed, shipping.packed"),
  except: text("except", "Only in none of these states, with commas between: completed,stuck"),
  tag: text("tag", "Only in a state with this tag"),
  where: text("where", 'Only with these values of directory columns, as JSON: {"customerId":"c-1"}'),
  prefix: text("prefix", "Only with an id that begins like this"),
  idle: age("idle", "Only those whose last commit is older: 30m, 2h, 7d"),
  older: age("older", "Only those whose first commit is older: 30m, 2h, 7d"),
  open: onlyIf("open", "Only those that are not done"),
  done: onlyIf("done", "Only those that are done"),
  failed: onlyIf("failed", "Only those that ended in an error"),
  quarantined: onlyIf("quarantined", "Only those in quarantine"),
  limit: limitFlag,
}

interface ListInput {
  readonly state: string | undefined
  readonly except: string | undefined
  readonly tag: string | undefined
  readonly where: string | undefined
  readonly prefix: string | undefined
  readonly idle: string | undefined
  readonly older: string | undefined
  readonly open: boolean
  readonly done: boolean
  readonly failed: boolean
  readonly quarantined: boolean
}

/** The conditions as a gateway takes them. */
export const listQuery = (input: ListInput): Query => ({
  state: input.state,
  exceptStates: input.except,
  tag: input.tag,
  where: input.where,
  idPrefix: input.prefix,
  updatedBefore: timeBefore(input.idle),
  createdBefore: timeBefore(input.older),
  done: input.open ? false : input.done || undefined,
  failed: input.failed || undefined,
  quarantined: input.quarantined || undefined,
})

/** The time that lies so long ago, RFC 3339. */
export const timeBefore = (age: string | undefined, nowMs = Date.now()): string | undefined => {
  if (age === undefined) return undefined
  const unit = age.at(-1) as keyof typeof UNITS_MS
  return new Date(nowMs - Number(age.slice(0, -1)) * UNITS_MS[unit]).toISOString()
}

/** The first items of a list, page by page; `next` if there are more. */
export const itemsOf = Effect.fnUntraced(function* (
  remote: Remote,
  path: string,
  query: Query,
  limit: number,
): Effect.fn.Return<Page & { readonly first: Document }, VerbFailed> {
  const items: Array<Document> = []
  let first: Document = {}
  let cursor: string | undefined
  do {
    const size = Math.min(PAGE_MAX, limit - items.length)
    const page = (yield* remote.get(path, { ...query, cursor, limit: size })) as Page
    if (items.length === 0) first = page
    items.push(...page.items)
    cursor = page.next
  } while (cursor !== undefined && items.length < limit)
  return { items, first, ...(cursor === undefined ? {} : { next: cursor }) }
})

/** The twins of the console: the command sends what the console sends. */
import { describe, expect, it, onTestFinished, vi } from "vitest"
import { listCommand } from "../../../infra/console/pages/actors/ActorConditions.ts"
import {
  loopLine,
  selectedOf,
  selectionText,
  toggled,
} from "../../../infra/console/pages/letters/LetterSelection.ts"
import { sagaFilter, sagaListCommand } from "../../../infra/console/pages/sagas/SagaConditions.ts"
import { commandVerb, type Verb, verbs } from "../../../infra/console/parts/Verbs.ts"
import { runVerb } from "../../fixtures/bin/RunVerb.ts"

/** Runs a command against a gateway that keeps what it is asked. */
const sentBy = async (words: ReadonlyArray<string>) => {
  const sent: Array<Request> = []
  vi.stubGlobal("fetch", async (request: Request) => {
    sent.push(request.clone())
    const isGroups = request.url.endsWith("/dead-letters/groups")
    return Response.json(
      isGroups ? { items: [{ reason: "Rejected", count: 2 }] } : { items: [], state: "done", done: 2 },
    )
  })
  onTestFinished(() => void vi.unstubAllGlobals())
  const run = await runVerb(...words, "--url", "http://localhost")
  return { run, request: sent.at(-1) }
}

const SAGA = { type: "transfer", id: "t-1" }
const MEMBER = { id: "north", name: "north" }

/** One of each, as the console shows it. */
const EACH: { readonly [name in keyof typeof verbs]: Verb } = {
  redrive: verbs.redrive(12),
  discard: verbs.discard(12),
  redriveAll: verbs.redriveAll("Rejected"),
  discardAll: verbs.discardAll("Rejected"),
  drain: verbs.drain(MEMBER),
  undrain: verbs.undrain(MEMBER),
  move: verbs.move("shard.7", "north"),
  unpin: verbs.unpin("shard.7"),
  pause: verbs.pause("order"),
  resume: verbs.resume("order"),
  rebuild: verbs.rebuild("order_summary"),
  retry: verbs.retry(SAGA, "reserve/sku-1"),
  skip: verbs.skip(SAGA, "reserve/sku-1"),
  resolve: verbs.resolve(SAGA, "reserve/sku-1", { ok: true }),
  cancel: verbs.cancel(SAGA),
  abort: verbs.abort(SAGA),
}

describe("the command beside a verb", () => {
  it.each(Object.entries(EACH))("sends what the console sends: %s", async (_, { command, request }) => {
    const note = ["--note", "why", "--yes", "--by", "ann"]
    const { run, request: sent } = await sentBy([...command, ...note])
    expect([run.stderr, run.exitCode]).toEqual(["", 0])
    const { pathname } = new URL(sent?.url ?? "")
    expect([sent?.method, pathname]).toEqual([
      request.method,
      `/${request.path.map(encodeURIComponent).join("/")}`,
    ])
    const body = (await sent?.text()) ?? ""
    const signature = request.hasNoteInBody === true ? { by: "ann", note: "why" } : {}
    if (request.body === undefined) expect(body).toBe("")
    else expect(JSON.parse(body)).toEqual({ ...request.body, ...signature })
    if (request.hasNoteInBody !== true) expect(sent?.headers.get("everstate-note")).toBe("why")
  })

  it.each(["ask", "tell", "dry-run"] as const)("sends a command to an actor: %s", async (how) => {
    const named = { ...SAGA, command: "Add", at: how === "dry-run" ? 3 : undefined }
    const { command, request } = commandVerb(how, named, { by: 1 })
    const { request: sent } = await sentBy(command)
    const url = new URL(sent?.url ?? "")
    expect(url.pathname).toBe(`/${request.path.join("/")}`)
    const params = Object.entries(request.params ?? {}).filter(([, value]) => value !== undefined)
    expect(Object.fromEntries(url.searchParams)).toEqual(
      Object.fromEntries(params.map(([name, value]) => [name, String(value)])),
    )
    expect(await sent?.json()).toEqual({ by: 1 })
  })

  it("lists what the page lists", async () => {
    const search = {
      id: "o-",
      state: "(payment.due, stock.held)",
      tag: "busy",
      only: "done",
      "where.paid": "true",
    }
    const { request } = await sentBy(listCommand("order", search))
    expect(Object.fromEntries(new URL(request?.url ?? "").searchParams)).toMatchObject({
      idPrefix: "o-",
      state: "{payment:due,stock:held}",
      tag: "busy",
      done: "true",
      where: '{"paid":true}',
    })
    const old = await sentBy(sagaListCommand("old", "transfer", "t-"))
    const params = new URL(old.request?.url ?? "").searchParams
    expect(params.get("exceptStates")).toBe(sagaFilter("old", undefined, 0).exceptStates)
    expect(Date.now() - Date.parse(params.get("createdBefore") ?? "")).toBeGreaterThanOrEqual(3_600_000)
    expect((await sentBy(sagaListCommand("all", undefined, undefined))).run.exitCode).toBe(0)
  })
})

describe("the sagas that run", () => {
  it("are those outside of four states, and for more than an hour the older ones", () => {
    const now = Date.UTC(2026, 0, 1, 12)
    expect(sagaFilter("open", undefined, now).exceptStates).toBe("completed,compensated,aborted,stuck")
    expect(sagaFilter("old", undefined, now)).toMatchObject({ createdBefore: "2026-01-01T11:00:00.000Z" })
    expect(sagaFilter("stuck", "t-", now)).toEqual({ idPrefix: "t-", state: "stuck" })
    expect(sagaFilter("all", undefined, now).exceptStates).toBeUndefined()
  })
})

describe("a selection of letters", () => {
  it("is a part of the address", () => {
    expect(selectedOf("3,1,3,x,-2,0,2.5")).toEqual([3, 1])
    expect(selectedOf(undefined)).toEqual([])
    expect([selectionText([3, 1]), selectionText([])]).toEqual(["3,1", undefined])
    expect(selectedOf(Array.from({ length: 600 }, (_, index) => index + 1).join()).length).toBe(500)
    expect([toggled([3, 1], 3), toggled([1], 2)]).toEqual([[1], [1, 2]])
  })

  it("is a loop of the shell", () => {
    expect(loopLine([3, 1], "redrive LETTER_NUMBER --yes")).toBe(
      "for number in 3 1; do redrive $number --yes; done",
    )
  })
})

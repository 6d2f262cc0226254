/** From a request's headers to an `ask`: which version it expects, whose it is, and what is ignored. */
import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import { ask, type CommandRequest, versionHeaders } from "../../../infra/http/CommandRequest.ts"
import { etagOf } from "../../../infra/http/EntityTag.ts"
import type { Counter } from "../../fixtures/memory/Counter.ts"

type Headers = Readonly<Record<string, string>>

/** What the actor is asked with for a request with these headers. */
const asked = async (headers: Headers) => {
  let given: unknown
  const actor = {
    ask: (_: unknown, options: unknown) =>
      Effect.sync(() => {
        given = options
        return { version: 1, sequence: 1, duplicate: false }
      }),
  }
  const request = { request: { headers }, headers } as unknown as CommandRequest
  await Effect.runPromise(
    ask(
      actor as unknown as Parameters<typeof ask<typeof Counter, never>>[0],
      { type: "Close" } as never,
      request,
    ),
  )
  return given
}

describe("the version that a request expects", () => {
  it.each<readonly [Headers, number | undefined]>([
    [{}, undefined],
    [{ "if-match": '"0"' }, 0],
    [{ "if-match": '"1"' }, 1],
    [{ "if-match": '"12345678901"' }, 12_345_678_901],
    [{ "if-match": "*" }, undefined],
    [{ "if-none-match": "*" }, 0],
    [{ "if-match": '"3"', "if-none-match": "*" }, 3],
    [{ "if-match": "*", "if-none-match": "*" }, 0],
  ])("of %j is %s", async (headers, ifVersion) => {
    expect(await asked(headers)).toEqual({
      ...(ifVersion === undefined ? {} : { ifVersion }),
      metadata: {},
    })
  })

  it("is that of an answer's entity tag", async () => {
    for (const version of [0, 1, 42]) {
      expect(await asked({ "if-match": etagOf(version) })).toMatchObject({ ifVersion: version })
      expect(versionHeaders({ version, sequence: 7 })).toEqual({
        etag: `"${version}"`,
        "everstate-sequence": "7",
      })
    }
  })
})

it("keeps the note of an operator, unless it is empty", async () => {
  expect(await asked({ "everstate-note": "because" })).toEqual({ metadata: { note: "because" } })
  expect(await asked({ "everstate-note": "" })).toEqual({ metadata: {} })
})

it("names no user where the header is empty", async () => {
  expect(await asked({ "x-user": "ann" })).toEqual({ metadata: { user: "ann" } })
  expect(await asked({ "x-user": "" })).toEqual({ metadata: {} })
})

it("the idempotency key is the command's id", async () => {
  expect(await asked({ "idempotency-key": "k-1" })).toEqual({ commandId: "k-1", metadata: {} })
})

describe("metadata", () => {
  const trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

  it("has user, correlation and trace where they are given", async () => {
    const headers = { "x-user": "ann", "x-correlation-id": "r-9", traceparent: trace }
    expect(await asked(headers)).toEqual({ metadata: { user: "ann", correlationId: "r-9", trace } })
  })

  it("is read as UTF-8, and as Latin-1 where it is none", async () => {
    const utf8 = Buffer.from("Jürg").toString("latin1")
    expect(await asked({ "x-user": utf8 })).toEqual({ metadata: { user: "Jürg" } })
    expect(await asked({ "x-user": "J\u00fcrg" })).toEqual({ metadata: { user: "Jürg" } })
  })

  it.each([
    "",
    "x",
    trace.slice(1),
    `${trace}0`,
    ` ${trace}`,
    trace.toUpperCase(),
    trace.replace("7", "g"),
    `${trace}\n`,
  ])("has no trace of %j, which is malformed", async (traceparent) => {
    expect(await asked({ traceparent })).toEqual({ metadata: {} })
  })
})

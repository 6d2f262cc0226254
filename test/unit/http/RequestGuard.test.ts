import { describe, expect, test } from "vitest"
import { requestGuard } from "../../../infra/http/RequestGuard.ts"

const guard = requestGuard(["shop.example", "*.inner.example"])

const kindOf = (method: string, headers: Record<string, string>) => guard({ method, headers })?.kind

const local = { host: "127.0.0.1:3000" }

describe("Host", () => {
  test.each([
    "127.0.0.1",
    "127.0.0.1:3000",
    "10.1.2.3:3000",
    "[::1]:3000",
    "localhost",
    "localhost:3000",
    "LocalHost.:3000",
    "shop.localhost",
    "shop.example",
    "SHOP.example:443",
    "a.inner.example",
    "a.b.inner.example",
  ])("takes %s", (host) => {
    expect(kindOf("GET", { host })).toBeUndefined()
    expect(kindOf("POST", { host })).toBeUndefined()
  })

  test.each([
    "evil.example",
    "evil.example:3000",
    "inner.example",
    "xinner.example",
    "sub.shop.example",
    "shop.example.evil.example",
    "localhost.evil.example",
    "127.0.0.1.evil.example",
    "evil.example#localhost",
    "user@localhost",
    "localhost:x",
    "[evil.example]",
    "",
  ])("refuses %s", (host) => {
    expect(kindOf("GET", { host })).toBe("foreignHost")
  })

  test("takes any name where the settings say so", () => {
    expect(requestGuard(["*"])({ method: "GET", headers: { host: "evil.example" } })).toBeUndefined()
  })

  test("takes a request without one: no browser sends that", () => {
    expect(kindOf("GET", {})).toBeUndefined()
  })
})

describe("a verb that changes something", () => {
  test.each([
    ["a program", {}],
    ["a page of the service", { origin: "http://127.0.0.1:3000", "sec-fetch-site": "same-origin" }],
    ["a page of the service, in an old browser", { origin: "http://127.0.0.1:3000" }],
    ["a page behind a proxy that speaks https", { origin: "https://127.0.0.1:3000" }],
    [
      "a page behind a proxy with another name",
      { origin: "http://shop.example", "sec-fetch-site": "same-origin" },
    ],
    ["what a person typed", { "sec-fetch-site": "none" }],
  ])("is done for %s", (_, headers) => {
    expect(kindOf("POST", { ...local, ...headers })).toBeUndefined()
  })

  test.each([
    ["a page of another site", { origin: "http://evil.example", "sec-fetch-site": "cross-site" }],
    ["a page of another site, in an old browser", { origin: "http://evil.example" }],
    ["a page on another port", { origin: "http://127.0.0.1:8080", "sec-fetch-site": "same-site" }],
    ["a page on another port, in an old browser", { origin: "http://127.0.0.1:8080" }],
    ["a page without an origin", { origin: "null" }],
    ["a form that hides its origin", { "sec-fetch-site": "cross-site" }],
    ["a page that a part of the name deceives with", { origin: "http://127.0.0.1:3000.evil.example" }],
  ])("is not done for %s", (_, headers) => {
    for (const method of ["POST", "PUT", "DELETE", "PATCH"]) {
      expect(kindOf(method, { ...local, ...headers })).toBe("crossOrigin")
    }
  })

  test.each([
    undefined,
    "text/plain",
    "application/x-www-form-urlencoded",
    "multipart/form-data",
    "text/json",
  ])("takes no body of type %s", (type) => {
    const typed = type === undefined ? {} : { "content-type": type }
    expect(kindOf("POST", { ...local, ...typed, "content-length": "2" })).toBe("unsupportedMediaType")
    expect(kindOf("POST", { ...local, ...typed, "transfer-encoding": "chunked" })).toBe(
      "unsupportedMediaType",
    )
    expect(kindOf("POST", { ...local, ...typed, "content-length": "0" })).toBeUndefined()
  })

  test.each(["application/json", "application/json; charset=utf-8", "Application/JSON"])(
    "takes a body of type %s",
    (type) => {
      expect(kindOf("POST", { ...local, "content-type": type, "content-length": "2" })).toBeUndefined()
    },
  )
})

test("a page of another site may read, since the browser keeps the answer from it", () => {
  expect(
    kindOf("GET", { ...local, origin: "http://evil.example", "sec-fetch-site": "cross-site" }),
  ).toBeUndefined()
})

/** Tokens with roles, and the sessions of browsers: who gets in, who does not, and what a thief can do. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, describe, expect, it } from "vitest"
import { Tokens } from "../../../infra/gateway/Tokens.ts"
import { type GatewayOptions, makeGateway } from "../../../infra/http.ts"
import { startMemory } from "../../fixtures/memory/MemorySystem.ts"
import { callOf, startGateway } from "./GatewayFixture.ts"

const folder = mkdtempSync(join(tmpdir(), "everstate-tokens-"))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const operator = "o".repeat(32)
const viewer = "v".repeat(32)
let count = 0

const fileOf = (text: string): string => {
  const file = join(folder, `tokens-${count++}`)
  writeFileSync(file, text)
  return file
}

const known = () => ({ file: fileOf(`# people\noperator ann ${operator}\n\n viewer screen ${viewer}\n`) })
const bearer = (token: string) => ({ authorization: `Bearer ${token}` })

describe("a bearer token", () => {
  it("gives its role", async () => {
    const { call } = await startGateway({ tokens: known() })
    const add = (token: string) => call("POST", "/actors/counter/a/Add", { by: 1 }, bearer(token))
    expect((await add(operator)).status).toBe(200)
    expect((await add(viewer)).status).toBe(403)
    expect((await add("x".repeat(32))).status).toBe(401)
    expect((await add(`${operator}x`)).status).toBe(401)
    expect((await call("GET", "/actors/counter/a")).status).toBe(401)
    for (const path of ["/actors/counter/a", "/types", "/cluster", "/dead-letters", "/operations"]) {
      expect([path, (await call("GET", path, undefined, bearer(viewer))).status]).toEqual([path, 200])
    }
    expect((await call("POST", "/types/counter/pause", undefined, bearer(viewer))).status).toBe(403)
    const { items } = (await call("GET", "/actors/counter/a/history", undefined, bearer(viewer))).body
    expect(items).toMatchObject([{ user: "ann" }])
  })

  it("does not count in a URL", async () => {
    const { call } = await startGateway({ tokens: known() })
    for (const name of ["token", "access_token", "authorization"]) {
      expect((await call("GET", `/types?${name}=${operator}`)).status).toBe(401)
    }
  })

  it("opens the gateway to other machines, and leaves the rest to authorize", async () => {
    const { gateway, call } = await startGateway({
      tokens: known(),
      authorize: ({ verb }) => (verb === "describe" ? { user: "guest" } : { refused: "forbidden" }),
    })
    const { close } = await gateway.listen({ host: "0.0.0.0" })
    await close()
    expect((await call("GET", "/types")).status).toBe(200)
    expect((await call("GET", "/cluster")).status).toBe(403)
    expect((await call("GET", "/cluster", undefined, bearer(viewer))).status).toBe(200)
  })
})

describe("a list of tokens", () => {
  it.each([
    ["", /has no tokens/],
    ["root ann oooooooooooooooooooooooooooo", /does not begin with viewer or operator/],
    ["operator ann short", /too short/],
    [`operator ${operator}`, /not a role, a name and a token/],
    [`operator ann ${operator} ${viewer}`, /not a role, a name and a token/],
  ])("%j is refused without naming a token", async (text, message) => {
    const { system } = await startMemory()
    const tokens = { file: fileOf(text) }
    expect(() => makeGateway(system, { tokens })).toThrow(message)
    try {
      makeGateway(system, { tokens })
    } catch (error) {
      expect(String(error)).not.toContain("oooo")
    }
  })

  it("that is missing is refused; one of the environment is read", async () => {
    expect(() => Tokens.read({ file: join(folder, "none") })).toThrow(/cannot be read/)
    expect(() => Tokens.read({ env: "EVERSTATE_TEST_NO_TOKENS" })).toThrow(/has no tokens/)
    process.env.EVERSTATE_TEST_TOKENS = `operator ann ${operator}`
    expect(Tokens.read({ env: "EVERSTATE_TEST_TOKENS" }).holderOf(operator)?.name).toBe("ann")
    delete process.env.EVERSTATE_TEST_TOKENS
  })
})

describe("a session", () => {
  const signedIn = async (options: GatewayOptions = {}, token = operator) => {
    const started = await startGateway({ tokens: known(), ...options })
    const base = options.basePath ?? ""
    const begun = await started.call("POST", `${base}/session`, { token })
    const cookie = begun.headers.get("set-cookie") ?? ""
    return { ...started, begun, cookie, header: { cookie: cookie.split(";")[0] ?? "" } }
  }

  it("begins with a token, is kept from pages and other sites, and ends", async () => {
    const { call, begun, cookie, header } = await signedIn({ basePath: "/api" })
    expect(begun.body).toEqual({ user: "ann", role: "operator" })
    expect(cookie).toMatch(/^everstate_session=[^;]+; Path=\/api; Max-Age=43200; HttpOnly; SameSite=Strict$/)
    expect(cookie).not.toContain(operator)
    expect((await call("GET", "/api/session", undefined, header)).body).toEqual({
      user: "ann",
      role: "operator",
    })
    expect((await call("POST", "/api/types/counter/pause", undefined, header)).status).toBe(204)
    const foreign = { ...header, origin: "http://evil.example" }
    expect((await call("POST", "/api/types/counter/resume", undefined, foreign)).status).toBe(403)
    const ended = await call("DELETE", "/api/session", undefined, header)
    expect([ended.status, ended.headers.get("set-cookie")]).toEqual([
      204,
      expect.stringContaining("Max-Age=0"),
    ])
    expect((await call("GET", "/api/session")).status).toBe(401)
  })

  it("is Secure behind TLS", async () => {
    const { gateway } = await startGateway({ tokens: known() })
    const answer = await callOf(gateway.fetch, "https://localhost")("POST", "/session", { token: viewer })
    expect(answer.headers.get("set-cookie")).toContain("; Secure")
  })

  it("cannot be forged, prolonged, or taken over by another name", async () => {
    const { call, header } = await signedIn({}, viewer)
    const [name = "", expires = "", signature = ""] = header.cookie.split("=", 2)[1]?.split(".") ?? []
    const ann = Buffer.from("ann").toString("base64url")
    const forged = [
      `${ann}.${expires}.${signature}`,
      `${name}.${Number(expires) + 1}.${signature}`,
      `${name}.1.${signature}`,
      `${name}.${expires}.`,
      `${name}.${expires}`,
      `${name}.NaN.${signature}`,
      "..",
      "",
    ]
    for (const value of forged) {
      const answer = await call("GET", "/types", undefined, { cookie: `everstate_session=${value}` })
      expect([value, answer.status]).toEqual([value, 401])
    }
    expect((await call("GET", "/types", undefined, header)).status).toBe(200)
    expect((await call("POST", "/types/counter/pause", undefined, header)).status).toBe(403)
  })

  it("ends when its token is taken from the list", async () => {
    const { header } = await signedIn()
    const { call } = await startGateway({ tokens: { file: fileOf(`operator ann ${"n".repeat(32)}`) } })
    expect((await call("GET", "/types", undefined, header)).status).toBe(401)
  })

  it("is refused for a wrong token, and where there are no tokens", async () => {
    const { call } = await startGateway({ tokens: known() })
    expect((await call("POST", "/session", { token: "x".repeat(32) })).status).toBe(401)
    expect((await call("POST", "/session", { token: 1 })).status).toBe(400)
    expect((await call("POST", "/session", "{")).status).toBe(400)
    const { call: without } = await startGateway()
    expect((await without("POST", "/session", { token: operator })).status).toBe(404)
    expect((await without("GET", "/session")).body).toEqual({ user: null, role: null })
  })
})

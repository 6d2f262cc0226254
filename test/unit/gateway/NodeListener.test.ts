/** A gateway on Node's own server: what its parser refuses, what proxies pass on, bytes of headers, and the end. */
import { once } from "node:events"
import { request as httpRequest, type IncomingMessage } from "node:http"
import { connect } from "node:net"
import { setTimeout } from "node:timers/promises"
import { describe, expect, it } from "vitest"
import { asUser, callOf, type GatewayFixture, startGateway } from "./GatewayFixture.ts"

const listening = async (options: Parameters<typeof startGateway>[0] = {}) => {
  const started = await startGateway(options)
  const { url, port } = await started.gateway.listen()
  return { ...started, url, port, call: callOf(fetch, url) }
}

/** Sends bytes as they are, and gives the answer as text. */
const raw = async (port: number, bytes: string): Promise<string> => {
  const socket = connect(port, "127.0.0.1")
  socket.write(bytes, "latin1")
  let text = ""
  for await (const chunk of socket.setEncoding("latin1")) text += chunk
  return text
}

const closing = "Connection: close\r\n"

describe("a listener on this machine", () => {
  it("lets callers on this machine operate without authorize", async () => {
    const { call, url } = await listening()
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
    expect((await call("POST", "/actors/counter/a/Add", { by: 1 })).body).toMatchObject({ version: 1 })
    expect((await call("GET", "/cluster")).status).toBe(200)
    expect((await call("POST", "/types/counter/pause")).status).toBe(204)
  })

  it("does not take a proxy on this machine for its callers", async () => {
    const { call } = await listening()
    for (const header of ["x-forwarded-for", "forwarded", "via", "x-real-ip"]) {
      const answer = await call("GET", "/cluster", undefined, { [header]: "10.1.2.3" })
      expect([header, answer.status]).toEqual([header, 403])
    }
  })
})

describe("what Node's parser refuses", () => {
  it.each([
    ["no HTTP at all", "NONSENSE\r\n\r\n", 400],
    ["no Host", `GET /types HTTP/1.1\r\n${closing}\r\n`, 400],
    ["two Hosts", `GET /types HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n${closing}\r\n`, 421],
    [
      "an unknown expectation",
      `GET /types HTTP/1.1\r\nHost: localhost\r\nExpect: cake\r\n${closing}\r\n`,
      417,
    ],
    [
      "headers without end",
      `GET /types HTTP/1.1\r\nHost: localhost\r\nX: ${"x".repeat(20_000)}\r\n\r\n`,
      431,
    ],
    [
      "a body of two lengths",
      "POST /types HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
      400,
    ],
    [
      "a whole URL of another host",
      `GET http://evil.example/types HTTP/1.1\r\nHost: evil.example\r\n${closing}\r\n`,
      421,
    ],
    [
      "a path that begins as a URL",
      `GET //evil.example/types HTTP/1.1\r\nHost: localhost\r\n${closing}\r\n`,
      404,
    ],
  ])("%s is a problem document", async (_, bytes, status) => {
    const { port } = await listening()
    const text = await raw(port, bytes)
    const [head = "", body = ""] = text.split("\r\n\r\n")
    expect(head.split("\r\n")[0]).toContain(`HTTP/1.1 ${status}`)
    expect(head.toLowerCase()).toContain("content-type: application/problem+json")
    expect(head.toLowerCase()).toContain("x-content-type-options: nosniff")
    expect(body).toContain('"type":"urn:everstate:problem:')
  })

  it("a body over the limit does not promise keep-alive", async () => {
    const { port } = await listening()
    const text = await raw(
      port,
      "POST /actors/counter/a/Add HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 99999999\r\n\r\n{",
    )
    expect(text).toContain("HTTP/1.1 413")
    expect(text.toLowerCase()).toContain("connection: close")
    expect(text.toLowerCase()).not.toContain("keep-alive")
  })
})

it("a body over the limit is refused once it was sent, so that its sender sees the refusal", async () => {
  const { port } = await listening()
  const socket = connect(port, "127.0.0.1").pause()
  const failed = once(socket, "error").then(([error]) => String(error))
  socket.write(
    "POST /actors/counter/a/Add HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 4000000\r\n\r\n",
  )
  const part = "x".repeat(100_000)
  for (let n = 0; n < 40; n++) {
    socket.write(part)
    await setTimeout(5)
  }
  const answered = once(socket.setEncoding("utf8").resume(), "data").then(([text]) => String(text))
  expect(await Promise.race([failed, answered])).toContain("HTTP/1.1 413")
})

it("headers that are not ASCII come back as they were", async () => {
  const { port } = await listening()
  const name = Buffer.from("Jürg 김", "utf8").toString("latin1")
  for (const path of ["/types", "/nowhere", "/actors/counter/a"]) {
    const asked = httpRequest({ port, path, headers: { "x-correlation-id": name } }).end()
    const [answer] = (await once(asked, "response")) as [IncomingMessage]
    expect(answer.headers["x-correlation-id"]).toBe(name)
    answer.resume()
  }
})

it("a HEAD has the headers of a GET and no body", async () => {
  const { url } = await listening()
  const answer = await fetch(`${url}/types`, { method: "HEAD" })
  expect([answer.status, await answer.text()]).toEqual([200, ""])
})

it("close ends endless answers, and the port", async () => {
  const { gateway, url } = await listening({ authorize: asUser("ann") } satisfies Parameters<
    typeof startGateway
  >[0])
  const events = await fetch(`${url}/cluster/events`)
  const reader = events.body?.getReader()
  let text = ""
  while (!text.includes("Listening")) text += new TextDecoder().decode((await reader?.read())?.value)
  const closed = (gateway as GatewayFixture["gateway"]).close()
  while (!(await reader?.read())?.done);
  await closed
  await expect(fetch(`${url}/types`)).rejects.toThrow()
})

/** The fake provider through its client: what it answers, what it books, how it misbehaves, how it lives and dies. */
import { once } from "node:events"
import { appendFileSync, mkdtempSync, rmSync } from "node:fs"
import { get, type IncomingMessage } from "node:http"
import { connect } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as fc from "fast-check"
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest"
import {
  PaymentProviderHttp,
  ProviderUnavailable,
} from "../../../../infra/reference/payments/PaymentProviderHttp.ts"
import { CARD_PREFIXES } from "../../../../infra/reference/payments/ProviderManners.ts"
import type { Provider } from "../../../../infra/reference/payments/ProviderServer.ts"
import { CallRefused } from "../../../../runtime/index.ts"
import { providersForFile } from "./ProviderFixture.ts"

/** For what another process has to do first. */
const PATIENCE = { timeout: 120_000, interval: 20 }

const providers = providersForFile()

const { signal } = new AbortController()
const amount = { minor: 2500, currency: "EUR" }
let keyCount = 0
/** A request of its own for payment `paymentId`. */
const asked = (paymentId = "o-1", idempotencyKey = `key-${++keyCount}`) => ({
  paymentId,
  idempotencyKey,
  signal,
})
const payBy = (card: string, request = asked()) => ({ ...request, amount, card })

const clientOf = ({ url }: { readonly url: string }) => new PaymentProviderHttp(url)
const ledgerOf = async ({ url }: { readonly url: string }): Promise<ReturnType<Provider["ledger"]>> =>
  (await fetch(`${url}/ledger`)).json() as Promise<ReturnType<Provider["ledger"]>>

const refused = (reason: string) => expect.objectContaining({ name: "CallRefused", reason })

describe("a payment at the provider", () => {
  it("is authorised, captured and refunded, and the books say so", async () => {
    const provider = await providers.start()
    const client = clientOf(provider)
    expect(await client.authorise(payBy("card-1"))).toEqual({ authorisationId: "ch-1" })
    expect(provider.ledger().totals).toEqual({ EUR: { held: 2500, captured: 0, refunded: 0, net: 0 } })
    expect(await client.capture(asked())).toEqual({ captured: amount })
    expect(provider.ledger().totals).toEqual({ EUR: { held: 0, captured: 2500, refunded: 0, net: 2500 } })
    expect(await client.refund(asked())).toEqual({ refunded: amount })
    const ledger = await ledgerOf(provider)
    expect(ledger).toEqual(JSON.parse(JSON.stringify(provider.ledger())))
    expect(ledger).toMatchObject({
      totals: { EUR: { held: 0, captured: 2500, refunded: 2500, net: 0 } },
      charges: [{ chargeId: "ch-1", paymentId: "o-1", status: "refunded", isDouble: false }],
      operations: 3,
      repeats: 0,
      doubleCharges: 0,
    })
  })

  it("is captured and refunded once, under whatever keys", async () => {
    const provider = await providers.start()
    const client = clientOf(provider)
    await client.authorise(payBy("card-1"))
    for (let times = 0; times < 3; times++)
      expect(await client.capture(asked())).toEqual({ captured: amount })
    for (let times = 0; times < 3; times++) expect(await client.refund(asked())).toEqual({ refunded: amount })
    expect(provider.ledger().totals["EUR"]).toEqual({ held: 0, captured: 2500, refunded: 2500, net: 0 })
  })

  it("is refused out of turn, with the reason", async () => {
    const client = clientOf(await providers.start())
    await expect(client.capture(asked())).rejects.toEqual(refused("NotAuthorised"))
    await expect(client.refund(asked())).rejects.toEqual(refused("NotCaptured"))
  })

  it("is taken back whatever became of it, and refused when it comes later", async () => {
    const provider = await providers.start()
    const client = clientOf(provider)
    expect(await client.void(asked("late"))).toEqual({ captured: null, refunded: null })
    await expect(client.authorise(payBy("card-1", asked("late")))).rejects.toEqual(refused("PaymentVoided"))
    await client.authorise(payBy("card-1", asked("held")))
    expect(await client.void(asked("held"))).toEqual({ captured: null, refunded: null })
    await expect(client.capture(asked("held"))).rejects.toEqual(refused("PaymentVoided"))
    await client.authorise(payBy("card-1", asked("taken")))
    await client.capture(asked("taken"))
    for (let times = 0; times < 2; times++) {
      expect(await client.void(asked("taken"))).toEqual({ captured: amount, refunded: amount })
    }
    expect(provider.ledger().totals["EUR"]).toEqual({ held: 0, captured: 2500, refunded: 2500, net: 0 })
  })

  it("has any id", async () => {
    const provider = await providers.start()
    for (const id of ["a/b c", "주문", "%2F", "..", "__proto__"]) {
      await clientOf(provider).authorise(payBy("card-1", asked(id)))
    }
    expect(provider.ledger().charges.map(({ paymentId }) => paymentId)).toEqual([
      "a/b c",
      "주문",
      "%2F",
      "..",
      "__proto__",
    ])
  })

  it("is in books that add up after whatever order of whatever operations", async () => {
    const operation = fc.record({
      what: fc.constantFrom("authorise", "authorise", "capture", "refund", "void"),
      of: fc.constantFrom("p-1", "p-2"),
      key: fc.integer({ min: 0, max: 20 }),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(operation, { maxLength: 15 }), async (operations) => {
        const provider = await providers.start()
        const client = clientOf(provider)
        for (const { what, of, key } of operations) {
          const request = asked(of, `${key}`)
          const done =
            what === "authorise"
              ? client.authorise(payBy("card-1", request))
              : client[what as "void"](request)
          await done.catch((error) => expect(error).toBeInstanceOf(CallRefused))
        }
        const { totals, charges } = provider.ledger()
        await provider.stop()
        const { held, captured, refunded, net } = totals["EUR"] ?? {
          held: 0,
          captured: 0,
          refunded: 0,
          net: 0,
        }
        expect(net).toBe(captured - refunded)
        expect(net + held).toBe(
          charges.filter(({ status }) => status === "captured" || status === "authorised").length *
            amount.minor,
        )
      }),
      { numRuns: 15 },
    )
  })
})

describe("a key", () => {
  it("is answered the same again, and nothing is done again", async () => {
    const provider = await providers.start()
    const client = clientOf(provider)
    const once = payBy("card-1", asked("o-1", "once"))
    const first = await client.authorise(once)
    expect(await Promise.all([client.authorise(once), client.authorise(once)])).toEqual([first, first])
    expect(provider.ledger()).toMatchObject({ operations: 1, repeats: 2, doubleCharges: 0 })
    expect(provider.ledger().charges).toHaveLength(1)
  })

  it("that was for something else is refused", async () => {
    const provider = await providers.start()
    const client = clientOf(provider)
    await client.authorise(payBy("card-1", asked("o-1", "once")))
    await expect(client.authorise(payBy("card-2", asked("o-1", "once")))).rejects.toEqual(
      refused("KeyReused"),
    )
    await expect(client.void(asked("o-1", "once"))).rejects.toEqual(refused("KeyReused"))
  })

  it("that is new charges again, and the books count it", async () => {
    const provider = await providers.start()
    const client = clientOf(provider)
    await client.authorise(payBy("card-1"))
    await client.authorise(payBy("card-1"))
    await client.authorise(payBy("card-1", asked("o-2")))
    expect(provider.ledger()).toMatchObject({ doubleCharges: 1, doubleCharged: ["o-1"] })
  })
})

describe("a provider that misbehaves", () => {
  it("declines by card and by amount, again and again", async () => {
    const provider = await providers.start({ declineAboveMinor: 2499 })
    const client = clientOf(provider)
    for (let times = 0; times < 2; times++) {
      await expect(client.authorise(payBy(CARD_PREFIXES.declined))).rejects.toEqual(refused("CardDeclined"))
      await expect(client.authorise(payBy("card-1"))).rejects.toEqual(refused("LimitExceeded"))
    }
    expect(provider.ledger()).toMatchObject({ declined: 4, charges: [] })
  })

  it("hangs until the caller gives up, and has done nothing", async () => {
    const provider = await providers.start()
    const patience = new AbortController()
    const asking = clientOf(provider).authorise({ ...payBy(CARD_PREFIXES.hang), signal: patience.signal })
    await vi.waitFor(() => expect(provider.ledger().manners.hang).toBe(1), PATIENCE)
    patience.abort()
    await expect(asking).rejects.toThrow(ProviderUnavailable)
    expect(provider.ledger().charges).toEqual([])
  })

  it("loses an answer after it has charged: the second attempt finds the charge", async () => {
    const provider = await providers.start()
    const once = payBy(CARD_PREFIXES.lost, asked("o-1", "once"))
    await expect(clientOf(provider).authorise(once)).rejects.toThrow(ProviderUnavailable)
    expect(provider.ledger().charges).toHaveLength(1)
    expect(await clientOf(provider).authorise(once)).toEqual({ authorisationId: "ch-1" })
    expect(provider.ledger()).toMatchObject({ repeats: 1, doubleCharges: 0 })
  })

  it("answers 500 before it has charged: the second attempt charges", async () => {
    const provider = await providers.start()
    const once = payBy(CARD_PREFIXES.error, asked("o-1", "once"))
    await expect(clientOf(provider).authorise(once)).rejects.toThrow("status 500")
    expect(provider.ledger().charges).toEqual([])
    expect(await clientOf(provider).authorise(once)).toEqual({ authorisationId: "ch-1" })
  })

  it("is slow, and right", async () => {
    const provider = await providers.start({ slowMs: 30 })
    const startedAt = performance.now()
    expect(await clientOf(provider).authorise(payBy(CARD_PREFIXES.slow))).toEqual({ authorisationId: "ch-1" })
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(29)
  })

  it("does so by chance in the shares that it is told, the same for the same seed", async () => {
    const play = async (seed: number) => {
      const provider = await providers.start({
        seed,
        declined: 0.2,
        error: 0.3,
        lost: 0.1,
        slow: 0.1,
        slowMs: 1,
      })
      const client = clientOf(provider)
      const outcomes = await Promise.all(
        Array.from({ length: 300 }, (_, index) =>
          client.authorise(payBy("card-1", asked(`o-${index}`, `k-${index}`))).then(
            () => "authorised",
            (error) => (error instanceof CallRefused ? error.reason : "unknown"),
          ),
        ),
      )
      return { outcomes, ledger: provider.ledger() }
    }
    const [one, again, other] = [await play(1), await play(1), await play(2)]
    expect(again.outcomes).toEqual(one.outcomes)
    expect(again.ledger.manners).toEqual(one.ledger.manners)
    expect(other.outcomes).not.toEqual(one.outcomes)
    const { manners, declined, operations } = one.ledger
    expect(manners.error).toBeGreaterThan(60)
    expect(manners.error).toBeLessThan(120)
    expect(manners.lost).toBeGreaterThan(12)
    expect(declined / operations).toBeGreaterThan(0.1)
    expect(declined / operations).toBeLessThan(0.3)
  })
})

describe("what is no operation", () => {
  it("is refused, and not booked", async () => {
    const provider = await providers.start()
    const post = (path: string, body: string, headers: Record<string, string> = { "idempotency-key": "k" }) =>
      fetch(provider.url + path, {
        method: "POST",
        body,
        headers: { "content-type": "application/json", ...headers },
      })
    const authorise = "/authorise"
    const statuses = [
      await post("/steal", "{}"),
      await post("/nothing", "{}"),
      await fetch(provider.url + authorise),
      await post(authorise, "{}", {}),
      await post(authorise, "{bad"),
      await post(authorise, "{}"),
      await post(
        authorise,
        JSON.stringify({ paymentId: "o-1", amount: { minor: 0.5, currency: "EUR" }, card: "c" }),
      ),
      await post("/void", '{"paymentId":""}'),
      await post(authorise, "x".repeat(20_000)),
    ].map(({ status }) => status)
    expect(statuses).toEqual([404, 404, 405, 400, 400, 400, 400, 400, 413])
    expect(provider.ledger()).toMatchObject({ operations: 0, charges: [] })
  })

  it("is refused once it was sent, so that a sender of too much sees why", async () => {
    const provider = await providers.start()
    const socket = connect(Number(new URL(provider.url).port), "127.0.0.1").pause()
    const failed = once(socket, "error").then(([error]) => String(error))
    const ended = once(socket, "close").then(() => "closed without an answer")
    const bytes = 4_000_000
    socket.write(
      `POST /authorise HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nIdempotency-Key: k\r\nContent-Length: ${bytes}\r\n\r\n`,
    )
    await new Promise((resolve) => socket.write("x".repeat(bytes), resolve))
    const answered = once(socket.setEncoding("utf8").resume(), "data").then(([text]) => String(text))
    expect(await Promise.race([failed, ended, answered])).toContain("HTTP/1.1 413")
    // The same connection takes the next request.
    socket.write("GET /ledger HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    let next = ""
    for await (const text of socket) next += text
    expect(next).toContain('"operations":0')
  })

  it("is refused when a page of another site sends it", async () => {
    const provider = await providers.start()
    const headers = { "content-type": "application/json", "idempotency-key": "k" }
    const body = JSON.stringify({ paymentId: "o-1" })
    const post = (more: Record<string, string>) =>
      fetch(`${provider.url}/void`, { method: "POST", body, headers: { ...headers, ...more } })
    expect((await post({ origin: "http://evil.example" })).status).toBe(403)
    expect((await post({ "content-type": "text/plain" })).status).toBe(415)
    // Not `fetch`: it does not let a test choose Host.
    const rebound = get(`${provider.url}/ledger`, { headers: { host: "evil.example" } })
    const [answer] = (await once(rebound, "response")) as [IncomingMessage]
    answer.resume()
    expect(answer.statusCode).toBe(421)
    expect(provider.ledger()).toMatchObject({ operations: 0 })
    expect((await post({})).status).toBe(200)
  })

  it("is told from a provider that is not there, or not one", async () => {
    const provider = await providers.start()
    await provider.stop()
    await expect(clientOf(provider).void(asked())).rejects.toThrow(ProviderUnavailable)
    const other = await providers.start()
    await expect(new PaymentProviderHttp(`${other.url}/elsewhere`).void(asked())).rejects.toEqual(
      refused("NoSuchOperation"),
    )
  })
})

describe("the provider as a program", () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "everstate-provider-"))
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  it("goes on from its books after kill -9, keys included, and after a line that was cut off", async () => {
    const file = join(folder, "ledger.jsonl")
    const first = await providers.run("--file", file)
    const once = payBy("card-1", asked("o-1", "once"))
    await clientOf(first).authorise(once)
    await clientOf(first).capture(asked())
    expect(await first.end("SIGKILL")).toBe("SIGKILL")
    appendFileSync(file, '{"key":"torn","opera')

    const second = await providers.run("--file", file)
    expect(await clientOf(second).authorise(once)).toEqual({ authorisationId: "ch-1" })
    await clientOf(second).refund(asked())
    await second.end("SIGKILL")

    const ledger = await ledgerOf(await providers.run("--file", file))
    expect(ledger.totals).toEqual({ EUR: { held: 0, captured: 2500, refunded: 2500, net: 0 } })
    expect(ledger).toMatchObject({ operations: 3, doubleCharges: 0 })
  })

  it("ends in order at a signal, though requests hang and others are slow", async () => {
    const provider = await providers.run("--slow-ms", "200")
    const client = clientOf(provider)
    const hanging = client.authorise(payBy(CARD_PREFIXES.hang)).catch((error) => error)
    const slow = client.authorise(payBy(CARD_PREFIXES.slow, asked("o-2")))
    await vi.waitFor(
      async () => expect((await ledgerOf(provider)).manners).toMatchObject({ hang: 1, slow: 1 }),
      PATIENCE,
    )
    expect(await provider.end("SIGTERM")).toBe(0)
    expect(await slow).toEqual({ authorisationId: "ch-1" })
    expect(await hanging).toBeInstanceOf(ProviderUnavailable)
  })
})

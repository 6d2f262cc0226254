/** TLS to NATS with a certificate authority of the test's own; where there is no `openssl` to make one, not tested. */
import { execFileSync, spawnSync } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Context, Effect, Layer } from "effect"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import {
  NatsConnection,
  type NatsConnectionOptions,
  type NatsUnavailable,
} from "../../../infra/nats/connection/NatsConnection.ts"
import { type RestrictedNats, restrictedNats } from "./LeastPrivilege.ts"

/** Where the machine has it: it is no dependency. */
const tool = "openssl"
const hasOpenssl = spawnSync(tool, ["version"]).status === 0
const folder = mkdtempSync(join(tmpdir(), "everstate-tls-"))
const file = (name: string): string => join(folder, name)
const pem = (name: string): string => readFileSync(file(name), "utf8")

const openssl = (...args: ReadonlyArray<string>) => execFileSync(tool, args, { cwd: folder, stdio: "pipe" })

/** `<name>.crt` and `<name>.key`, signed by the authority. */
const issue = (name: string): void => {
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
  openssl("req", ...key, "-keyout", `${name}.key`, "-out", `${name}.csr`, "-subj", `/CN=${name}`)
  writeFileSync(file("names"), "subjectAltName=IP:127.0.0.1,DNS:localhost")
  const authority = ["-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial"]
  openssl(
    "x509",
    "-req",
    "-in",
    `${name}.csr`,
    ...authority,
    "-out",
    `${name}.crt`,
    "-days",
    "1",
    "-extfile",
    "names",
  )
}

const connectWith = (options: NatsConnectionOptions): Promise<string> =>
  Effect.runPromise(
    Effect.scoped(
      Effect.map(Layer.build(NatsConnection.layer(options)), (built) => {
        const { client } = Context.get(built, NatsConnection)
        return String(client.info?.tls_required)
      }),
    ),
  )

describe.skipIf(!hasOpenssl)("TLS to NATS", () => {
  let nats: RestrictedNats
  beforeAll(async () => {
    const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    openssl(
      "req",
      "-x509",
      ...key,
      "-keyout",
      "ca.key",
      "-out",
      "ca.crt",
      "-days",
      "1",
      "-subj",
      "/CN=test authority",
    )
    issue("server")
    issue("node")
    const tls = `tls { cert_file: "${file("server.crt")}", key_file: "${file("server.key")}", ca_file: "${file("ca.crt")}", verify: true }`
    nats = await restrictedNats((conf) => `${conf}\n${tls}\n`)
  })
  afterAll(async () => {
    await nats?.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  const refusal = { _tag: "NatsUnavailable" } satisfies Partial<NatsUnavailable>
  const own = () => ({ ca: pem("ca.crt"), cert: pem("node.crt"), key: pem("node.key") })

  it("connects where the authority is trusted and the node has a certificate", async () => {
    expect(await connectWith({ servers: nats.url("service"), tls: own() })).toBe("true")
  })

  it("refuses a server whose authority is not trusted", async () => {
    const { cert, key } = own()
    await expect(connectWith({ servers: nats.url("service"), tls: { cert, key } })).rejects.toMatchObject(
      refusal,
    )
  })

  it("is refused without a certificate where the server wants one", async () => {
    const { ca } = own()
    await expect(connectWith({ servers: nats.url("service"), tls: { ca } })).rejects.toMatchObject(refusal)
  })

  it("says tls:// and nats:// alike", async () => {
    const servers = nats.url("service").replace(/^[a-z]+:/, "tls:")
    expect(await connectWith({ servers, tls: own() })).toBe("true")
  })
})

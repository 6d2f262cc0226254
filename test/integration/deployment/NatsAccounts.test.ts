/** docs/deployment/nats is what the adapters need, and nats-server reads it. */
import { execFile } from "node:child_process"
import { join } from "node:path"
import { promisify } from "node:util"
import { expect, it } from "vitest"
import { findNatsBinary } from "../../../infra/embedded/NatsBinary.ts"
import { natsAccountsConf } from "../../../infra/nats/stores/NatsPermissions.ts"
import { deployment, NAMESPACE, passwords } from "./LeastPrivilege.ts"

const run = promisify(execFile)

it("accounts.conf is made of the permissions that the adapters need", async () => {
  await expect(natsAccountsConf({ namespace: NAMESPACE })).toMatchFileSnapshot(
    join(deployment, "nats/accounts.conf"),
  )
})

it("nats-server accepts nats.conf and what it includes", async () => {
  const { path } = await findNatsBinary(process.env, () => undefined)
  const env = { ...passwords, ROUTE_PASSWORD: "secret", NATS_NAME: "nats-0" }
  const { stderr } = await run(path, ["-t", "-c", join(deployment, "nats/nats.conf")], { env })
  expect(stderr).toContain("is valid")
})

it("grants each of several journal streams by its name", () => {
  const conf = natsAccountsConf({ namespace: "shop", streams: 2 })
  expect(conf).toContain('"$JS.API.STREAM.INFO.shop-journal-1"')
  expect(conf).toContain('"$JS.API.DIRECT.GET.shop-journal-0"')
  expect(conf).not.toContain("STREAM.PURGE.shop-journal")
})

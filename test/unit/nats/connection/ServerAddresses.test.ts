/** Addresses of nats-servers: what is connected to, and what of them is shown. */
import { expect, it } from "vitest"
import { serversOf, shownServers } from "../../../../infra/nats/connection/ServerAddresses.ts"

it("takes the first credentials out of addresses, escaped or not", () => {
  expect(serversOf("nats://ann:s%3Acret@one:4222, tls://two:4222")).toEqual({
    list: ["nats://one:4222", "tls://two:4222"],
    login: { user: "ann", pass: "s:cret" },
  })
  expect(serversOf("nats://t%2Foken@one").login).toEqual({ token: "t/oken" })
  expect(serversOf("NATS://ann:a:b@one")).toEqual({
    list: ["NATS://one"],
    login: { user: "ann", pass: "a:b" },
  })
  expect(serversOf("ann:a@b@one")).toEqual({ list: ["one"], login: { user: "ann", pass: "a@b" } })
  expect(serversOf("nats://ann:100%@one").login).toEqual({ user: "ann", pass: "100%" })
  expect(serversOf(["wss://one/n@ts", "nats://[::1]:4222"])).toEqual({
    list: ["wss://one/n@ts", "nats://[::1]:4222"],
    login: {},
  })
})

it("shows no password of any server", () => {
  expect(
    shownServers("nats://ann:secret@one:4222, tls://token@two:4222,bob:o/th@er@three:4222,four"),
  ).toEqual(["nats://one:4222", "tls://two:4222", "three:4222", "four"])
  expect(shownServers("NATS://ann:secret@one:4222")).toEqual(["NATS://one:4222"])
  expect(shownServers("nats://ann:se,cret@one:4222")).toEqual(["nats://ann:…", "one:4222"])
  expect(shownServers(["ann:first\nsecond@one", "nats://[::1]:4222", "localhost:4222"])).toEqual([
    "one",
    "nats://[::1]:4222",
    "localhost:4222",
  ])
})

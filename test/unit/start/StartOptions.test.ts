/** Options that cannot start a system are named, with a hint, before anything is connected. */
import { describe, expect, it } from "vitest"
import { ActorClient, ActorSystem, InvalidStartOption } from "../../../infra/everstate.ts"
import { Counter } from "../../fixtures/memory/Counter.ts"

/** Nothing listens there: an attempt to connect would be another error. */
const nats = "nats://127.0.0.1:1"
const postgres = "postgres://ann:secret@127.0.0.1:1/orders"
const actors = [Counter]

describe("ActorSystem.start", () => {
  it.each<readonly [string, unknown, string, RegExp]>([
    ["no options", undefined, "options", /^options is undefined: give \{ nats, postgres, actors \}/],
    ["no nats", { nats: undefined, postgres, actors }, "nats", /^nats is undefined: set NATS_URL, or give/],
    ["an empty nats", { nats: "", postgres, actors }, "nats", /^nats is empty/],
    [
      "no nats servers",
      { nats: { name: "x" }, postgres, actors },
      "nats.servers",
      /^nats\.servers is undefined/,
    ],
    ["an empty list of servers", { nats: { servers: [] }, postgres, actors }, "nats.servers", /nats-server/],
    [
      "a hole in the list",
      { nats: { servers: [nats, undefined] }, postgres, actors },
      "nats.servers",
      /undefined/,
    ],
    ["nats of another kind", { nats: "http://127.0.0.1:4222", postgres, actors }, "nats", /"http:\/\/"/],
    [
      "nats with no port of any server",
      { nats: "127.0.0.1:99999", postgres, actors },
      "nats",
      /port "99999".*65535/,
    ],
    [
      "no postgres",
      { nats, actors },
      "postgres",
      /^postgres is undefined: set DATABASE_URL, or give .*postgres:\/\//,
    ],
    ["null for postgres", { nats, postgres: null, actors }, "postgres", /^postgres is null/],
    [
      "postgres without a scheme",
      { nats, postgres: "localhost", actors },
      "postgres",
      /without "postgres:\/\/"/,
    ],
    ["postgres of another kind", { nats, postgres: "mysql://x/y", actors }, "postgres", /"mysql:\/\/"/],
    [
      "a wrong port",
      { nats, postgres: "postgres://ann:secret@db:54x2/o", actors },
      "postgres",
      /port "54x2"/,
    ],
    [
      "a database's password with a slash",
      { nats, postgres: "postgres://ann:secret/word@db/o", actors },
      "postgres",
      /port that is no number.*%2F/,
    ],
    [
      "a password of nats with a comma",
      { nats: "nats://ann:secret,word@127.0.0.1:4222", postgres, actors },
      "nats",
      /port that is no number.*%2C/,
    ],
    [
      "pool options without a scheme",
      { nats, postgres: { url: "db:5432/o" }, actors },
      "postgres.url",
      /without/,
    ],
    ["no actors", { nats, postgres }, "actors", /^actors is undefined: .*defineActor/],
    ["actors that are no list", { nats, postgres, actors: Counter }, "actors", /^actors is object/],
    [
      "an undefined actor",
      { nats, postgres, actors: [Counter, undefined] },
      "actors[1]",
      /import each other/,
    ],
    ["a list for nats", { nats: [nats], postgres, actors }, "nats", /^nats is a list/],
    ["a URL for nats", { nats: new URL(nats), postgres, actors }, "nats", /URL, whose text is `href`/],
    ["nats without a host", { nats: "nats://", postgres, actors }, "nats", /without a host/],
    ["a host that is unset", { nats: "nats://undefined:4222", postgres, actors }, "nats", /host "undefined"/],
    ["an address that is unset", { nats: "undefined", postgres, actors }, "nats", /host "undefined"/],
    ["a list for postgres", { nats, postgres: [postgres], actors }, "postgres", /^postgres is a list/],
    ["a URL for postgres", { nats, postgres: new URL(postgres), actors }, "postgres", /URL, whose text is/],
    ["postgres without a host", { nats, postgres: "postgres://", actors }, "postgres", /without a host/],
    [
      "a database's host that is unset",
      { nats, postgres: "postgres://ann:secret@undefined:5432/o", actors },
      "postgres",
      /host "undefined": set DATABASE_URL/,
    ],
    [
      "a database's port that is unset",
      { nats, postgres: "postgres://ann:secret@db:undefined/o", actors },
      "postgres",
      /port "undefined": set DATABASE_URL/,
    ],
    [
      "pool options whose url is unset",
      { nats, postgres: { url: undefined }, actors },
      "postgres.url",
      /undefined: set DATABASE_URL/,
    ],
    ["empty pool options", { nats, postgres: {}, actors }, "postgres.url", /undefined/],
    ["a saga among actors", { nats, postgres, actors: [{ plan: {} }] }, "actors[0]", /belongs to `sagas`/],
    ["an actor among sagas", { nats, postgres, actors, sagas: [Counter] }, "sagas[0]", /belongs to `actors`/],
    ["an unknown reactor", { nats, postgres, actors, reactors: [{}] }, "reactors[0]", /defineReactor/],
    [
      "an unknown singleton",
      { nats, postgres, actors, singletons: [{}] },
      "singletons[0]",
      /defineSingleton/,
    ],
    ["a number for a namespace", { nats, postgres, actors, namespace: 5 }, "namespace", /^namespace is 5/],
    [
      "a namespace with a blank",
      { nats, postgres, actors, namespace: "Shop 1" },
      "namespace",
      /^namespace is "Shop 1": give text of 1 to 32 lower-case letters, digits/,
    ],
    [
      "an empty namespace",
      { nats, postgres, actors, namespace: "" },
      "namespace",
      /^namespace is empty: give/,
    ],
    [
      "a namespace that is too long",
      { nats, postgres, actors, namespace: "a".repeat(33) },
      "namespace",
      /^namespace is "a{33}": give text of 1 to 32/,
    ],
    ["null for a namespace", { nats, postgres, actors, namespace: null }, "namespace", /is null: give text/],
    ["no shards", { nats, postgres, actors, shardCount: 0 }, "shardCount", /^shardCount is 0: .*from 1/],
    [
      "text for shards",
      { nats, postgres, actors, shardCount: "64" },
      "shardCount",
      /^shardCount is "64": give a whole/,
    ],
    ["a lease that is no number", { nats, postgres, actors, leaseMs: Number.NaN }, "leaseMs", /is NaN/],
    ["a deadline in the past", { nats, postgres, actors, askDeadlineMs: -1 }, "askDeadlineMs", /0 or more/],
    ["null for the journal", { nats, postgres, actors, journal: null }, "journal", /is null/],
    ["no streams", { nats, postgres, actors, journal: { streams: 0 } }, "journal.streams", /from 1/],
    ["text for the node", { nats, postgres, actors, node: "n1" }, "node", /^node is "n1"/],
    ["a label that is no list", { nats, postgres, actors, node: { labels: "gpu" } }, "node.labels", /list/],
    ["a weight of text", { nats, postgres, actors, node: { weight: "2" } }, "node.weight", /above 0/],
    ["an undefined saga", { nats, postgres, actors, sagas: [undefined] }, "sagas[0]", /defineSaga/],
    ["an undefined projection", { nats, postgres, actors, projections: [null] }, "projections[0]", /null/],
  ])("refuses %s", async (_, options, option, message) => {
    const failure = await ActorSystem.start(options as never).catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(InvalidStartOption)
    expect(failure).toMatchObject({
      _tag: "InvalidStartOption",
      option,
      message: expect.stringMatching(message),
    })
    expect(String(failure)).not.toContain("secret")
  })

  it.each([
    ["nats://a:4222,nats://b:4222", "postgres://127.0.0.1:1/x"],
    ["127.0.0.1:1", "postgresql://u:p%40ss@127.0.0.1/x?sslmode=disable"],
    ["nats://user:p:w@[::1]:1", "/var/run/postgresql x"],
    [{ servers: ["127.0.0.1:1"] }, { config: { host: "127.0.0.1" } }],
    ["tls://127.0.0.1:1", { url: "postgres://u@[::1]:5432/x" }],
  ])("tries what may be right: %j", async (rightNats, rightPostgres) => {
    const options = { nats: rightNats, postgres: rightPostgres, actors }
    const failure = await ActorSystem.start(options as never).catch((error: unknown) => error)
    expect(failure).not.toBeInstanceOf(InvalidStartOption)
    expect(failure).toHaveProperty("_tag")
  })
})

describe("ActorClient.connect", () => {
  it.each([
    ["no options", undefined, "options"],
    ["no nats", { actors }, "nats"],
    ["no actors", { nats }, "actors"],
    ["an undefined actor", { nats, actors: [undefined] }, "actors[0]"],
    ["an address that is unset", { nats: "nats://null:4222", actors }, "nats"],
    ["text for a deadline", { nats, actors, askDeadlineMs: "5" }, "askDeadlineMs"],
  ])("refuses %s", async (_, options, option) => {
    const connected = ActorClient.connect(options as never)
    await expect(connected).rejects.toMatchObject({ _tag: "InvalidStartOption", option })
  })
})

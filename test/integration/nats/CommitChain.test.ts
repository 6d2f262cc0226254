/** The header of each stored commit names the actor's commit before it, on whatever server the tests run. */
import { Effect } from "effect"
import { afterAll, describe, expect, it } from "vitest"
import { readChain } from "../../../infra/nats/journal/CommitChain.ts"
import { behaviours, bytes, freshServer, openJournal, order, run, STREAM } from "./NatsFixture.ts"

afterAll(() => behaviours.expectSimulated())

const ACTORS = Array.from({ length: 40 }, (_, index) => `a${index}`)
const ROUNDS = 3

describe("the walk from an actor's last commit backwards", () => {
  it.each(["off", "on"] as const)("finds what a forward read finds, with group commit %s", (groupCommit) =>
    run(
      Effect.gen(function* () {
        const server = yield* freshServer()
        const { journal, connection } = yield* openJournal(server, undefined, { groupCommit })
        const lasts = new Map<string, number>()
        for (let round = 0; round < ROUNDS; round++) {
          const append = Effect.fnUntraced(function* (name: string) {
            const before = lasts.get(name) ?? 0
            lasts.set(name, yield* journal.append(order(name), before, bytes(`${round} of ${name}`)))
          })
          yield* Effect.forEach(ACTORS, append, { concurrency: "unbounded" })
        }
        for (const [name, upTo] of lasts) {
          const { shard, type, token, key } = order(name)
          const log = { stream: STREAM, subject: `fault.evt.${shard}.${type}.${token}`, keyOf: () => key }
          const all = yield* journal.read(order(name), { after: 0, upTo })
          expect(all).toHaveLength(ROUNDS)
          expect(yield* readChain(connection.requests, log, { after: 0, upTo })).toEqual(all)
          const range = { after: all[0]?.sequence ?? 0, upTo }
          expect(yield* readChain(connection.requests, log, range)).toEqual(all.slice(1))
        }
      }),
    ),
  )
})

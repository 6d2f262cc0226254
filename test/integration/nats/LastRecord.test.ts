/** Who answers for the last record of an actor: of a stream with one replica, not always its leader. */
import { Effect } from "effect"
import { afterAll, describe, expect, it } from "vitest"
import type { JournalService } from "../../../runtime/journal/Journal.ts"
import {
  admin,
  behaviours,
  bytes,
  eventually,
  freshServer,
  openJournal,
  order,
  run,
  STREAM,
} from "./NatsFixture.ts"

afterAll(() => behaviours.expectSimulated())

const MIRROR = "MIRROR_OF_JOURNAL"

/** Enough for the mirror to have got some of them: the server gives each request to one of the two. */
const READ_COUNT = 60

/** Sequences that as many reads of the actor's last record find. */
const lastSequences = (journal: JournalService, id: string) =>
  Effect.map(
    Effect.all(Array.from({ length: READ_COUNT }, () => journal.last(order(id)))),
    (records) => new Set(records.map((record) => record?.sequence)),
  )

describe("a mirror that answers direct gets for the journal", () => {
  it("is not believed, whether it lacks the actor or has an older record of it", () =>
    run(
      Effect.gen(function* () {
        const server = yield* freshServer()
        const { journal } = yield* openJournal(server)
        const first = yield* journal.append(order("a"), 0, bytes("one"))
        const last = yield* journal.append(order("a"), first, bytes("two"))
        const only = yield* journal.append(order("b"), 0, bytes("one"))
        yield* admin(server, `STREAM.CREATE.${MIRROR}`, {
          name: MIRROR,
          storage: "file",
          mirror: { name: STREAM },
          mirror_direct: true,
        })
        yield* eventually(
          Effect.flatMap(admin(server, `STREAM.INFO.${MIRROR}`), (info) => {
            const { state } = info as { state: { messages: number } }
            return state.messages === 3 ? Effect.void : Effect.fail(`${state.messages} messages`)
          }),
        )
        for (const seq of [last, only]) yield* admin(server, `STREAM.MSG.DELETE.${MIRROR}`, { seq })
        expect(yield* lastSequences(journal, "a")).toEqual(new Set([last]))
        expect(yield* lastSequences(journal, "b")).toEqual(new Set([only]))
      }),
    ))
})

/** Ten thousand events without a snapshot, against an ordered consumer that reads the same messages. */
import { jetstream } from "@nats-io/jetstream"
import { ActorSystem } from "../../infra/everstate.ts"
import { Account, accountAddress, markedCommit } from "./Account.ts"
import { median, rowOf } from "./Measure.ts"
import { openRawJournal, type RawJournal } from "./RawJournal.ts"
import type { Bench } from "./Stage.ts"

const EVENT_COUNT = 10_000

/** Actors that are replayed, one after the other; the first ones warm up. */
const ACTOR_COUNT = 10
const WARM_UP_COUNT = 3

const idOf = (index: number): string => `long-${index}`

/** Commits of each actor by which one of them may be ahead of another. */
const AHEAD_MAX = 100

/** Nothing is sent, so everything that is stored is settled. */
const watermarkAt = (version: number): number => Math.max(0, (version - AHEAD_MAX) * ACTOR_COUNT)

/** All actors' histories, growing side by side. */
const fillHistories = async (raw: RawJournal): Promise<void> => {
  const commits = Array.from({ length: EVENT_COUNT }, (_, index) =>
    markedCommit(index + 1, watermarkAt(index + 1)),
  )
  const history = async (subject: string): Promise<void> => {
    let last = 0
    for (const data of commits) {
      last = await new Promise<number>((resolve, reject) => {
        raw.append(subject, last, data, (failure, sequence) => {
          if (failure === undefined) resolve(sequence)
          else reject(failure)
        })
      })
    }
  }
  const actors = Array.from({ length: ACTOR_COUNT }, (_, index) => index)
  await Promise.all(actors.map((index) => history(raw.subjectOf(accountAddress(idOf(index))))))
}

/** Messages of one subject a second, through an ordered consumer, from asking for it to the last message. */
const consumeAll = async (raw: RawJournal, subject: string): Promise<number> => {
  const startMs = performance.now()
  const consumer = await jetstream(raw.connection.client).consumers.get(raw.stream, {
    filter_subjects: [subject],
  })
  let count = 0
  const endMs = await new Promise<number>((resolve, reject) => {
    const callback = (): void => {
      if (++count === EVENT_COUNT) resolve(performance.now())
    }
    consumer.consume({ max_messages: EVENT_COUNT, callback }).catch(reject)
  })
  await consumer.delete()
  return (EVENT_COUNT / (endMs - startMs)) * 1000
}

export const recovery: Bench = {
  name: "recovery",
  rows: ["recovery"],
  run: async (stage) => {
    const servers = await stage.servers()
    const { natsUrl: nats, postgresUrl: postgres } = servers
    const start = () => ActorSystem.start({ directory: false, nats, postgres, actors: [Account] })
    await (await start()).stop()
    const raw = await openRawJournal(nats, "everstate")
    stage.say(`recovery: writing ${ACTOR_COUNT} × ${EVENT_COUNT} events`)
    await fillHistories(raw)
    const system = await start()
    const consumed: Array<number> = []
    const replayed: Array<number> = []
    for (let index = 0; index < ACTOR_COUNT; index++) {
      const consumedPerSecond = await consumeAll(raw, raw.subjectOf(accountAddress(idOf(index))))
      const startMs = performance.now()
      const { version } = await system.get(Account, idOf(index)).state({ deadlineMs: 60_000 })
      const replayedPerSecond = (EVENT_COUNT / (performance.now() - startMs)) * 1000
      if (version !== EVENT_COUNT) throw new Error(`replay ended at version ${version}`)
      if (index < WARM_UP_COUNT) continue
      consumed.push(consumedPerSecond)
      replayed.push(replayedPerSecond)
    }
    await system.stop()
    await raw.close()
    return [
      rowOf("recovery", median(replayed), "events/s", median(consumed), {
        target: { of: "ratio", op: ">=", limit: 0.4 },
        note: `${EVENT_COUNT} events, no snapshot; ceiling: ordered consumer`,
      }),
    ]
  },
}

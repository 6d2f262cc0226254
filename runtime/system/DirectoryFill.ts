/**
 * Fills in the rows of the directory whose commits do not say enough: commits of earlier releases name no state, long
 * names are left out of commits, and columns may be newer than an actor's last commit.
 *
 * Owns the search for such rows, and their change. The owner of an actor's shard fills its row, from the state that it folds
 * for every other reader, a few actors at a time. A row that a newer commit has changed meanwhile stays as it is. The table:
 * ../directory/ActorsTable.ts.
 */
import { Effect, Exit, type Scope } from "effect"
import { addressOf } from "../address/ActorAddress.ts"
import type { Cells } from "../cell/Cells.ts"
import { type CurrentState, WaitingRead } from "../cell/Waiting.ts"
import type { AnyActor } from "../definition/Actor.ts"
import { computedColumns } from "../definition/DirectoryColumns.ts"
import { type ActorRow, ActorsTable, listedState } from "../directory/ActorsTable.ts"
import { RestPause } from "../follower/RestPause.ts"
import { thrownText } from "../json/Thrown.ts"
import { logSampled } from "../log/SampledLog.ts"
import { compactStateName } from "../machine/StateName.ts"
import type { ReadModelService } from "../projection/ReadModel.ts"
import type { Condition } from "../projection/TableQueries.ts"
import type { DeadlineWheel } from "../time/DeadlineWheel.ts"

/** First and longest pause between two searches, in milliseconds. */
export const DIRECTORY_FILL_PAUSE_MS = { first: 2_000, max: 600_000 }

/** Rows that are read at once. */
const PAGE_ROWS = 100

/** Actors that are brought into memory at the same time. Few, because callers need the room. */
const FILLED_AT_ONCE_MAX = 4

/** Time for the state of one actor, in milliseconds. Its row is filled at a later search if that is not enough. */
const READ_MS_MAX = 5_000

export interface DirectoryFillOptions {
  readonly readModel: ReadModelService
  readonly actors: ReadonlyMap<string, AnyActor>
  readonly shardCount: number
  readonly cells: Pick<Cells, "offer" | "takes" | "residentCount">
  readonly residentMax: number
  readonly wheel: DeadlineWheel
}

export interface DirectoryFill {
  /** Rows that this node has filled in. */
  readonly filledCount: () => number
}

/** Searches and fills until the scope ends. */
export const makeDirectoryFill = Effect.fnUntraced(function* (
  options: DirectoryFillOptions,
): Effect.fn.Return<DirectoryFill, never, Scope.Scope> {
  const { readModel, actors, shardCount, cells, residentMax, wheel } = options
  let filledCount = 0

  /** State of an actor that this node owns; `undefined` if it does not give it in time. */
  const stateHere = (definition: AnyActor, id: string): Effect.Effect<CurrentState | undefined> =>
    Effect.callback((resume) => {
      const address = addressOf(definition.type, id, shardCount)
      if (!cells.takes(definition, address) || cells.residentCount() >= residentMax) {
        return resume(Effect.undefined)
      }
      const item = new WaitingRead((exit) =>
        resume(Effect.succeed(Exit.isSuccess(exit) ? exit.value : undefined)),
      )
      // If the shard moves on meanwhile, its next owner fills the row.
      item.isRemote = true
      item.giveUpAt(
        wheel.schedule(READ_MS_MAX, () => item.settle(Exit.interrupt())),
        READ_MS_MAX,
      )
      cells.offer(definition, address, item)
    })

  const fillRow = (definition: AnyActor, { type, id, sequence }: ActorRow) =>
    Effect.flatMap(stateHere(definition, id), (current) => {
      if (current === undefined || current.sequence !== sequence) return Effect.void
      const { status, value } = current.state
      const { directory } = definition
      const found = directory && computedColumns(directory, id, current.state).stored
      const amended = readModel.amend(ActorsTable, {
        key: { type, id },
        expected: { sequence },
        values: {
          state: listedState(compactStateName(value)),
          done: status === "done",
          failed: status === "error",
          columns: found?.c ?? null,
          columns_version: found?.v ?? null,
        },
      })
      return Effect.map(amended, (isAmended) => {
        if (isAmended) filledCount++
      })
    })

  const fillAll = Effect.fnUntraced(function* (definition: AnyActor, lack: Condition) {
    let after = ""
    while (true) {
      const where: ReadonlyArray<Condition> = [
        { column: "type", is: "=", value: definition.type },
        { column: "id", is: ">", value: after },
        lack,
      ]
      const rows = yield* readModel.select(ActorsTable, { where, orderBy: "id", limit: PAGE_ROWS })
      const page = rows as ReadonlyArray<ActorRow>
      yield* Effect.forEach(page, (row) => fillRow(definition, row), {
        concurrency: FILLED_AT_ONCE_MAX,
        discard: true,
      })
      const last = page.at(-1)
      if (last === undefined || page.length < PAGE_ROWS) return
      after = last.id
    }
  })

  const search = Effect.forEach(
    [...actors.values()],
    (definition) => {
      const { directory } = definition
      const columnsLack = directory && fillAll(definition, lacksColumns(directory.version))
      return Effect.andThen(fillAll(definition, LACKS_STATE), columnsLack ?? Effect.void)
    },
    { discard: true },
  )

  const pause = new RestPause(DIRECTORY_FILL_PAUSE_MS.first, DIRECTORY_FILL_PAUSE_MS.max)
  yield* Effect.forkScoped(
    Effect.forever(
      Effect.andThen(
        // The database or the table is not there: the next search may find it.
        Effect.catchDefect(Effect.ignore(search), (defect) =>
          logSampled(
            "filling the directory",
            `Rows of the directory are not filled in: ${thrownText(defect)}`,
          ),
        ),
        Effect.suspend(() => Effect.sleep(pause.after(filledCount))),
      ),
    ),
  )
  return { filledCount: () => filledCount }
})

const LACKS_STATE: Condition = { column: "state", is: "null" }

const lacksColumns = (version: number): Condition => ({
  column: "columns_version",
  is: "not",
  value: version,
})

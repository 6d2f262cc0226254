/** The limits that hold for every system, and the values of options that are left out. */
import { ACTOR_ID_LENGTH_MAX } from "./address/ActorAddress.ts"
import { CALL_DEFAULTS } from "./call/Call.ts"
import { QUEUE_ITEMS_MAX } from "./cell/Waiting.ts"
import { COMMANDS_REMEMBERED_DEFAULT, SNAPSHOT_EVERY_EVENTS_DEFAULT } from "./definition/Actor.ts"
import {
  DIRECTORY_COLUMN_NAME_LENGTH_MAX,
  DIRECTORY_COLUMNS_BYTES_MAX,
  DIRECTORY_COLUMNS_MAX,
  DIRECTORY_TEXT_LENGTH_MAX,
} from "./definition/DirectoryColumns.ts"
import { CORRELATIONS_KEPT_MS_DEFAULT } from "./directory/CorrelationTable.ts"
import { ACTORS_PAGE_DEFAULT, ACTORS_PAGE_MAX } from "./directory/Listing.ts"
import { JSON_DEPTH_MAX } from "./json/Json.ts"
import { CHECK_STATES_MAX } from "./saga/CheckSaga.ts"
import {
  COMPENSATION_RETRY_DEFAULTS,
  REQUEST_RETRY_DEFAULTS,
  SAGA_ANSWER_WAIT_MS_DEFAULT,
  SAGA_ITEM_KEY_LENGTH_MAX,
  SAGA_ITEMS_MAX,
} from "./saga/SagaPlan.ts"
import { HISTORY_PAGE_MAX } from "./system/History.ts"
import { WAIT_FOR_DEADLINE_MS } from "./system/ReadSide.ts"
import { SYSTEM_DEFAULTS } from "./system/SystemSettings.ts"
import { WATCH_BEHIND_MAX } from "./watch/ChangeFeed.ts"
import { WATCHERS_MAX } from "./watch/ChangeFeeds.ts"

/** Limits of every system. What goes beyond one is refused with an error that names it. */
export const LIMITS = {
  /** Characters of an actor's id. */
  actorIdLength: ACTOR_ID_LENGTH_MAX,
  /** Levels of lists and objects in a payload. */
  jsonDepth: JSON_DEPTH_MAX,
  /** Commands and reads that may wait for one actor. */
  waitingPerActorCount: QUEUE_ITEMS_MAX,
  /** Events on one page of a history. */
  historyPageCount: HISTORY_PAGE_MAX,
  /** Actors on one page of the directory. */
  actorsPageCount: ACTORS_PAGE_MAX,
  /** Columns that an actor type adds to the directory; characters of a name and of a text; bytes of all of them. */
  directoryColumnCount: DIRECTORY_COLUMNS_MAX,
  directoryColumnNameLength: DIRECTORY_COLUMN_NAME_LENGTH_MAX,
  directoryTextLength: DIRECTORY_TEXT_LENGTH_MAX,
  directoryColumnsBytes: DIRECTORY_COLUMNS_BYTES_MAX,
  /** Versions that a watcher may be behind before it skips to the newest state. */
  watchBehindCount: WATCH_BEHIND_MAX,
  /** Watchers that may wait on a node. */
  watchersPerNodeCount: WATCHERS_MAX,
  /** Items of one `forEach` of a saga. */
  sagaItemCount: SAGA_ITEMS_MAX,
  /** Characters of the key of such an item. */
  sagaItemKeyLength: SAGA_ITEM_KEY_LENGTH_MAX,
  /** States that `checkSaga` visits unless it is told otherwise. */
  checkedStateCount: CHECK_STATES_MAX,
} as const

/** What options are where they are left out. */
export const DEFAULTS = {
  /** Of `ActorSystem.start`. */
  system: SYSTEM_DEFAULTS,
  /** Of `defineActor`. */
  actor: {
    commandsRememberedCount: COMMANDS_REMEMBERED_DEFAULT,
    snapshotEveryEvents: SNAPSHOT_EVERY_EVENTS_DEFAULT,
  },
  /** Of `defineCall`. */
  call: CALL_DEFAULTS,
  /** Of `defineSaga` and its steps. */
  saga: {
    answerWaitMs: SAGA_ANSWER_WAIT_MS_DEFAULT,
    requestRetry: REQUEST_RETRY_DEFAULTS,
    compensationRetry: COMPENSATION_RETRY_DEFAULTS,
  },
  /** Of `actors.list`. */
  list: { limit: ACTORS_PAGE_DEFAULT },
  /** Of `directory` of `ActorSystem.start`. */
  directory: { correlationsKeptMs: CORRELATIONS_KEPT_MS_DEFAULT },
  /** Of `waitFor`. */
  waitFor: { deadlineMs: WAIT_FOR_DEADLINE_MS },
} as const

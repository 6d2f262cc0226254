/**
 * What every journal honours (runtime/journal/Journal.ts). The facts are in the files that this one gathers.
 */
import type { Journal } from "../journal/Journal.ts"
import { type ContractRunner, factOfPort, type PortContractOptions } from "./ContractSuite.ts"
import { appendFacts } from "./JournalAppendFacts.ts"
import { callbackFacts } from "./JournalCallbackFacts.ts"
import { followFacts } from "./JournalFollowFacts.ts"
import { partitionFacts } from "./JournalPartitionFacts.ts"
import { readFacts } from "./JournalReadFacts.ts"
import { scanFacts } from "./JournalScanFacts.ts"

/**
 * Registers the contract of `Journal` with a test runner. The layer gives a journal of `CONTRACT_SHARD_COUNT` shards in one
 * partition or two.
 */
export const journalContract = (runner: ContractRunner, options: PortContractOptions<Journal>): void => {
  const { describe } = runner
  const fact = factOfPort(runner, options)

  describe(`${options.name} journal`, () => {
    partitionFacts({ describe, fact })
    callbackFacts({ describe, fact })
    appendFacts({ describe, fact })
    readFacts({ describe, fact })
    scanFacts({ describe, fact })
    followFacts({ describe, fact })
  })
}

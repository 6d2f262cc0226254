/** All bugs that `npm run mutants` plants, by what they break. */
import { cellBugs } from "./bugs/CellBugs.ts"
import { checkerBugs } from "./bugs/CheckerBugs.ts"
import { directoryBugs } from "./bugs/DirectoryBugs.ts"
import { familyBugs } from "./bugs/FamilyBugs.ts"
import { journalBugs } from "./bugs/JournalBugs.ts"
import { messageBugs } from "./bugs/MessageBugs.ts"
import { originBugs } from "./bugs/OriginBugs.ts"
import { outboxBugs } from "./bugs/OutboxBugs.ts"
import { ownershipBugs } from "./bugs/OwnershipBugs.ts"
import { projectionBugs } from "./bugs/ProjectionBugs.ts"
import { sagaBugs } from "./bugs/SagaBugs.ts"
import { serviceBugs } from "./bugs/ServiceBugs.ts"
import { tellBugs } from "./bugs/TellBugs.ts"
import { timerBugs } from "./bugs/TimerBugs.ts"
import { valueBugs } from "./bugs/ValueBugs.ts"
import { watchBugs } from "./bugs/WatchBugs.ts"
import type { PlantedBug } from "./PlantedBug.ts"

export const plantedBugs: ReadonlyArray<PlantedBug> = [
  ...journalBugs,
  ...cellBugs,
  ...familyBugs,
  ...timerBugs,
  ...valueBugs,
  ...messageBugs,
  ...tellBugs,
  ...originBugs,
  ...outboxBugs,
  ...ownershipBugs,
  ...sagaBugs,
  ...projectionBugs,
  ...directoryBugs,
  ...checkerBugs,
  ...serviceBugs,
  ...watchBugs,
]

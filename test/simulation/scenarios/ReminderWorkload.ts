/** Reminders that are set for up to `afterMsMax` milliseconds, forgotten and set anew. */
import type { Workload } from "../../../runtime/testing.ts"
import { Reminder } from "../Reminder.ts"

export const reminderWorkload = (reminderCount: number, requestCount: number, afterMsMax: number): Workload =>
  function* ({ random }) {
    for (let index = 0; index < requestCount; index++) {
      const command = random.chance(0.5)
        ? { type: "Remind", afterMs: Math.round(random.between(500, afterMsMax)) }
        : { type: "Forget" }
      yield { actor: Reminder, id: `r-${random.index(reminderCount)}`, command }
    }
  }

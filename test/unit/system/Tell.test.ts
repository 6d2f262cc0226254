/** What a caller of `tell` is told when the mailbox does not answer, or refuses. */
import { Effect } from "effect"
import { expect, it } from "vitest"
import { MailboxRefused, MailboxUnavailable } from "../../../runtime/mailbox/Mailbox.ts"
import { Clerk } from "../../fixtures/memory/Desk.ts"
import { eventually, startMemory } from "../../fixtures/memory/MemorySystem.ts"
import { MessagingMemory } from "../../fixtures/memory/MessagingMemory.ts"

it("a tell that the mailbox refuses after an attempt without an answer may have been stored", async () => {
  const messaging = new MessagingMemory()
  const { mailbox } = messaging
  const { publish: publishReally } = mailbox
  let attemptCount = 0
  const publish: typeof mailbox.publish = (message) => {
    if (++attemptCount > 1) {
      return Effect.fail(new MailboxRefused({ reason: "NotPermitted", detail: "no rights", hint: "Wait." }))
    }
    const noAnswer = new MailboxUnavailable({ reason: "Timeout", detail: "no answer" })
    return Effect.andThen(publishReally(message), Effect.fail(noAnswer))
  }
  Object.assign(mailbox, { publish })
  const { system } = await startMemory({ actors: [Clerk], messaging })
  const clerk = system.get(Clerk, "c")
  const told = clerk.tell({ type: "Stamp", sheet: "stored" })
  await expect(told).rejects.toMatchObject({ _tag: "Unavailable", stored: "Unknown" })
  await eventually(async () => (await clerk.state()).version === 1)
  // With the first attempt already it is known that nothing was stored.
  const refused = clerk.tell({ type: "Stamp", sheet: "refused" })
  await expect(refused).rejects.toMatchObject({ _tag: "Unavailable", stored: "No" })
})

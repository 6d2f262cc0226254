import { describe, expect, it } from "vitest"
import type { Mail } from "../../../../actors/notification/Mailer.ts"
import { Notification, notificationActor } from "../../../../actors/notification/Notification.ts"
import { notificationEvents } from "../../../../actors/notification/NotificationEvents.ts"
import { CallRefused, type CommandsOf } from "../../../../runtime/index.ts"
import { DrivenActor, expectIdempotent } from "../DrivenActor.ts"
import { goldenEvents } from "../GoldenEvents.ts"

goldenEvents("notification", notificationEvents)

type Driven = DrivenActor<typeof Notification>

const send: CommandsOf<typeof Notification> = {
  type: "Send",
  to: "nuri@example.com",
  subject: "Your order",
  text: "It is on its way.",
}
const mail: Mail = {
  messageId: "n-1",
  to: "nuri@example.com",
  subject: "Your order",
  text: "It is on its way.",
}
const notification = (): Driven => new DrivenActor(Notification, "n-1")

describe("a notification", () => {
  it("is sent by one call, under its own id", () => {
    const actor = notification().all(send)
    expect(actor.calls).toEqual(["send"])
    expect(actor.inputOf("send")).toEqual(mail)
    expect(actor.done("send").state).toMatchObject({ value: "sent", context: { mail: null, failure: null } })
  })

  it("is not sent again while it is under way, or once it is sent", () => {
    expectIdempotent(notification, { new: () => undefined, sent: (actor) => actor.all(send).done("send") }, [
      send,
    ])
  })

  it("shows that it could not be sent, and can be asked for again", () => {
    const actor = notification().all(send).failed("send", "MailboxUnknown")
    expect(actor.state).toMatchObject({ value: "failed", context: { failure: "send: MailboxUnknown" } })
    actor.all({ ...send, to: "nuri.kim@example.org" })
    expect(actor.inputOf("send")).toEqual({ ...mail, to: "nuri.kim@example.org" })
    expect(actor.done("send").state.value).toBe("sent")
  })

  it("goes to the mailer that notificationActor is given", async () => {
    const sent: Array<Mail> = []
    const actor = notificationActor({
      send: async (given) => {
        sent.push(given)
      },
    })
    const { signal } = new AbortController()
    const args = { input: mail, idempotencyKey: "k", signal, heartbeat: () => undefined, attempt: 1 }
    expect(await actor.machine.callLogic("send")?.run(args)).toBeNull()
    expect(sent).toEqual([mail])
    await expect(Notification.machine.callLogic("send")?.run(args)).rejects.toThrow(CallRefused)
  })
})

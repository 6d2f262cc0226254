/**
 * The port to whatever sends e-mail.
 *
 * A mailer that is given the same `messageId` again may send twice, but must give both the same id, so that the
 * receiver's mail program shows one. A refusal for good throws `CallRefused`; any other error is tried again. Who calls
 * it: Notification.ts. To files and to a terminal: infra/reference/mail.
 */
import { CallRefused } from "../../runtime/index.ts"

export interface Mail {
  /** Id of the notification. */
  readonly messageId: string
  readonly to: string
  readonly subject: string
  /** Plain text. */
  readonly text: string
}

export interface Mailer {
  readonly send: (mail: Mail, signal: AbortSignal) => Promise<void>
}

/** Refuses everything: stands in where notifications are only addressed, not hosted. */
export const noMailer: Mailer = {
  send: async () => {
    throw new CallRefused("NoMailer", {
      hint: "Host the actor that notificationActor(mailer) makes, with a mailer of yours.",
    })
  },
}

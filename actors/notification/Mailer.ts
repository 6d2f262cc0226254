/**
 * The port to an e-mail service.
 *
 * A mailer that gets the same `messageId` again may send twice, but must give both mails the same id, so that
 * the receiver's mail program shows one. A permanent refusal throws `CallRefused`; any other error is
 * retried. Who calls it: Notification.ts. To files and to a terminal: infra/reference/mail.
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

/** Refuses everything: for systems that address notifications and do not host them. */
export const noMailer: Mailer = {
  send: async () => {
    throw new CallRefused("NoMailer", {
      hint: "Host the actor that notificationActor(mailer) makes, with a mailer of yours.",
    })
  },
}

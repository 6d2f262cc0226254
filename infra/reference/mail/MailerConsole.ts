/**
 * Writes mails to a stream, such as the terminal, for a person who watches. The port:
 * actors/notification/Mailer.ts.
 */
import type { Mail, Mailer } from "../../../actors/notification/Mailer.ts"
import { mailText } from "./MailText.ts"

export class MailerConsole implements Mailer {
  readonly #stream: NodeJS.WritableStream

  constructor(stream: NodeJS.WritableStream = process.stdout) {
    this.#stream = stream
  }

  /** Resolves when the stream has taken the mail. */
  send(mail: Mail): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#stream.write(`${mailText(mail)}\n`, (error) => (error == null ? resolve() : reject(error)))
    })
  }
}

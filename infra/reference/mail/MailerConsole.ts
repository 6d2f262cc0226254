/** E-mail on a stream, such as the terminal: for somebody who watches. The port: actors/notification/Mailer.ts. */
import type { Mail, Mailer } from "../../../actors/notification/Mailer.ts"
import { mailText } from "./MailText.ts"

export class MailerConsole implements Mailer {
  readonly #stream: NodeJS.WritableStream

  constructor(stream: NodeJS.WritableStream = process.stdout) {
    this.#stream = stream
  }

  /** Done when the stream has taken it. */
  send(mail: Mail): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#stream.write(`${mailText(mail)}\n`, (error) => (error == null ? resolve() : reject(error)))
    })
  }
}

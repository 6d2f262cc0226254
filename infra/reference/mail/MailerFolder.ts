/**
 * Writes mails as files: one `.eml` in a folder for each notification, so a mail that is sent twice leaves
 * one file.
 *
 * A file appears as a whole or not at all. The port: actors/notification/Mailer.ts.
 */
import { createHash, randomUUID } from "node:crypto"
import { mkdir, rename, writeFile } from "node:fs/promises"
import { join } from "node:path"
import type { Mail, Mailer } from "../../../actors/notification/Mailer.ts"
import { mailText } from "./MailText.ts"

/** Longest part of a notification's id in the name of its file; a digest keeps longer ids apart. */
const READABLE_LENGTH_MAX = 60
const DIGEST_LENGTH = 12

/** Name of a notification's file. */
export const mailFileName = (messageId: string): string => {
  const readable = messageId.replace(/[^A-Za-z0-9-]/g, "_").slice(0, READABLE_LENGTH_MAX)
  return `${readable}.${createHash("sha256").update(messageId).digest("hex").slice(0, DIGEST_LENGTH)}.eml`
}

export class MailerFolder implements Mailer {
  readonly #folder: string

  /** `folder` is created if it is missing. */
  constructor(folder: string) {
    this.#folder = folder
  }

  async send(mail: Mail, signal: AbortSignal): Promise<void> {
    await mkdir(this.#folder, { recursive: true })
    const unfinished = join(this.#folder, `.${randomUUID()}.part`)
    await writeFile(unfinished, mailText(mail), { signal })
    await rename(unfinished, join(this.#folder, mailFileName(mail.messageId)))
  }
}

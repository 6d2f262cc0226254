import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { PassThrough } from "node:stream"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import type { Mail } from "../../../../actors/notification/Mailer.ts"
import { MailerConsole } from "../../../../infra/reference/mail/MailerConsole.ts"
import { MailerFolder, mailFileName } from "../../../../infra/reference/mail/MailerFolder.ts"

const mail: Mail = {
  messageId: "order/o-42 confirmed",
  to: "nuri@example.com",
  subject: "주문 o-42",
  text: "It is on its way.\nThank you!",
}
const text = `Message-ID: <order%2Fo-42%20confirmed@everstate.invalid>
To: nuri@example.com
Subject: 주문 o-42
Content-Type: text/plain; charset=utf-8

It is on its way.
Thank you!
`
const { signal } = new AbortController()

describe("the folder of mails", () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "everstate-mail-"))
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  it("holds each mail as a file, once however often it is sent", async () => {
    const mails = join(folder, "made", "for it")
    const mailer = new MailerFolder(mails)
    await Promise.all([mailer.send(mail, signal), mailer.send(mail, signal)])
    await mailer.send({ ...mail, messageId: "order_o-42 confirmed" }, signal)
    expect(readdirSync(mails)).toHaveLength(2)
    expect(readFileSync(join(mails, mailFileName(mail.messageId)), "utf8")).toBe(text)
  })

  it("gives a mail whose id is long, or a path, a name of its own inside the folder", () => {
    const names = ["../../etc/passwd", "a".repeat(300), `${"a".repeat(299)}b`, "김", "이"].map(mailFileName)
    expect(new Set(names).size).toBe(names.length)
    for (const name of names) expect(name).toMatch(/^[\w-]{1,60}\.[0-9a-f]{12}\.eml$/)
  })

  it("leaves nothing whole behind of a mail that was aborted", async () => {
    await expect(new MailerFolder(folder).send(mail, AbortSignal.abort())).rejects.toThrow()
    expect(readdirSync(folder).filter((name) => name.endsWith(".eml"))).toEqual([])
  })
})

describe("the mails on a stream", () => {
  it("are whole, one after the other", async () => {
    const stream = new PassThrough()
    const mailer = new MailerConsole(stream)
    await mailer.send(mail)
    await mailer.send(mail)
    expect(stream.read().toString()).toBe(`${text}\n${text}\n`)
  })

  it("fail with the stream", async () => {
    const stream = new PassThrough()
    stream.on("error", () => undefined).destroy()
    await expect(new MailerConsole(stream).send(mail)).rejects.toThrow()
  })
})

/**
 * A mail as text in the form of RFC 5322, with headers in UTF-8 (RFC 6532), as the mailers of this folder
 * write it.
 */
import type { Mail } from "../../../actors/notification/Mailer.ts"

/** Domain of message ids. It is reserved: no mail server has this name (RFC 2606). */
const MESSAGE_ID_DOMAIN = "everstate.invalid"

/** Text with line breaks as in files of this system, not as in mails on the wire. */
export const mailText = ({ messageId, to, subject, text }: Mail): string =>
  [
    `Message-ID: <${encodeURIComponent(messageId)}@${MESSAGE_ID_DOMAIN}>`,
    `To: ${to}`,
    `Subject: ${subject}`,
    "Content-Type: text/plain; charset=utf-8",
    "",
    text,
    "",
  ].join("\n")

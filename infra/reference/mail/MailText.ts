/** A mail as the text of RFC 5322, with headers in UTF-8 (RFC 6532): what sinks keep and show. */
import type { Mail } from "../../../actors/notification/Mailer.ts"

/** Where message ids are from. Reserved: no mail server is called like this (RFC 2606). */
const MESSAGE_ID_DOMAIN = "everstate.invalid"

/** Line breaks as they are in files here, not as they travel. */
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

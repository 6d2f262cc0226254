/**
 * The twins of an action: the same as a command of `everstate`, and as curl.
 *
 * Owns how they are written, with all that a shell wants quoted.
 */
import { gatewayUrl, urlOf } from "../api/Client.ts"
import { text } from "../text/English.ts"
import { CopyButton } from "./CopyButton.tsx"

/** A word as a shell takes it. */
const quoted = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`

/** The request as a line of curl. */
export const curlLine = (method: string, parts: ReadonlyArray<string>, body?: unknown, params = {}): string =>
  [
    "curl",
    ...(method === "GET" ? [] : ["-X", method]),
    quoted(urlOf(parts, params).href),
    ...(method === "GET" ? [] : ["-H", "'Content-Type: application/json'"]),
    ...(body === undefined ? [] : ["-d", quoted(JSON.stringify(body))]),
  ].join(" ")

/** The option of curl that gives the reason. */
export const noteHeader = (note: string): string => `-H ${quoted(`Everstate-Note: ${note}`)}`

/** A line of the command; the address of the gateway comes last. */
export const commandLine = (...words: ReadonlyArray<string>): string =>
  ["npx everstate", ...words.map(quoted), "--url", quoted(gatewayUrl.href.replace(/\/$/, ""))].join(" ")

export const Twins = ({
  command,
  curl,
  lines = [],
}: {
  /** Words of the command. */
  readonly command?: ReadonlyArray<string> | undefined
  readonly curl?: string
  /** Lines of a shell, where one command does not do it. */
  readonly lines?: ReadonlyArray<string>
}) => (
  <details className="twins">
    <summary>{text.twins.title}</summary>
    {[command === undefined ? undefined : commandLine(...command), curl, ...lines].map((line) =>
      line === undefined ? null : (
        <div key={line} className="twin">
          <pre>{line}</pre>
          <CopyButton value={line} label={text.twins.line} />
        </div>
      ),
    )}
  </details>
)

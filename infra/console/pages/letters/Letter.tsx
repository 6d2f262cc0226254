/** One dead letter with its message, and the verbs for it. */
import { useQuery } from "@tanstack/react-query"
import type { DeadLetter, Json } from "../../api/Documents.ts"
import { deadLetterQuery } from "../../api/Queries.ts"
import { Action } from "../../parts/Action.tsx"
import { Id } from "../../parts/Id.tsx"
import { JsonTree } from "../../parts/JsonTree.tsx"
import { Moment } from "../../parts/Moment.tsx"
import { Notice, Settled } from "../../parts/Notice.tsx"
import { verbs } from "../../parts/Verbs.ts"
import { text } from "../../text/English.ts"
import { receiverOf } from "./Receiver.ts"

interface LetterProps {
  readonly number: string
  readonly onActed: () => void
}

export const Letter = ({ number, onActed }: LetterProps) => {
  const letter = useQuery(deadLetterQuery(number))
  return (
    <Settled query={letter} missing={<Notice title={text.letters.gone(number)} />}>
      {(found) => <Loaded letter={found} onActed={onActed} />}
    </Settled>
  )
}

const Loaded = ({ letter, onActed }: { readonly letter: DeadLetter; readonly onActed: () => void }) => {
  const { number, detail, original, messageId, reason, at, attempts } = letter
  return (
    <section className="panel stack">
      <h2>{text.letters.letter(number)}</h2>
      <dl className="facts">
        <dt>{text.letters.message}</dt>
        <dd>
          <Id id={messageId} />
        </dd>
        <dt>{text.letters.columns.receiver}</dt>
        <dd>
          <Id id={receiverOf(letter)} />
        </dd>
        <dt>{text.letters.columns.reason}</dt>
        <dd>{reason}</dd>
        <dt>{text.letters.columns.time}</dt>
        <dd>
          <Moment at={at} /> · {text.actor.attempts(attempts)}
        </dd>
      </dl>
      <p className="mono words">{detail}</p>
      <Original original={original} />
      <div className="row">
        <Action
          label={text.letters.redrive}
          effect={text.letters.redriveEffect}
          {...verbs.redrive(number)}
          onDone={onActed}
        />
        <Action
          label={text.letters.discard}
          effect={text.letters.discardEffect}
          {...verbs.discard(number)}
          onDone={onActed}
          isDanger
        />
      </div>
    </section>
  )
}

/** The message: JSON, unless it was malformed. */
const Original = ({ original }: { readonly original: string }) => {
  let value: Json | undefined
  try {
    value = JSON.parse(original) as Json
  } catch {
    value = undefined
  }
  return value === undefined ? <pre>{original}</pre> : <JsonTree value={value} />
}

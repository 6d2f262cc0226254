/** What stands in place of a list without actors: how the first command is sent. */
import { Link } from "@tanstack/react-router"
import type { TypeDocument } from "../../api/Documents.ts"
import { firstValue } from "../../parts/JsonSchemaForm.ts"
import { Notice } from "../../parts/Notice.tsx"
import { commandLine, curlLine } from "../../parts/Twin.tsx"
import { text } from "../../text/English.ts"

/** Id of the actor that the lines make. */
const FIRST_ID = "my-first"

export const FirstCommand = ({ type: given }: { readonly type: TypeDocument | undefined }) => {
  const type = given?.type ?? "type"
  const command = given?.commands[0]
  const name = command?.name ?? "Command"
  const schema = command?.payload ?? {}
  const payload = firstValue(schema, schema) ?? {}
  return (
    <Notice title={text.actors.none.title}>
      <p>{text.actors.none.detail}</p>
      <pre>{commandLine("actors", "ask", type, FIRST_ID, name, JSON.stringify(payload))}</pre>
      <pre>{curlLine("POST", ["actors", type, FIRST_ID, name], payload)}</pre>
      <Link to="/actors/$type/$id" params={{ type, id: FIRST_ID }} className="button">
        {text.actors.none.fromHere}
      </Link>
    </Notice>
  )
}

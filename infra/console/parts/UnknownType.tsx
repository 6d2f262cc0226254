/** In place of a page about a type that the service does not have. */
import { Link } from "@tanstack/react-router"
import { text } from "../text/English.ts"
import { Notice } from "./Notice.tsx"

export const UnknownType = ({ type }: { readonly type: string }) => (
  <Notice title={text.types.noSuch(type)}>
    <p>{text.types.noSuchDetail}</p>
    <Link to="/types" className="button">
      {text.types.all}
    </Link>
  </Notice>
)

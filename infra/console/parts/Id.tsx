/** An id in the monospaced family, with a button that copies it. */
import type { ReactNode } from "react"
import { CopyButton } from "./CopyButton.tsx"

export const Id = ({ id, children }: { readonly id: string; readonly children?: ReactNode }) => (
  <span className="id">
    {children ?? <span title={id}>{id}</span>}
    <CopyButton value={id} label={id} />
  </span>
)

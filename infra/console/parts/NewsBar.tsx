/** The head of a list: how many rows it has, what has come anew, and a button that asks again. */
import { text } from "../text/English.ts"
import type { ShownRows } from "./SteadyRows.ts"

interface NewsBarProps {
  /** How many rows are shown. */
  readonly count: string
  readonly news: Pick<ShownRows<unknown>, "newCount" | "goneCount" | "show">
  readonly refresh?: { readonly ask: () => void; readonly isBusy: boolean }
}

export const NewsBar = ({ count, news: { newCount, goneCount, show }, refresh }: NewsBarProps) => (
  <div className="row spread list-head">
    <span className="quiet" role="status">
      {count}
    </span>
    <span className="row">
      {newCount + goneCount > 0 && (
        <button type="button" className="news" onClick={show}>
          {text.list.news(newCount, goneCount)}
        </button>
      )}
      {refresh !== undefined && (
        <button
          type="button"
          disabled={refresh.isBusy}
          onClick={() => {
            refresh.ask()
            show()
          }}
        >
          {text.list.refresh}
        </button>
      )}
    </span>
  </div>
)

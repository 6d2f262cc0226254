/** The head of a list: how many rows it has, what has come anew, and a button that asks again. */
import { text } from "../text/English.ts"
import type { AnsweredList, ShownRows } from "./SteadyRows.ts"

interface NewsBarProps {
  /** How many rows are shown. */
  readonly count: string
  readonly news: Pick<ShownRows<unknown>, "newCount" | "goneCount" | "show">
  readonly list: Pick<AnsweredList<unknown>, "isAsking" | "onRefresh">
}

export const NewsBar = ({ count, news: { newCount, goneCount, show }, list }: NewsBarProps) => (
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
      <button
        type="button"
        disabled={list.isAsking}
        onClick={() => {
          list.onRefresh()
          show()
        }}
      >
        {text.list.refresh}
      </button>
    </span>
  </div>
)

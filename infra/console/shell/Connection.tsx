/** Says that the service does not answer, and how old the page is meanwhile. Owns the words; the watch: api/Connection.ts. */
import { useConnection } from "../api/Connection.ts"
import { Moment } from "../parts/Moment.tsx"
import { text } from "../text/English.ts"

export const ConnectionBar = () => {
  const { isLost, answeredAt } = useConnection()
  return (
    <div className={isLost ? "connection" : "visually-hidden"}>
      <span role="status">
        {isLost && (
          <strong>
            <span aria-hidden="true">▲</span> {text.shell.lost}
          </strong>
        )}
      </span>
      {isLost && answeredAt > 0 && (
        <span>
          {text.shell.asOf} <Moment at={answeredAt} />
        </span>
      )}
      {isLost && <span>{text.shell.asksAgain}</span>}
    </div>
  )
}

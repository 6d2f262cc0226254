/** Sign-in: a token becomes a session of the gateway. The token is sent once, in the body, and is not kept. */
import { useQueryClient } from "@tanstack/react-query"
import { type FormEvent, useState } from "react"
import { call, RequestFailed, urlOf } from "../api/Client.ts"
import { text } from "../text/English.ts"

export const SignIn = () => {
  const queries = useQueryClient()
  const [failure, setFailure] = useState<string>()
  const [isBusy, setBusy] = useState(false)
  const signIn = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    const token = new FormData(event.currentTarget).get("token")
    setBusy(true)
    try {
      await call(urlOf(["session"]), { method: "POST", body: { token } })
      await queries.invalidateQueries()
    } catch (cause) {
      const status = cause instanceof RequestFailed ? cause.status : 0
      setFailure(status === 401 || status === 403 ? text.signIn.refused : text.notice.unreachable.detail)
    }
    setBusy(false)
  }
  return (
    <main className="page">
      <form className="panel stack sign-in" onSubmit={(event) => void signIn(event)}>
        <h1>{text.signIn.title}</h1>
        <p className="quiet">{text.signIn.detail}</p>
        <label className="field">
          <span>{text.signIn.token}</span>
          <input name="token" type="password" autoComplete="current-password" required />
        </label>
        {failure !== undefined && (
          <p className="bad" role="alert">
            {failure}
          </p>
        )}
        <button type="submit" className="primary" disabled={isBusy}>
          {text.signIn.submit}
        </button>
      </form>
    </main>
  )
}

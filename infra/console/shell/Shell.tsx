/**
 * The frame of every page: navigation, search, theme, who is signed in.
 *
 * Owns the frame and its keys. Pages are below `pages/`; which address shows which page: Router.tsx.
 */
import { useQuery, useQueryClient } from "@tanstack/react-query"
import { Link, Outlet, useLocation } from "@tanstack/react-router"
import { useEffect, useState } from "react"
import { call, RequestFailed, urlOf } from "../api/Client.ts"
import { sessionQuery, typesQuery } from "../api/Queries.ts"
import { Acting } from "../parts/Acting.ts"
import { UndoNotices } from "../parts/Undo.tsx"
import { text } from "../text/English.ts"
import { ConnectionBar } from "./Connection.tsx"
import { Palette } from "./Palette.tsx"
import { PLACES } from "./Places.ts"
import { useRole } from "./Role.ts"
import { SignIn } from "./SignIn.tsx"
import { chooseTheme, useTheme } from "./Theme.ts"

const isSignedOut = (error: unknown): boolean => error instanceof RequestFailed && error.status === 401

export const Shell = () => {
  const [isSearching, setSearching] = useState(false)
  const [isOpen, setOpen] = useState(false)
  const { pathname } = useLocation()
  const session = useQuery(sessionQuery)
  const types = useQuery(typesQuery)
  const { isOperator } = useRole()

  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key.toLowerCase() !== "k" || !(event.ctrlKey || event.metaKey)) return
      event.preventDefault()
      setSearching(true)
    }
    addEventListener("keydown", onKey)
    return () => removeEventListener("keydown", onKey)
  }, [])
  // The menu of a narrow screen closes when it has done its work.
  // biome-ignore lint/correctness/useExhaustiveDependencies: the address is the reason
  useEffect(() => setOpen(false), [pathname])

  if (isSignedOut(session.error) || isSignedOut(types.error)) return <SignIn />
  return (
    <div className="shell">
      <a className="skip" href="#page">
        {text.shell.skip}
      </a>
      <aside className="rail" data-open={isOpen} aria-label={text.shell.navigation}>
        <Link to="/" className="brand">
          <img src="icon.svg" alt="" />
          {text.shell.name}
        </Link>
        <button
          type="button"
          className="menu-button"
          aria-expanded={isOpen}
          onClick={() => setOpen((open) => !open)}
        >
          {text.shell.menu}
        </button>
        <nav aria-label={text.shell.navigation}>
          {PLACES.map(({ to, label }) => (
            <Link key={to} to={to} activeOptions={{ exact: to === "/" }}>
              {label}
            </Link>
          ))}
        </nav>
        <div className="rail-end">
          <button type="button" onClick={() => setSearching(true)}>
            {text.shell.search} <kbd>Ctrl K</kbd>
          </button>
          <ThemeButton />
          <Person />
        </div>
      </aside>
      <main id="page" tabIndex={-1}>
        <ConnectionBar />
        <Acting value={isOperator}>
          <UndoNotices>
            <Outlet />
          </UndoNotices>
        </Acting>
      </main>
      {isSearching && <Palette onClose={() => setSearching(false)} />}
    </div>
  )
}

const ThemeButton = () => {
  const theme = useTheme()
  const other = theme === "dark" ? "light" : "dark"
  return (
    <button type="button" onClick={() => chooseTheme(other)}>
      {text.shell.theme[other]}
    </button>
  )
}

const Person = () => {
  const queries = useQueryClient()
  const { user, isOperator, hasSession } = useRole()
  if (!hasSession) return null
  const signOut = async () => {
    await call(urlOf(["session"]), { method: "DELETE" })
    await queries.invalidateQueries()
  }
  return (
    <div className="stack">
      <span className="quiet">
        {user} · {isOperator ? text.shell.operator : text.shell.viewer}
      </span>
      <button type="button" onClick={() => void signOut()}>
        {text.shell.signOut}
      </button>
    </div>
  )
}

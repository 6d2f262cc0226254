/**
 * The addresses of the console. Each view is an address: filters, selection and version are part of it.
 *
 * Owns the addresses, and what their parameters may be. Pages are loaded when they are first shown.
 */
import { createRootRoute, createRoute, createRouter, lazyRouteComponent } from "@tanstack/react-router"
import { consoleUrl } from "./api/Client.ts"
import { patiently } from "./api/Connection.ts"
import { Failure, Loading, Notice } from "./parts/Notice.tsx"
import { type Search, searchOf } from "./shell/Search.ts"
import { Shell } from "./shell/Shell.tsx"
import { text } from "./text/English.ts"

const root = createRootRoute({ component: Shell })
const route = <Path extends string>(path: Path, load: () => Promise<Record<string, unknown>>, name: string) =>
  createRoute({
    getParentRoute: () => root,
    path,
    component: lazyRouteComponent(() => patiently(load), name),
    validateSearch: (search: Record<string, unknown>): Search => searchOf(search),
  })

const routes = [
  route("/", () => import("./pages/Overview.tsx"), "Overview"),
  route("/types", () => import("./pages/TypeCharts.tsx"), "TypeCharts"),
  route("/types/$type", () => import("./pages/TypeCharts.tsx"), "TypeCharts"),
  route("/actors", () => import("./pages/Actors.tsx"), "Actors"),
  route("/actors/$type", () => import("./pages/Actors.tsx"), "Actors"),
  route("/actors/$type/$id", () => import("./pages/Actor.tsx"), "Actor"),
  route("/sagas", () => import("./pages/Sagas.tsx"), "Sagas"),
  route("/correlations", () => import("./pages/Correlation.tsx"), "Correlation"),
  route("/correlations/$id", () => import("./pages/Correlation.tsx"), "Correlation"),
  route("/dead-letters", () => import("./pages/DeadLetters.tsx"), "DeadLetters"),
  route("/projections", () => import("./pages/Followers.tsx"), "Followers"),
  route("/cluster", () => import("./pages/Cluster.tsx"), "Cluster"),
  route("/simulation", () => import("./pages/Simulation.tsx"), "Simulation"),
]

/** Parameters are plain text in the address: `?at=7`, not `?at=%227%22`. */
const parseSearch = (search: string): Record<string, string> =>
  Object.fromEntries(new URLSearchParams(search))

const stringifySearch = (search: Record<string, unknown>): string => {
  const given = new URLSearchParams(searchOf(search) as Record<string, string>).toString()
  return given === "" ? "" : `?${given}`
}

export const router = createRouter({
  routeTree: root.addChildren(routes),
  basepath: consoleUrl.pathname,
  parseSearch,
  stringifySearch,
  defaultPendingComponent: Loading,
  defaultErrorComponent: ({ error, reset }) => (
    <div className="page">
      <Failure error={error} retry={reset} />
    </div>
  ),
  defaultNotFoundComponent: () => (
    <div className="page">
      <Notice title={text.notice.noPage.title}>
        <p>{text.notice.noPage.detail}</p>
      </Notice>
    </div>
  ),
})

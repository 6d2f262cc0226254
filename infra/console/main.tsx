/** The console in a browser: styles, answers that are kept, addresses. */
import "./style/fonts.css"
import "./style/tokens.css"
import "./style/shell.css"
import "./style/parts.css"
import "./style/pages.css"
import { QueryClient, QueryClientProvider } from "@tanstack/react-query"
import { RouterProvider } from "@tanstack/react-router"
import { StrictMode } from "react"
import { createRoot } from "react-dom/client"
import { RequestFailed } from "./api/Client.ts"
import { router } from "./Router.tsx"
import { applyTheme } from "./shell/Theme.ts"

/** Attempts at a request that fails for a reason that passes. */
const ATTEMPTS_MAX = 2

const passes = (error: unknown): boolean =>
  !(error instanceof RequestFailed) || error.status === 0 || error.status === 429 || error.status >= 502

const queries = new QueryClient({
  defaultOptions: {
    // A browser without a network reaches a service on its own machine.
    queries: {
      retry: (count, error) => count < ATTEMPTS_MAX && passes(error),
      staleTime: 1_000,
      networkMode: "always",
    },
    mutations: { networkMode: "always" },
  },
})

applyTheme()
const root = document.querySelector("#console")
if (root === null) throw new Error("The page has no element for the console.")
createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={queries}>
      <RouterProvider router={router} />
    </QueryClientProvider>
  </StrictMode>,
)

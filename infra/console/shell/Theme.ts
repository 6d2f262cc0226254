/** Light and dark: the choice of the person, or that of the system. Kept in the browser. */
import { useSyncExternalStore } from "react"

export type Theme = "light" | "dark"

const KEY = "everstate.theme"
const systemIsDark = matchMedia("(prefers-color-scheme: dark)")
const listeners = new Set<() => void>()

const chosen = (): Theme | undefined => {
  const kept = localStorage.getItem(KEY)
  return kept === "light" || kept === "dark" ? kept : undefined
}

const current = (): Theme => chosen() ?? (systemIsDark.matches ? "dark" : "light")

/** Puts the theme on the page, and on all charts and plots that listen. */
export const applyTheme = (): void => {
  document.documentElement.dataset["theme"] = current()
  for (const listener of listeners) listener()
}

systemIsDark.addEventListener("change", applyTheme)

export const chooseTheme = (theme: Theme): void => {
  localStorage.setItem(KEY, theme)
  applyTheme()
}

export const useTheme = (): Theme =>
  useSyncExternalStore((listener) => {
    listeners.add(listener)
    return () => listeners.delete(listener)
  }, current)
